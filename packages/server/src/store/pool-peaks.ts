// The peaks that workers told of: of themselves by their heartbeats, which the session's row keeps for a day after its end, and of attempts
// with their results.

import type { AttemptUsage, Labels, PoolDefinition, WorkerStats } from '@tidewheel/protocol';
import type { AttemptPeak, WorkerPeak } from '../core/advice/pool-advice.ts';
import { countsForPool, isOfPool } from '../core/pools/pool-lanes.ts';
import { serverLimits } from '../core/limits.ts';
import type { PastAttempt } from '../core/run.ts';
import type { Tx } from '../ports/database.ts';

type Pool = Pick<PoolDefinition, 'labels' | 'queues'>;

interface SessionRow {
  labels: string;
  stats: string;
  age: number;
  /** It fell silent, or its supervisor found it dead. */
  broke_off: number;
}

/** A worker that broke off with nearly all the memory that it might have is taken to have ended for want of it: nobody is told more. */
const nearlyAll = 0.9;

export async function workerPeaks(tx: Tx, namespace: string, pool: Pool): Promise<WorkerPeak[]> {
  const rows = await tx.query<SessionRow>(
    `select s.labels, s.stats, now_ms() - s.last_seen_at as age,
       case when s.state = 'dead' and (s.end_reason is not null or s.ended_at > s.expires_at) then 1 else 0 end as broke_off
     from session s where s.namespace = $1 and s.stats like '%"peakMemoryBytes"%' order by s.last_seen_at desc limit $2`,
    [namespace, serverLimits.peakSessions],
  );
  return rows.flatMap((row) => {
    if (!isOfPool(pool, JSON.parse(row.labels) as Labels)) return [];
    const { peakCpu, peakMemoryBytes = 0, memoryLimitBytes, oomKills = 0 } = JSON.parse(row.stats) as WorkerStats;
    const full = memoryLimitBytes !== undefined && peakMemoryBytes >= memoryLimitBytes * nearlyAll;
    const starved = oomKills > 0 || (row.broke_off === 1 && full);
    return [{ cpu: peakCpu ?? null, memoryBytes: peakMemoryBytes, ageMs: row.age, starved }];
  });
}

interface ArchiveRow {
  job: string;
  attempts: string;
  age: number;
  queue: string;
  selector: string;
}

/** Of the newest finished runs of the namespace. */
export async function attemptPeaks(tx: Tx, namespace: string, pool: Pool): Promise<AttemptPeak[]> {
  const rows = await tx.query<ArchiveRow>(
    `select j.name as job, a.attempts, now_ms() - a.finished_at as age, l.queue, l.selector from (
       select id, job_id, lane_id, attempts, finished_at from run_archive where namespace = $1 order by id desc limit $2
     ) a join job j on j.id = a.job_id join lane l on l.id = a.lane_id where a.attempts like '%"usage"%'`,
    [namespace, serverLimits.peakRuns],
  );
  return rows.flatMap((row) => {
    if (!countsForPool(pool, { queue: row.queue, selector: JSON.parse(row.selector) as Labels })) return [];
    return (JSON.parse(row.attempts) as PastAttempt[]).flatMap(({ usage, startedAt, claimedAt, endedAt }) =>
      usage === undefined ? [] : [peakOf(row, usage, endedAt - (startedAt ?? claimedAt))],
    );
  });
}

function peakOf({ job, age }: ArchiveRow, { memoryBytes, cpuMs }: AttemptUsage, tookMs: number): AttemptPeak {
  return { job, cpu: cpuMs / Math.max(1000, tookMs), memoryBytes, ageMs: age };
}
