// Probes in the store: which namespaces can be probed, how long probes took, and forgetting them. A probe is a run like any other,
// of a job in the probes' own namespace that is named after the namespace whose workers it tries.

import { probeHandler, probeNamespace } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';

/** Namespaces with a live worker that answers probes. */
export async function probedNamespaces(tx: Tx, max: number): Promise<string[]> {
  const rows = await tx.query<{ namespace: string }>(
    `select distinct namespace from session where state = 'live' and expires_at > now_ms() and handlers like $2
     order by namespace limit $1`,
    [max, `%"${probeHandler}"%`],
  );
  return rows.map((row) => row.namespace);
}

export interface ProbeTime {
  namespace: string;
  /** From the nominal fire to the accepted result. */
  tookMs: number;
}

/** Probes that succeeded and were fired in (after, until], by the ids of their runs, which begin with that time. */
export async function probeTimes(
  tx: Tx,
  afterId: string,
  max: number,
): Promise<{ times: ProbeTime[]; lastId: string }> {
  const rows = await tx.query<{ id: string; namespace: string; took: number; state: string }>(
    `select a.id, j.name as namespace, a.state, a.finished_at - a.fire_at as took
     from run_archive a join job j on j.id = a.job_id
     where a.namespace = $1 and a.id > $2 and a.fire_at is not null order by a.id limit $3`,
    [probeNamespace, afterId, max],
  );
  const times = rows
    .filter((row) => row.state === 'succeeded')
    .map(({ namespace, took }) => ({ namespace, tookMs: took }));
  return { times, lastId: rows.at(-1)?.id ?? afterId };
}

/** Probes older than `keepMs` leave nothing behind, at most `max` a call. */
export async function probesForget(tx: Tx, keepMs: number, max: number): Promise<number> {
  const rows = await tx.query<{ id: string }>(
    `delete from run_archive where id in
       (select id from run_archive where namespace = $1 and finished_at < now_ms() - $2 order by id limit $3) returning id`,
    [probeNamespace, keepMs, max],
  );
  await tx.query(
    `delete from fire where schedule_id in (select id from schedule where namespace = $1) and fire_at < now_ms() - $2`,
    [probeNamespace, keepMs],
  );
  return rows.length;
}
