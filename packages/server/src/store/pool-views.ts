// What people read of pools: pages by name, one pool with its workers, and what the cluster status tells of all of them.

import type { Labels, PoolDefinition, PoolStatus, PoolView, PoolWorker } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { isOfPool } from '../core/pools/pool-lanes.ts';
import type { Tx } from '../ports/database.ts';
import { containsText } from './job-views.ts';
import { cutPage, type Slice } from './page.ts';
import { poolOrdersOpen } from './pool-orders.ts';

export interface PoolsAsked {
  namespace: string;
  contains?: string | undefined;
  /** The last name of the page before. */
  after: string | null;
  limit: number;
}

interface ViewRow {
  id: string;
  namespace: string;
  name: string;
  version: number;
  source: string;
  definition: string;
  status: string | null;
  startup_ms: number | null;
  created_at: number;
  updated_at: number;
}

const viewSelect = `select p.id, p.namespace, p.name, p.version, p.source, p.definition, p.status, p.startup_ms, p.created_at, p.updated_at
  from pool p where p.namespace = $1`;

/** By name. */
export async function poolsPage(tx: Tx, asked: PoolsAsked): Promise<Slice<PoolView, string>> {
  const params: (string | number)[] = [asked.namespace, asked.limit + 1];
  let where = '';
  if (asked.after !== null) where += ` and p.name > $${params.push(asked.after)}`;
  if (asked.contains !== undefined)
    where += ` and ${containsText(tx, 'p.name')}$${params.push(asked.contains.toLowerCase())}) > 0`;
  const rows = await tx.query<ViewRow>(`${viewSelect}${where} order by p.name limit $2`, params);
  const { items, next } = cutPage(rows, asked.limit, (row) => row.name);
  return { items: await viewsOf(tx, asked.namespace, items), next };
}

export async function poolView(tx: Tx, namespace: string, name: string): Promise<PoolView | null> {
  const rows = await tx.query<ViewRow>(`${viewSelect} and p.name = $2`, [namespace, name]);
  return (await viewsOf(tx, namespace, rows))[0] ?? null;
}

async function viewsOf(tx: Tx, namespace: string, rows: readonly ViewRow[]): Promise<PoolView[]> {
  if (rows.length === 0) return [];
  const orders = await poolOrdersOpen(
    tx,
    rows.map((row) => row.id),
  );
  const workers = await workersOf(tx, namespace);
  return rows.map((row) => {
    const definition = JSON.parse(row.definition) as PoolDefinition;
    const own = workers.filter((worker) => isOfPool(definition, worker.labels));
    const live = own.filter(({ state }) => state === 'live');
    return {
      id: row.id,
      namespace: row.namespace,
      name: row.name,
      version: row.version,
      source: row.source,
      definition: { ...definition },
      workers: {
        live: live.length,
        draining: own.length - live.length,
        slots: live.reduce((sum, { slots }) => sum + slots, 0),
        busy: own.reduce((sum, { busy }) => sum + busy, 0),
      },
      status: row.status === null ? null : (JSON.parse(row.status) as PoolStatus),
      startupMs: row.startup_ms,
      orders: orders.get(row.id) ?? [],
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  });
}

interface WorkerRow {
  id: string;
  worker: string;
  state: 'live' | 'draining';
  labels: string;
  slots: number;
  busy: number;
  created_at: number;
  cordoned_at: number | null;
  released_at: number | null;
}

async function workersOf(tx: Tx, namespace: string): Promise<(PoolWorker & { labels: Labels })[]> {
  const rows = await tx.query<WorkerRow>(
    `select s.id, s.worker, s.state, s.labels, s.slots, s.created_at, s.cordoned_at, s.released_at,
       (select count(*) from run r where r.session_id = s.id) as busy
     from session s where s.namespace = $1 and s.state <> 'dead' and s.expires_at > now_ms() order by s.worker, s.id limit $2`,
    [namespace, serverLimits.poolWorkersShown],
  );
  return rows.map((row) => ({
    worker: row.worker,
    sessionId: row.id,
    state: row.state,
    labels: JSON.parse(row.labels) as Labels,
    slots: row.slots,
    busy: row.busy,
    createdAt: row.created_at,
    drainingSince: row.cordoned_at,
    released: row.released_at !== null,
  }));
}

/** By name; null when there is no such pool. */
export async function poolWorkers(tx: Tx, namespace: string, name: string): Promise<PoolWorker[] | null> {
  const [row] = await tx.query<{ definition: string }>(
    'select definition from pool where namespace = $1 and name = $2',
    [namespace, name],
  );
  if (row === undefined) return null;
  const definition = JSON.parse(row.definition) as PoolDefinition;
  return (await workersOf(tx, namespace))
    .filter((worker) => isOfPool(definition, worker.labels))
    .map(({ labels: _, ...worker }) => worker);
}

/** What the leader said last of each pool that it has looked at, in all namespaces. */
export async function poolStatuses(tx: Tx): Promise<{ namespace: string; name: string; status: PoolStatus }[]> {
  const rows = await tx.query<{ namespace: string; name: string; status: string }>(
    `select namespace, name, status from pool where status is not null order by namespace, name limit $1`,
    [serverLimits.poolsLed],
  );
  return rows.map((row) => ({ ...row, status: JSON.parse(row.status) as PoolStatus }));
}
