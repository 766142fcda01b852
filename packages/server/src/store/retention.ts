// Removes finished runs that have run out, with their logs: a page of the archive in each transaction, along an index, so that a step
// costs the same whatever is kept. Logs go before their run: what a crash leaves is a run without its log, never a log without its run.
// What an audit or a next time still needs of a run stays on the ledger. Callers hold the retention row (`retentionHold`).

import type { Keep, RetentionPass } from '@tidewheel/protocol';
import { keepSql, outcomeSql, type RunWalk, type ShortRule } from '../core/retention.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { firstIdAt } from './audit.ts';

export const firstId = '00000000-0000-0000-0000-000000000000';
/** The job of a rule that is the whole namespace's. */
export const wholeNamespace = firstId;

/** The first statement of whatever removes history or forbids it. */
export async function retentionHold(tx: Tx): Promise<{ ledgerFrom: number }> {
  const [row] = await tx.query<{ ledgerFrom: number }>(
    `select ledger_from as "ledgerFrom" from retention_state where id = 1${tx.dialect.forUpdate}`,
  );
  if (row === undefined) throw new Error('the table retention_state has lost its row');
  return row;
}

/** On a row r of the archive: the rules of its job and of its namespace. */
export const ruleJoins = `left join retention_rule kj on kj.namespace = r.namespace and kj.job_id = r.job_id and kj.outcome = ${outcomeSql('r.state')}
  left join retention_rule kn on kn.namespace = r.namespace and kn.job_id = '${wholeNamespace}' and kn.outcome = ${outcomeSql('r.state')}`;

/** Whether a row r with its rules has run out and is not held. A run that its backfill has not counted yet stays until it has. */
export function expiredSql(keep: Keep): string {
  return `r.finished_at < (select now_ms()) - coalesce(kj.keep_ms, kn.keep_ms, ${keepSql(outcomeSql('r.state'), keep)})
    and r.namespace not in (select h.namespace from hold h where h.job_id is null and h.run_id is null)
    and r.job_id not in (select h.job_id from hold h where h.job_id is not null)
    and r.id not in (select h.run_id from hold h where h.run_id is not null)
    and (r.trigger_kind <> 'backfill' or r.id not in
      (select f.run_id from backfill_fire f where f.run_id is not null and f.ended_as is null))`;
}

/** Specs of fixed delays, by a word of their JSON; one too many does no harm. */
export const delaySpec = `like '%"delay":%'`;

export interface RunsRemoved {
  runs: number;
  logChunks: number;
  /** Where the next step goes on; null when the walk is over. */
  next: string | null;
}

interface ExpiredRow {
  id: string;
  schedule_id: string | null;
  fire_at: number | null;
  finished_at: number;
  delayed: number;
}

/** Looks at the next `rows` runs of a walk. */
export async function runsRemove(
  tx: Tx,
  keep: Keep,
  walk: RunWalk,
  { after, rows }: { after: string; rows: number },
): Promise<RunsRemoved> {
  const [which, named] = whichOf(walk);
  const params = [after, firstIdAt(walk.madeBefore), ...named];
  const [edge] = await tx.query<{ id: string }>(
    `select r.id from run_archive r where r.id > $1 and r.id < $2${which} order by r.id limit 1 offset ${rows - 1}`,
    params,
  );
  const expired = await tx.query<ExpiredRow>(
    `select r.id, r.schedule_id, r.fire_at, r.finished_at, case when r.trigger_kind = 'schedule' and exists
         (select 1 from schedule_version v where v.schedule_id = r.schedule_id and v.spec ${delaySpec}) then 1 else 0 end as delayed
     from run_archive r ${ruleJoins}
     where r.id > $1 and ${edge === undefined ? 'r.id < $2' : 'r.id <= $2'}${which} and ${expiredSql(keep)} order by r.id`,
    edge === undefined ? params : [after, edge.id, ...named],
  );
  const next = edge?.id ?? null;
  const [first, last] = [expired[0], expired.at(-1)];
  if (first === undefined || last === undefined) return { runs: 0, logChunks: 0, next };
  const within = { ids: JSON.stringify(expired.map(({ id }) => ({ id }))), low: first.id, high: last.id };
  const logChunks = await logsRemove(tx, within);
  // The same page again: there are more.
  if (logChunks === serverLimits.retentionLogs) return { runs: 0, logChunks, next: after };
  await endsKeep(tx, expired);
  await tx.query(
    `delete from run_archive where id in (select x.id from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}) and id >= $2 and id <= $3`,
    [within.ids, within.low, within.high],
  );
  return { runs: expired.length, logChunks, next };
}

function whichOf({ namespace, jobId }: RunWalk): [string, string[]] {
  if (jobId !== null) return [' and r.job_id = $3', [jobId]];
  return namespace === null ? ['', []] : [' and r.namespace = $3', [namespace]];
}

/** The bounds name the partitions before any is looked at. */
async function logsRemove(tx: Tx, { ids, low, high }: { ids: string; low: string; high: string }): Promise<number> {
  const gone = await tx.query(
    `delete from log_chunk where (run_id, attempt_id, seq) in (
       select l.run_id, l.attempt_id, l.seq from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })}
       join log_chunk l on l.run_id = x.id where l.run_id >= $2 and l.run_id <= $3 limit $4
     ) and run_id >= $2 and run_id <= $3 returning seq`,
    [ids, low, high, serverLimits.retentionLogs],
  );
  return gone.length;
}

/** A fixed delay counts from the end of its runs. */
async function endsKeep(tx: Tx, expired: readonly ExpiredRow[]): Promise<void> {
  const ends = expired.filter(({ delayed }) => delayed === 1);
  if (ends.length === 0) return;
  await tx.query(
    `update fire set ended_at = x.finished_at
     from ${tx.dialect.rows('$1', 'x', { schedule_id: 'uuid', fire_at: 'bigint', finished_at: 'bigint' })}
     where fire.schedule_id = x.schedule_id and fire.fire_at = x.fire_at`,
    [JSON.stringify(ends)],
  );
}

/** Namespaces and jobs that keep something for less than `leastMs`. */
export async function shortRules(tx: Tx, leastMs: number): Promise<ShortRule[]> {
  const rows = await tx.query<{ namespace: string; job_id: string; keep_ms: number }>(
    `select namespace, job_id, min(keep_ms) as keep_ms from retention_rule group by namespace, job_id having min(keep_ms) < $1
     order by namespace, job_id limit $2`,
    [leastMs, serverLimits.retentionWalks],
  );
  return rows.map((row) => ({
    namespace: row.namespace,
    jobId: row.job_id === wholeNamespace ? null : row.job_id,
    keepMs: row.keep_ms,
  }));
}

/** What the last pass did, for people; nothing is written when it removed nothing. */
export async function passRecord(tx: Tx, pass: RetentionPass): Promise<void> {
  await tx.query('update retention_state set last_pass = $1 where id = 1', [JSON.stringify(pass)]);
}
