// Rows for tests of the store: a job with its lane, a session. Test code only.

import {
  jobDefinitionSchema,
  scheduleDefinitionSchema,
  type Hello,
  type JobInput,
  type ScheduleInput,
} from '@tidewheel/protocol';
import type { Database } from '../../ports/database.ts';
import { sessionRegister } from '../sessions.ts';
import type { NewRun } from '../runs-submit.ts';

let counter = 0;

/** A UUID that grows; good enough as a name in tests. */
export function seedId(): string {
  counter += 1;
  return `01900000-0000-7000-8000-${counter.toString(16).padStart(12, '0')}`;
}

export interface SeededJob {
  namespace: string;
  name: string;
  jobId: string;
  versionId: string;
  laneId: string;
}

export async function seedJob(db: Database, input: Partial<JobInput> = {}): Promise<SeededJob> {
  const { schedules: _, ...spec } = jobDefinitionSchema.parse({ name: `job-${seedId()}`, task: 'noop', ...input });
  const job = { namespace: 'default', name: spec.name, jobId: seedId(), versionId: seedId(), laneId: seedId() };
  await db.transaction(async (tx) => {
    await tx.query(`insert into namespace (name, created_at) values ('default', now_ms()) on conflict do nothing`);
    await tx.query(
      `insert into lane (id, namespace, queue, handler, selector) values ($1, 'default', $2, 'task:noop', $3)`,
      [job.laneId, `queue-${job.laneId}`, '{}'],
    );
    await tx.query(
      `insert into job (id, namespace, name, version, version_id, enabled, source, created_at, updated_at)
       values ($1, 'default', $2, 1, $3, 1, 'test', now_ms(), now_ms())`,
      [job.jobId, job.name, job.versionId],
    );
    await tx.query(
      `insert into job_version (id, job_id, version, lane_id, kind, spec, created_by, created_at)
       values ($1, $2, 1, $3, 'task', $4, 'test', now_ms())`,
      [job.versionId, job.jobId, job.laneId, JSON.stringify(spec)],
    );
  });
  return job;
}

/** A schedule whose nominal times began `agoMs` ago and are all undecided. */
export async function seedSchedule(
  db: Database,
  job: SeededJob,
  input: Omit<ScheduleInput, 'name'>,
  agoMs: number,
): Promise<string> {
  const id = seedId();
  const spec = scheduleDefinitionSchema.parse({ name: `schedule-${id}`, ...input });
  await db.query(
    `insert into schedule (id, namespace, job_id, name, version, spec, state, cursor, next_fire_at, anchor_at, created_at, updated_at)
     select $1, 'default', $2, $3, 1, $4, 'enabled', t.at, t.at + 1000, t.at, t.at, t.at from (select now_ms() - $5 as at) t`,
    [id, job.jobId, spec.name, JSON.stringify(spec), agoMs],
  );
  return id;
}

export async function seedSession(
  db: Database,
  masterId: string,
  ttlMs = 60_000,
  changes: Partial<Hello> = {},
): Promise<string> {
  const incarnation = seedId();
  const hello: Hello = {
    type: 'hello',
    incarnation,
    worker: `worker-${incarnation}`,
    version: '1',
    slots: 10,
    queues: ['default'],
    handlers: ['task:noop'],
    labels: {},
    host: 'here',
    pid: 1,
    holding: [],
    resume: false,
    ...changes,
  };
  await sessionRegister(db, hello, { masterId, namespace: 'default', ttlMs });
  return hello.incarnation;
}

export function newRun(job: SeededJob, changes: Partial<NewRun> = {}): NewRun {
  return {
    id: seedId(),
    namespace: job.namespace,
    jobId: job.jobId,
    jobVersionId: job.versionId,
    laneId: job.laneId,
    priority: 0,
    delayMs: 0,
    trigger: 'api',
    scheduleId: null,
    retryOf: null,
    payload: null,
    startTimeoutMs: null,
    offer: null,
    ...changes,
  };
}

export async function stateOf(db: Database, runId: string): Promise<string | null> {
  const rows = await db.query<{ state: string }>('select state from any_run where id = $1', [runId]);
  return rows[0]?.state ?? null;
}
