// What a program is told: a clean environment, never the worker's own with its tokens, and the facts of its attempt.

import type { Assign } from '@tidewheel/protocol';

export const shellLimits = {
  /** A larger payload stands on stdin only: one environment variable may hold 128 KiB on Linux. */
  payloadVariableBytes: 32 * 1024,
  /** After the program has ended, for output that is still under way. */
  pipeWaitMs: 1000,
  /** While stopping: how often it is looked who is left. */
  treePollMs: 100,
  killPollMs: 50,
  killRounds: 20,
} as const;

/** Taken over from the worker when it has them. */
const inherited = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR'];

export function environmentOf(
  assign: Assign,
  own: Readonly<Record<string, string>>,
  worker: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = { PATH: '/usr/local/bin:/usr/bin:/bin' };
  for (const name of inherited) {
    const value = worker[name];
    if (value !== undefined) environment[name] = value;
  }
  const { payload } = assign;
  const small = payload !== null && Buffer.byteLength(payload) <= shellLimits.payloadVariableBytes;
  return {
    ...environment,
    ...own,
    TIDEWHEEL_RUN_ID: assign.runId,
    TIDEWHEEL_ATTEMPT: String(assign.attempt),
    TIDEWHEEL_ATTEMPT_ID: assign.attemptId,
    TIDEWHEEL_FENCE: assign.attemptId,
    TIDEWHEEL_NAMESPACE: assign.namespace,
    TIDEWHEEL_JOB: assign.job,
    ...(assign.schedule === null ? {} : { TIDEWHEEL_SCHEDULE: assign.schedule }),
    ...timeVariable('TIDEWHEEL_FIRE_AT', assign.fireAt),
    ...timeVariable('TIDEWHEEL_PREVIOUS_FIRE_AT', assign.previousFireAt),
    ...timeVariable('TIDEWHEEL_NEXT_FIRE_AT', assign.nextFireAt),
    ...(small ? { TIDEWHEEL_PAYLOAD: payload } : {}),
  };
}

/** How descendants are known again that left the process group. */
export function attemptMarker(attemptId: string): string {
  return `TIDEWHEEL_ATTEMPT_ID=${attemptId}`;
}

function timeVariable(name: string, at: number | null | undefined): Record<string, string> {
  return at === null || at === undefined ? {} : { [name]: new Date(at).toISOString() };
}
