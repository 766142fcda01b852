// The usual way of new runs: their jobs are as they are remembered, their keys were never used. Then nothing has to be read before it
// is written, and on PostgreSQL all of it is one statement that commits by itself: one round trip instead of six. Whatever is not so
// writes nothing, and takes the long way (runs-submit.ts).
//
// Measured with PostgreSQL on the same machine, one run a request: see docs/decisions/run-statements.md.

import type { Database, Tx } from '../ports/database.ts';
import {
  asRuns,
  found,
  type IdempotencyClaim,
  type InsertedRow,
  intoRun,
  type NewRun,
  returningRuns,
  runColumns,
  runRow,
  type SubmittedRun,
  submittedOf,
  withStates,
} from './runs-submit.ts';

export interface FreshRun {
  readonly run: NewRun;
  readonly claim: Pick<IdempotencyClaim, 'key' | 'fingerprint'> | null;
}

const columns = { ...runColumns, key: 'text', fingerprint: 'text' } as const;

/** True of a row `x` whose job has another current version, is disabled or deleted, or whose key is held by somebody. */
const unusual = `(not ${found('from job j where j.id = x.job_id and j.version_id = x.job_version_id and j.enabled = 1 and j.deleted_at is null')}
  or ${found('from idempotency i where i.namespace = x.namespace and i.key = x.key')})`;

/**
 * All of the runs with their keys, or null and nothing. Rejects with ConstraintViolated, likewise with nothing written, when somebody
 * else takes a key at the same time.
 */
export function runsInsertFresh(
  db: Database,
  runs: readonly FreshRun[],
  keyTtlMs: number,
): Promise<SubmittedRun[] | null> {
  const rows = runs.map(({ run, claim }) => ({
    ...runRow(run),
    key: claim?.key,
    fingerprint: claim?.fingerprint,
  }));
  const text = JSON.stringify(rows);
  return db.dialect.engine === 'postgres'
    ? inOneStatement(db, text, keyTtlMs)
    : db.transaction((tx) => stepByStep(tx, text, keyTtlMs));
}

async function inOneStatement(db: Database, rows: string, keyTtlMs: number): Promise<SubmittedRun[] | null> {
  const inserted = await db.query<InsertedRow>(
    `with x as materialized (select * from ${db.dialect.rows('$1', 'x', columns)}),
       usual as materialized (select 1 where not exists (select 1 from x where ${unusual})),
       ${withStates('x')},
       taken as (insert into idempotency (namespace, key, run_id, fingerprint, expires_at)
         select y.namespace, y.key, y.id, y.fingerprint, y.now + $2 from y, usual where y.key is not null order by y.namespace, y.key)
     ${intoRun} ${asRuns} from y, usual ${returningRuns}`,
    [rows, keyTtlMs],
  );
  return inserted.length === 0 ? null : submittedOf(inserted);
}

/** Where a statement cannot write two tables. */
async function stepByStep(tx: Tx, rows: string, keyTtlMs: number): Promise<SubmittedRun[] | null> {
  const x = tx.dialect.rows('$1', 'x', columns);
  const [odd] = await tx.query(`select 1 from ${x} where ${unusual} limit 1`, [rows]);
  if (odd !== undefined) return null;
  await tx.query(
    `insert into idempotency (namespace, key, run_id, fingerprint, expires_at)
     select x.namespace, x.key, x.id, x.fingerprint, now_ms() + $2 from ${x} where x.key is not null`,
    [rows, keyTtlMs],
  );
  return submittedOf(
    await tx.query<InsertedRow>(`${intoRun} with ${withStates(x)} ${asRuns} from y ${returningRuns}`, [rows]),
  );
}
