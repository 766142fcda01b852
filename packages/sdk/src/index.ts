// What users of the SDK import: tasks and schedules, the client, the worker; and the worker's protocol core for the simulator.

export { isTask, task } from './task.ts';
export type { RunContext, Task, TaskArguments, TaskInput, TaskLog, TaskOutput, TaskSettings } from './task.ts';
export { calendar, isCalendar, type Calendar, type CalendarOptions } from './calendar.ts';
export { isSchedule, schedule, type Schedule, type ScheduleOptions } from './schedule.ts';

export { createClient, type ClientOptions } from './node/create-client.ts';
export type { BatchItem, Client, InputArguments, TriggerOptions } from './client/client.ts';
export { RunFailed, type RunHandle, type WaitOptions } from './client/run-handle.ts';
export type { CancelAnswer, FollowedLog, FollowLogs, RunFilter } from './client/runs-api.ts';
export type { IfVersion, JobFilter, ScheduleFilter } from './client/definitions-api.ts';
export type { BackfillFilter, CalendarFilter } from './client/calendars-api.ts';
export type { HeldLock } from './client/held-lock.ts';
export type { PoolFilter } from './client/pools-api.ts';
export type { LockFilter, LockOptions } from './client/locks-api.ts';
export type { FireAuditOptions, NewToken } from './client/operations-api.ts';
export type { Listing, PageOptions } from './client/listing.ts';
/** Every refusal of a master, with its code of the catalogue. */
export { Refusal } from '@tidewheel/protocol';

export { worker, type Worker, type WorkerOptions } from './node/worker.ts';
export type { BuiltInExecutor } from './node/worker-settings.ts';
export { superviseWorker, type SuperviseOptions } from './node/supervision/worker-supervisor.ts';
export { lifelineFd, notesFd } from './node/supervision/supervised-process.ts';

export { WorkerSession, type SessionState, type WorkerSessionDeps } from './worker/session.ts';
export type { AttemptResult } from './worker/attempts.ts';
export type * from './worker/session-ports.ts';
