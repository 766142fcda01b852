// Jobs as definitions: who is there, and the statements that write a plan. A deleted job keeps its row.
// Changes of one namespace's definitions stand in line behind its row, so a plan cannot be overtaken by another.

import { handlerKey, type HandlerKind, type JobSpec } from '@tidewheel/protocol';
import { canonicalJson } from '../core/canonical-json.ts';
import type { StoredJob, StoredSchedule } from '../core/definition-plan.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';

/** Makes the namespace when it is new, and waits for whoever else changes its definitions. */
export async function namespaceLock(tx: Tx, namespace: string): Promise<void> {
  await tx.query('insert into namespace (name, created_at) values ($1, now_ms()) on conflict (name) do nothing', [
    namespace,
  ]);
  await tx.query(`select name from namespace where name = $1${tx.dialect.forUpdate}`, [namespace]);
}

export async function storeNow(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ now: number }>('select now_ms() as now');
  if (row === undefined) throw new Error('the store has no clock');
  return row.now;
}

/** The living job of that name, null when there is none. */
export async function jobIdNamed(tx: Tx, namespace: string, name: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    'select id from job where namespace = $1 and name = $2 and deleted_at is null',
    [namespace, name],
  );
  return row?.id ?? null;
}

interface JobRow {
  id: string;
  name: string;
  version: number;
  source: string;
  spec: string;
}

const jobColumns = 'j.id, j.name, j.version, j.source, v.spec';

/** Jobs of these names and, with `pruneSource`, all that were applied under that source; without their schedules. */
export async function jobsStored(
  tx: Tx,
  namespace: string,
  names: readonly string[],
  pruneSource: string | null,
): Promise<Omit<StoredJob, 'schedules'>[]> {
  const named = await tx.query<JobRow>(
    `select ${jobColumns} from ${tx.dialect.rows('$2', 'x', { name: 'text' })}
     join job j on j.namespace = $1 and j.name = x.name and j.deleted_at is null
     join job_version v on v.id = j.version_id order by j.name`,
    [namespace, JSON.stringify([...new Set(names)].map((name) => ({ name })))],
  );
  const pruned =
    pruneSource === null
      ? []
      : await tx.query<JobRow>(
          `select ${jobColumns} from job j join job_version v on v.id = j.version_id
           where j.namespace = $1 and j.source = $2 and j.deleted_at is null order by j.name`,
          [namespace, pruneSource],
        );
  const rows = new Map([...named, ...pruned].map((row) => [row.id, row]));
  return [...rows.values()].map((row) => ({ ...row, spec: JSON.parse(row.spec) as JobSpec }));
}

export function withSchedules(
  jobs: readonly Omit<StoredJob, 'schedules'>[],
  schedules: readonly StoredSchedule[],
): StoredJob[] {
  const byJob = Map.groupBy(schedules, (schedule) => schedule.jobId);
  return jobs.map((job) => ({ ...job, schedules: byJob.get(job.id) ?? [] }));
}

/** All that decides which workers may run a job. */
interface LaneKey {
  queue: string;
  handler: string;
  /** JSON with sorted keys: equal selectors must have equal text. */
  selector: string;
}

export function laneKeyOf(spec: JobSpec): LaneKey {
  return { queue: spec.queue, handler: handlerKey(spec), selector: canonicalJson(spec.selector) };
}

const laneText = (lane: LaneKey) => canonicalJson([lane.queue, lane.handler, lane.selector]);

/** Makes the lanes that do not exist; answers the lane id of each job. */
export async function lanesEnsure(
  tx: Tx,
  identity: Pick<Identity, 'next'>,
  namespace: string,
  specs: readonly JobSpec[],
): Promise<(spec: JobSpec) => string> {
  const wanted = new Map(specs.map((spec) => laneKeyOf(spec)).map((lane) => [laneText(lane), lane]));
  // In one order everywhere, so that two masters never wait for each other's lanes.
  const lanes = [...wanted.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, lane]) => lane);
  const columns = { queue: 'text', handler: 'text', selector: 'text' } as const;
  await tx.query(
    `insert into lane (id, namespace, queue, handler, selector)
     select x.id, $2, x.queue, x.handler, x.selector from ${tx.dialect.rows('$1', 'x', { id: 'uuid', ...columns })} where true
     on conflict (namespace, queue, handler, selector) do nothing`,
    [JSON.stringify(lanes.map((lane) => ({ id: identity.next(), ...lane }))), namespace],
  );
  const found = await tx.query<LaneKey & { id: string }>(
    `select l.id, l.queue, l.handler, l.selector from ${tx.dialect.rows('$1', 'x', columns)}
     join lane l on l.namespace = $2 and l.queue = x.queue and l.handler = x.handler and l.selector = x.selector`,
    [JSON.stringify(lanes), namespace],
  );
  const ids = new Map(found.map((lane) => [laneText(lane), lane.id]));
  return (spec) => {
    const id = ids.get(laneText(laneKeyOf(spec)));
    if (id === undefined) throw new Error(`the lane of ${spec.name} vanished within a transaction`);
    return id;
  };
}

export interface NewJobVersion {
  id: string;
  jobId: string;
  version: number;
  laneId: string;
  spec: JobSpec;
}

export async function jobVersionsInsert(tx: Tx, actor: string, versions: readonly NewJobVersion[]): Promise<void> {
  if (versions.length === 0) return;
  const rows = versions.map(({ id, jobId, version, laneId, spec }) => ({
    id,
    job_id: jobId,
    version,
    lane_id: laneId,
    kind: kindOf(spec),
    spec: canonicalJson(spec),
  }));
  await tx.query(
    `insert into job_version (id, job_id, version, lane_id, kind, spec, created_by, created_at)
     select x.id, x.job_id, x.version, x.lane_id, x.kind, x.spec, $2, now_ms()
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', job_id: 'uuid', version: 'int', lane_id: 'uuid', kind: 'text', spec: 'text' })}`,
    [JSON.stringify(rows), actor],
  );
}

export function kindOf(spec: Pick<JobSpec, 'task' | 'shell' | 'http'>): HandlerKind {
  if (spec.task !== undefined) return 'task';
  return spec.shell === undefined ? 'http' : 'shell';
}

export interface JobWrite {
  id: string;
  name: string;
  version: number;
  /** Null leaves the job version in force. */
  versionId: string | null;
  enabled: boolean;
  source: string;
}

const writeColumns = {
  id: 'uuid',
  name: 'text',
  version: 'int',
  version_id: 'uuid',
  enabled: 'int',
  source: 'text',
} as const;

const writeRow = (job: JobWrite) => ({ ...job, version_id: job.versionId, enabled: job.enabled ? 1 : 0 });

export async function jobsInsert(tx: Tx, namespace: string, jobs: readonly JobWrite[]): Promise<void> {
  if (jobs.length === 0) return;
  await tx.query(
    `insert into job (id, namespace, name, version, version_id, enabled, source, created_at, updated_at)
     select x.id, $2, x.name, x.version, x.version_id, x.enabled, x.source, now_ms(), now_ms()
     from ${tx.dialect.rows('$1', 'x', writeColumns)}`,
    [JSON.stringify(jobs.map(writeRow)), namespace],
  );
}

export async function jobsUpdate(tx: Tx, jobs: readonly JobWrite[]): Promise<void> {
  if (jobs.length === 0) return;
  await tx.query(
    `update job set version = x.version, version_id = coalesce(x.version_id, job.version_id), enabled = x.enabled,
       source = x.source, updated_at = now_ms()
     from ${tx.dialect.rows('$1', 'x', writeColumns)} where job.id = x.id`,
    [JSON.stringify(jobs.map(writeRow))],
  );
}

export async function jobsDelete(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update job set version = job.version + 1, updated_at = now_ms(), deleted_at = now_ms()
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} where job.id = x.id`,
    [JSON.stringify(ids.map((id) => ({ id })))],
  );
}
