// What users of the SDK import: tasks and schedules, the client, the worker; and the worker's protocol core for the simulator.

export { WorkerSession, type SessionState, type WorkerSessionDeps } from './worker/session.ts';
export type { AttemptResult } from './worker/attempts.ts';
export type * from './worker/session-ports.ts';
