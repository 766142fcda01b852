// Reads what a pool's lanes did and who was there, for replaying it. Runs are read in the order in which they were made, and a page looks at a
// bounded number of them, of whatever lane.

import type { Labels, PoolDefinition, ReplayRuns, ReplayWorkers } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { countsForPool, isOfPool } from '../core/pools/pool-lanes.ts';
import type { Tx } from '../ports/database.ts';
import { firstIdAt } from './audit.ts';

export interface ReplayAsked {
  readonly namespace: string;
  readonly pool: PoolDefinition;
  readonly from: number;
  readonly to: number;
}

export interface ReplaySlice {
  readonly runs: Omit<ReplayRuns, 'nextCursor'>;
  readonly next: string | null;
}

interface ReplayRow {
  id: string;
  lane_id: string;
  job_id: string;
  due_at: number;
  started_at: number | null;
  finished_at: number;
  foreseen: number;
}

export async function poolReplayRuns(
  tx: Tx,
  { namespace, pool, from, to }: ReplayAsked,
  after: string | null,
  limit: number,
): Promise<ReplaySlice> {
  const lanes = await lanesOf(tx, namespace, pool);
  const rows = await tx.query<ReplayRow>(
    `select id, lane_id, job_id, due_at, started_at, finished_at, case when schedule_id is null then 0 else 1 end as foreseen
     from run_archive where namespace = $1 and ${after === null ? 'id >= $2' : 'id > $2'} and id < $3 order by id limit $4`,
    [namespace, after ?? firstIdAt(from), firstIdAt(to), limit],
  );
  return { runs: columnsOf(lanes, rows), next: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
}

type ReplayLane = ReplayRuns['lanes'][number];

async function lanesOf(tx: Tx, namespace: string, pool: PoolDefinition): Promise<Map<string, ReplayLane>> {
  const rows = await tx.query<{ id: string; queue: string; handler: string; selector: string }>(
    'select id, queue, handler, selector from lane where namespace = $1',
    [namespace],
  );
  const lanes = rows.map((row): ReplayLane => ({ ...row, selector: JSON.parse(row.selector) as Labels }));
  return new Map(lanes.filter((lane) => countsForPool(pool, lane)).map((lane) => [lane.id, lane]));
}

function columnsOf(lanes: ReadonlyMap<string, ReplayLane>, rows: readonly ReplayRow[]): ReplaySlice['runs'] {
  const runs: ReplaySlice['runs'] = {
    lanes: [],
    jobs: [],
    dueAt: [],
    lane: [],
    job: [],
    waitMs: [],
    durationMs: [],
    foreseen: [],
  };
  const lanePlaces = new Map<string, number>();
  const jobPlaces = new Map<string, number>();
  for (const row of rows) {
    const lane = lanes.get(row.lane_id);
    if (lane === undefined || row.started_at === null) continue;
    runs.lane.push(placeOf(lanePlaces, row.lane_id, () => runs.lanes.push(lane)));
    runs.job.push(placeOf(jobPlaces, row.job_id, () => runs.jobs.push(row.job_id)));
    runs.dueAt.push(row.due_at);
    runs.waitMs.push(Math.max(0, row.started_at - row.due_at));
    runs.durationMs.push(Math.max(0, row.finished_at - row.started_at));
    runs.foreseen.push(Number(row.foreseen));
  }
  return runs;
}

/** `push` answers how many there are then. */
function placeOf(places: Map<string, number>, id: string, push: () => number): number {
  const place = places.get(id) ?? push() - 1;
  places.set(id, place);
  return place;
}

export async function poolReplayWorkers(tx: Tx, asked: ReplayAsked, keepMs: number): Promise<ReplayWorkers> {
  const { namespace, pool, from, to } = asked;
  const rows = await tx.query<{ labels: string; created_at: number; ended_at: number | null }>(
    `select labels, created_at, ended_at from session
     where namespace = $1 and created_at < $3 and (ended_at is null or ended_at > $2) limit ${serverLimits.poolWorkersShown}`,
    [namespace, from, to],
  );
  const [{ now } = { now: 0 }] = await tx.query<{ now: number }>('select now_ms() as now');
  let workerMs = 0;
  let atStart = 0;
  for (const row of rows) {
    if (!isOfPool(pool, JSON.parse(row.labels) as Labels)) continue;
    workerMs += Math.max(0, Math.min(row.ended_at ?? now, now, to) - Math.max(row.created_at, from));
    if (row.created_at <= from) atStart += 1;
  }
  return { workerMs, atStart, knownFrom: Math.max(from, now - keepMs) };
}
