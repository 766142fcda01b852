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
  keyColumns,
  type NewRun,
  returningRuns,
  runColumns,
  runRow,
  type SubmittedRun,
  submittedOf,
  withStates,
} from './runs-submit.ts';

const jobColumns = { job_id: 'uuid', job_version_id: 'uuid' } as const;

/**
 * True of a row `j` whose job has another current version, is disabled, deleted or gone. Here and in `takesOffer` only the key stands in the
 * condition: a plan that was made while there were few rows might else go through another index.
 */
const changed = `not coalesce((select job.version_id = j.job_version_id and job.enabled = 1 and job.deleted_at is null
  from job where job.id = j.job_id), false)`;
/** True of a row `k` whose key is held by somebody, or was. */
const held = found('from idempotency i where i.namespace = k.namespace and i.key = k.key');

/**
 * All of the runs with their keys, or null and nothing. Rejects with ConstraintViolated, likewise with nothing written, when somebody
 * else takes a key at the same time.
 */
export function runsInsertFresh(
  db: Database,
  runs: readonly NewRun[],
  claims: readonly IdempotencyClaim[],
  keyTtlMs: number,
): Promise<SubmittedRun[] | null> {
  const jobs = new Map(runs.map((run) => [run.jobVersionId, { job_id: run.jobId, job_version_id: run.jobVersionId }]));
  const rows = {
    runs: JSON.stringify(runs.map(runRow)),
    jobs: JSON.stringify([...jobs.values()]),
    keys: JSON.stringify(
      claims.map(({ namespace, key, runId, fingerprint }) => ({ namespace, key, run_id: runId, fingerprint })),
    ),
  };
  return db.dialect.engine === 'postgres'
    ? inOneStatement(db, rows, keyTtlMs)
    : db.transaction((tx) => stepByStep(tx, rows, keyTtlMs));
}

/** Of each a JSON array. */
interface Rows {
  readonly runs: string;
  readonly jobs: string;
  readonly keys: string;
}

async function inOneStatement(
  db: Database,
  { runs, jobs, keys }: Rows,
  keyTtlMs: number,
): Promise<SubmittedRun[] | null> {
  const { dialect } = db;
  const inserted = await db.query<InsertedRow>(
    `with k as materialized (select * from ${dialect.rows('$3', 'k', keyColumns)}),
       usual as materialized (select 1 where not exists (select 1 from ${dialect.rows('$2', 'j', jobColumns)} where ${changed})
         and not exists (select 1 from k where ${held})),
       ${withStates(dialect.rows('$1', 'x', runColumns))},
       taken as (insert into idempotency (namespace, key, run_id, fingerprint, expires_at)
         select k.namespace, k.key, k.run_id, k.fingerprint, now_ms() + $4 from k, usual order by k.namespace, k.key)
     ${intoRun} ${asRuns} from y, usual ${returningRuns}`,
    [runs, jobs, keys, keyTtlMs],
    { kept: true },
  );
  return inserted.length === 0 ? null : submittedOf(inserted);
}

/** Where a statement cannot write two tables. */
async function stepByStep(tx: Tx, { runs, jobs, keys }: Rows, keyTtlMs: number): Promise<SubmittedRun[] | null> {
  const k = tx.dialect.rows('$1', 'k', keyColumns);
  const [other] = await tx.query(`select 1 from ${tx.dialect.rows('$1', 'j', jobColumns)} where ${changed} limit 1`, [
    jobs,
  ]);
  if (other !== undefined) return null;
  const [taken] = await tx.query(`select 1 from ${k} where ${held} limit 1`, [keys]);
  if (taken !== undefined) return null;
  await tx.query(
    `insert into idempotency (namespace, key, run_id, fingerprint, expires_at)
     select k.namespace, k.key, k.run_id, k.fingerprint, now_ms() + $2 from ${k}`,
    [keys, keyTtlMs],
  );
  return submittedOf(
    await tx.query<InsertedRow>(
      `${intoRun} with ${withStates(tx.dialect.rows('$1', 'x', runColumns))} ${asRuns} from y ${returningRuns}`,
      [runs],
    ),
  );
}
