// Legal holds, and the rules for how long a namespace or a job keeps its finished runs.

import type { HoldView, Keep, Outcome, Retention, RetentionView } from '@tidewheel/protocol';
import { limits, outcomes } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';
import { wholeNamespace } from './retention.ts';

export interface NewHold {
  id: string;
  namespace: string;
  jobId: string | null;
  runId: string | null;
  reason: string;
  by: string;
}

export type HoldPlaced = 'placed' | 'too-many';

/** Only when the retention row is held: what is being removed is gone before, or stays. */
export async function holdPlace(tx: Tx, hold: NewHold): Promise<HoldPlaced> {
  const [row] = await tx.query<{ n: number }>('select count(*) as n from hold where namespace = $1', [hold.namespace]);
  if ((row?.n ?? 0) >= limits.holdsPerNamespace) return 'too-many';
  await tx.query(
    `insert into hold (id, namespace, job_id, run_id, reason, placed_by, placed_at) values ($1, $2, $3, $4, $5, $6, now_ms())`,
    [hold.id, hold.namespace, hold.jobId, hold.runId, hold.reason, hold.by],
  );
  return 'placed';
}

/** Null: there is none. */
export async function holdRelease(tx: Tx, namespace: string, id: string): Promise<HoldView | null> {
  const hold = await holdView(tx, namespace, id);
  if (hold !== null) await tx.query('delete from hold where id = $1', [id]);
  return hold;
}

interface HoldRow {
  id: string;
  job_id: string | null;
  job: string | null;
  run_id: string | null;
  reason: string;
  placed_by: string;
  placed_at: number;
}
const holdSelect = `select h.id, h.job_id, j.name as job, h.run_id, h.reason, h.placed_by, h.placed_at
  from hold h left join job j on j.id = h.job_id where h.namespace = $1`;

function viewOf(row: HoldRow): HoldView {
  return {
    id: row.id,
    what: row.run_id !== null ? 'run' : row.job_id !== null ? 'job' : 'namespace',
    job: row.job,
    run: row.run_id,
    reason: row.reason,
    placedBy: row.placed_by,
    placedAt: row.placed_at,
  };
}

export async function holdView(tx: Tx, namespace: string, id: string): Promise<HoldView | null> {
  const [row] = await tx.query<HoldRow>(`${holdSelect} and h.id = $2`, [namespace, id]);
  return row === undefined ? null : viewOf(row);
}

/** Oldest first. */
export async function holdsPage(
  tx: Tx,
  namespace: string,
  after: string | null,
  limit: number,
): Promise<Slice<HoldView, string>> {
  const rows = await tx.query<HoldRow>(`${holdSelect} and h.id > $2 order by h.id limit $3`, [
    namespace,
    after ?? wholeNamespace,
    limit + 1,
  ]);
  const { items, next } = cutPage(rows, limit, (row) => row.id);
  return { items: items.map(viewOf), next };
}

/** Whether the namespace has this run, finished or not. */
export async function runExists(tx: Tx, namespace: string, id: string): Promise<boolean> {
  const rows = await tx.query(
    `select 1 as one from run where id = $1 and namespace = $2
     union all select 1 from run_archive where id = $1 and namespace = $2`,
    [id, namespace],
  );
  return rows.length > 0;
}

export interface RuleWrite {
  namespace: string;
  /** `wholeNamespace` for the namespace's own. */
  jobId: string;
  /** Undefined: no rules of its own. */
  keep: Retention | undefined;
}

/** What is written takes the place of what was there. */
export async function rulesPut(tx: Tx, writes: readonly RuleWrite[]): Promise<void> {
  if (writes.length === 0) return;
  const batch = JSON.stringify(writes.map(({ namespace, jobId }) => ({ namespace, job_id: jobId })));
  await tx.query(
    `delete from retention_rule where (namespace, job_id) in
       (select x.namespace, x.job_id from ${tx.dialect.rows('$1', 'x', { namespace: 'text', job_id: 'uuid' })})`,
    [batch],
  );
  const rows = writes.flatMap(({ namespace, jobId, keep = {} }) =>
    outcomes.flatMap((outcome) => {
      const ms = keep[outcome];
      return ms === undefined ? [] : [{ namespace, job_id: jobId, outcome, keep_ms: ms }];
    }),
  );
  if (rows.length === 0) return;
  const columns = { namespace: 'text', job_id: 'uuid', outcome: 'text', keep_ms: 'bigint' } as const;
  await tx.query(
    `insert into retention_rule (namespace, job_id, outcome, keep_ms)
     select x.namespace, x.job_id, x.outcome, x.keep_ms from ${tx.dialect.rows('$1', 'x', columns)}`,
    [JSON.stringify(rows)],
  );
}

export async function retentionView(tx: Tx, namespace: string, defaults: Keep): Promise<RetentionView> {
  const rows = await tx.query<{ job_id: string; job: string | null; outcome: Outcome; keep_ms: number }>(
    `select k.job_id, j.name as job, k.outcome, k.keep_ms from retention_rule k left join job j on j.id = k.job_id
     where k.namespace = $1 and (j.id is null or j.deleted_at is null) order by j.name, k.job_id limit $2`,
    [namespace, limits.retentionJobsShown * outcomes.length],
  );
  const [held] = await tx.query<{ n: number }>('select count(*) as n from hold where namespace = $1', [namespace]);
  const keepOf = (of: typeof rows): Partial<Keep> =>
    Object.fromEntries(of.map(({ outcome, keep_ms: keepMs }) => [outcome, keepMs]));
  const jobs = Map.groupBy(
    rows.filter(({ job_id: id }) => id !== wholeNamespace),
    ({ job_id: id }) => id,
  );
  return {
    default: defaults,
    namespace: keepOf(rows.filter(({ job_id: id }) => id === wholeNamespace)),
    jobs: [...jobs.values()].map((of) => ({ job: of[0]?.job ?? '', keep: keepOf(of) })),
    holds: held?.n ?? 0,
  };
}
