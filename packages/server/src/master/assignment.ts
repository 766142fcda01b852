// The message that hands a claimed run to its worker. Pure: built from the claim and the job's definition.

import type { Assign, JobSpec } from '@tidewheel/protocol';
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
  };
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
