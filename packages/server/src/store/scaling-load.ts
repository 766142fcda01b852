// What scalers outside of Tidewheel are told about is read here: what waits and runs by lane, the workers, and what the leader said last of each
// pool. Every master reads the same rows, so all of them answer alike. The cost follows lanes and workers, and the backlog only up to a bound.

import type { Labels, PoolDefinition, PoolStatus } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { LaneLoad, PoolLoad, ScalingLoad, WorkerLoad } from '../core/scaling/figures.ts';
import type { Tx } from '../ports/database.ts';
import { finishedLately } from './pool-signals.ts';

/** Lets others have their turn; SQLite answers within the same one. */
interface Pause {
  take(): Promise<void>;
}
const noPause: Pause = { take: () => Promise.resolve() };

/** Lanes of one statement: what waits in them is counted. */
const pageLanes = 100;

/** Of one namespace, or of all. */
export async function scalingLoad(tx: Tx, namespace: string | null, pause = noPause): Promise<ScalingLoad> {
  return {
    lanes: await laneLoads(tx, namespace, pause),
    workers: await workerLoads(tx, namespace),
    pools: await poolLoads(tx, namespace),
  };
}

function within(column: string, namespace: string | null, parameter: string): string {
  return namespace === null ? 'true' : `${column} = ${parameter}`;
}

const own = (namespace: string | null): string[] => (namespace === null ? [] : [namespace]);

interface LaneRow {
  id: string;
  namespace: string;
  queue: string;
  selector: string;
  waiting: number;
  oldest: number | null;
}

async function laneLoads(tx: Tx, namespace: string | null, pause: Pause): Promise<LaneLoad[]> {
  const held = await runsHeld(tx, namespace);
  const rows: LaneRow[] = [];
  for (let page: LaneRow[]; rows.length < serverLimits.scalingLanes; ) {
    page = await lanePage(tx, namespace, rows.at(-1)?.id ?? null);
    rows.push(...page);
    if (page.length < pageLanes) break;
    await pause.take();
  }
  const usual = new Map<string, number | null>();
  // Only where something waits does the length of its runs matter.
  for (const name of new Set(rows.flatMap((row) => (Number(row.waiting) > 0 ? [row.namespace] : [])))) {
    for (const { laneId, runMs } of (await finishedLately(tx, name)).lanes) usual.set(laneId, runMs);
    await pause.take();
  }
  return rows.map((row) => ({
    namespace: row.namespace,
    queue: row.queue,
    selector: JSON.parse(row.selector) as Labels,
    waitingRuns: Number(row.waiting),
    runningRuns: held.get(row.id) ?? 0,
    oldestWaitMs: Math.max(0, Number(row.oldest ?? 0)),
    runMs: usual.get(row.id) ?? null,
  }));
}

/** By id. A lane that is paused has nothing to be worked off. */
async function lanePage(tx: Tx, namespace: string | null, after: string | null): Promise<LaneRow[]> {
  const where = `l.id > $3 and ${within('l.namespace', namespace, '$4')}`;
  return tx.query<LaneRow>(
    `select l.id, l.namespace, l.queue, l.selector,
       case when l.paused = 1 then 0 else
         (select count(*) from (select 1 as one from run r where r.lane_id = l.id and r.state = 'ready' limit $1) c) end as waiting,
       case when l.paused = 1 then null else
         now_ms() - (select min(o.due_at) from (select r.due_at from run r where r.lane_id = l.id and r.state = 'ready'
           order by r.priority desc, r.due_at, r.id limit 100) o) end as oldest
     from lane l where ${where} order by l.id limit $2`,
    [serverLimits.poolReadyCounted, pageLanes, after ?? firstId, ...own(namespace)],
  );
}

const firstId = '00000000-0000-0000-0000-000000000000';

/** Runs that workers have, by lane. */
async function runsHeld(tx: Tx, namespace: string | null): Promise<Map<string, number>> {
  const rows = await tx.query<{ lane_id: string; runs: number }>(
    `select r.lane_id, count(*) as runs from run r where r.session_id is not null and ${within('r.namespace', namespace, '$1')}
     group by r.lane_id`,
    own(namespace),
  );
  return new Map(rows.map((row) => [row.lane_id, Number(row.runs)]));
}

async function workerLoads(tx: Tx, namespace: string | null): Promise<WorkerLoad[]> {
  const rows = await tx.query<{
    namespace: string;
    labels: string;
    queues: string;
    slots: number;
    state: string;
    busy: number;
  }>(
    `select s.namespace, s.labels, s.queues, s.slots, s.state, (select count(*) from run r where r.session_id = s.id) as busy
     from session s where s.state <> 'dead' and s.expires_at > now_ms() and ${within('s.namespace', namespace, '$2')} limit $1`,
    [serverLimits.poolWorkersShown, ...own(namespace)],
  );
  return rows.map((row) => ({
    namespace: row.namespace,
    labels: JSON.parse(row.labels) as Labels,
    queues: JSON.parse(row.queues) as string[],
    slots: row.slots,
    busy: Number(row.busy),
    draining: row.state === 'draining',
  }));
}

async function poolLoads(tx: Tx, namespace: string | null): Promise<PoolLoad[]> {
  const rows = await tx.query<{ namespace: string; name: string; definition: string; status: string | null }>(
    `select p.namespace, p.name, p.definition, p.status from pool p where ${within('p.namespace', namespace, '$2')}
     order by p.namespace, p.name limit $1`,
    [serverLimits.poolsLed, ...own(namespace)],
  );
  return rows.map((row) => ({
    ...row,
    definition: JSON.parse(row.definition) as PoolDefinition,
    status: row.status === null ? null : (JSON.parse(row.status) as PoolStatus),
  }));
}
