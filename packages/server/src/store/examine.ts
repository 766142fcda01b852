// Whether the rows of a store hang together, asked of one that was restored into a scratch instance: what a backup is worth.

import type { SelfCheckName } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { selfCheckAsk } from './self-check.ts';
import { type TableShape, tablesOf } from './tables.ts';

/** What the self-check asks of rows alone; the other questions are about a cluster that works. */
const ofRows: readonly SelfCheckName[] = ['schedule-misplaced', 'run-without-session', 'run-without-lane'];

/** Runs that ended within it are not forgotten yet. */
const retainedMs = 3_600_000;

/** Each gives the subjects of its findings, at most `$1`. */
const questions: Readonly<Record<string, string>> = {
  'run-finished-and-not': 'select r.id as subject from run r join run_archive a on a.id = r.id limit $1',
  'fire-without-run': `select f.run_id as subject from fire f where f.outcome = 'fired'
      and not exists (select 1 from run r where r.id = f.run_id)
      and not exists (select 1 from run_archive a where a.id = f.run_id)
      and f.decided_at > now_ms() - ${retainedMs} limit $1`,
  'run-without-job':
    'select r.id as subject from run r where not exists (select 1 from job j where j.id = r.job_id) limit $1',
  'job-without-version':
    'select j.id as subject from job j where not exists (select 1 from job_version v where v.id = j.version_id) limit $1',
  'schedule-without-version': `select s.id as subject from schedule s
      where not exists (select 1 from schedule_version v where v.schedule_id = s.id and v.version = s.version) limit $1`,
};

export interface Examined {
  /** Rows of each table. */
  readonly rows: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

export async function storeExamine(tx: Tx): Promise<Examined> {
  const findings: string[] = [];
  if (tx.dialect.engine === 'sqlite')
    for (const { integrity_check: told } of await tx.query<{ integrity_check: string }>('pragma integrity_check(10)'))
      if (told !== 'ok') findings.push(`integrity: ${told}`);
  const rows: Record<string, number> = {};
  for (const shape of await tablesOf(tx)) rows[shape.name] = await readAll(tx, shape);
  for (const [check, subjects] of await selfCheckAsk(tx, serverLimits.selfCheckFindings))
    if (ofRows.includes(check) && subjects.length > 0) findings.push(`${check}: ${subjects.slice(0, 3).join(' ')}`);
  for (const [check, sql] of Object.entries(questions)) {
    const found = await tx.query<{ subject: string }>(sql, [serverLimits.selfCheckFindings]);
    if (found.length > 0) findings.push(`${check}: ${found.length}, ${found[0]?.subject}`);
  }
  return { rows, findings };
}

/** Every value of every row is fetched, so that a page that cannot be read is found. */
async function readAll(tx: Tx, { name, columns }: TableShape): Promise<number> {
  const lengths = Object.keys(columns).map((column) => `coalesce(length(cast("${column}" as text)), 0)`);
  const [row] = await tx.query<{ n: number }>(
    `select count(*) as n, coalesce(sum(${lengths.join(' + ')}), 0) as size from "${name}"`,
  );
  return row?.n ?? 0;
}
