// The messages that hand a claimed run to its worker, and that take it back. Pure: built from the claim and the job's definition.

import type { Assign, CancelMessage, JobSpec } from '@tidewheel/protocol';
import type { JobVersion } from '../store/definition-cache.ts';
import type { ClaimedRun } from '../store/runs-claim.ts';

export function assignOf(run: ClaimedRun, version: JobVersion, schedule: string | null): Assign {
  const { spec } = version;
  return {
    type: 'assign',
    runId: run.id,
    attemptId: run.attemptId,
    attempt: run.attempt,
    attemptsMax: spec.retry.attempts,
    namespace: run.namespace,
    job: version.job,
    jobVersion: version.version,
    handler: handlerOf(spec),
    payload: run.payload,
    runTimeoutMs: spec.timeout.run ?? null,
    heartbeatTimeoutMs: spec.timeout.heartbeat ?? null,
    killGraceMs: spec.timeout.kill,
    schedule,
    fireAt: run.fireAt,
    ...(run.fireAt === null ? {} : { previousFireAt: run.previousFireAt, nextFireAt: run.nextFireAt }),
  };
}

/** `graceMs`: null for what the job says. */
export function cancelOf(attemptId: string, reason: string, graceMs: number | null): CancelMessage {
  return { type: 'cancel', attemptId, reason, ...(graceMs === null ? {} : { graceMs }) };
}

function handlerOf(spec: JobSpec): Assign['handler'] {
  if (spec.task !== undefined) return { kind: 'task', task: spec.task };
  if (spec.shell !== undefined) {
    const { argv, script, interpreter, env, cwd } = spec.shell;
    return {
      kind: 'shell',
      interpreter,
      env,
      ...(argv === undefined ? {} : { argv }),
      ...(script === undefined ? {} : { script }),
      ...(cwd === undefined ? {} : { cwd }),
    };
  }
  if (spec.http !== undefined) {
    const { url, method, headers, body, expect } = spec.http;
    return { kind: 'http', url, method, headers, expect, ...(body === undefined ? {} : { body }) };
  }
  throw new Error('a job without handler cannot be stored');
}
