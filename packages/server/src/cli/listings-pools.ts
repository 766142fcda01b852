// How pools, their workers, decisions and orders look in a table.

import {
  formatDuration,
  type PoolOrderView,
  type PoolView,
  type PoolWorker,
  type ScalingDecisionRow,
} from '@tidewheel/protocol';
import type { Listing } from './output.ts';
import type { Style } from './table.ts';

const driverOf = (pool: PoolView): string => {
  const driver = pool.definition['driver'];
  return typeof driver === 'object' && driver !== null && 'kind' in driver ? String(driver.kind) : '';
};

/** What is to be known of a pool at a glance. */
export function poolState(pool: PoolView): string {
  const { status, orders } = pool;
  if (status === null) return 'not looked at yet';
  if (status.driver.state === 'absent') return 'no driver';
  if (status.driver.failures > 0) return 'driver fails';
  if (status.troubled.some(({ state }) => state === 'failing')) return 'workers fail';
  if (status.rollout !== null) return `rollout, ${status.rollout.left} left`;
  if (orders.some(({ kind }) => kind === 'freeze')) return 'frozen';
  if (orders.some(({ kind }) => kind === 'scale')) return 'by hand';
  if (status.held !== null) return 'at maximum';
  return 'ok';
}

const stateStyles: Readonly<Record<string, Style>> = {
  'no driver': 'red',
  'driver fails': 'red',
  'workers fail': 'red',
  'at maximum': 'yellow',
  frozen: 'yellow',
  'by hand': 'yellow',
  ok: 'green',
};

export const poolListing: Listing<PoolView> = {
  name: (pool) => `pool/${pool.name}`,
  empty: 'no pools; declare some under `pools:` in a file and `tidewheel apply -f FILE`',
  columns: (times) => [
    { title: 'NAME', value: (pool) => pool.name, shrink: true },
    { title: 'STATE', value: poolState, style: (pool) => stateStyles[poolState(pool)] },
    { title: 'WANTED', value: (pool) => String(pool.status?.wanted ?? ''), right: true },
    { title: 'LIVE', value: (pool) => String(pool.workers.live), right: true },
    { title: 'STARTING', value: (pool) => String(pool.status?.starting ?? ''), right: true },
    { title: 'DRAINING', value: (pool) => String(pool.workers.draining), right: true },
    { title: 'BUSY', value: (pool) => `${pool.workers.busy}/${pool.workers.slots}`, right: true },
    {
      title: 'MIN-MAX',
      value: (pool) => `${String(pool.definition['min'])}-${String(pool.definition['max'])}`,
      right: true,
    },
    { title: 'DRIVER', value: driverOf },
    { title: 'START-UP', value: (pool) => (pool.startupMs === null ? '' : formatDuration(pool.startupMs)), wide: true },
    { title: 'VERSION', value: (pool) => String(pool.version), right: true, wide: true },
    { title: 'CHANGED', value: (pool) => times(pool.updatedAt), wide: true },
    { title: 'WHY', value: (pool) => pool.status?.explanation ?? '', wide: true },
  ],
};

export const poolWorkerListing: Listing<PoolWorker> = {
  name: (worker) => `worker/${worker.sessionId}`,
  empty: 'no workers',
  columns: (times) => [
    { title: 'WORKER', value: (worker) => worker.worker, shrink: true },
    {
      title: 'STATE',
      value: (worker) => (worker.released ? 'released' : worker.state),
      style: (worker) => (worker.state === 'live' ? 'green' : 'yellow'),
    },
    { title: 'BUSY', value: (worker) => `${worker.busy}/${worker.slots}`, right: true },
    { title: 'SINCE', value: (worker) => times(worker.createdAt) },
    { title: 'DRAINS SINCE', value: (worker) => times(worker.drainingSince) },
    { title: 'SESSION', value: (worker) => worker.sessionId, wide: true },
  ],
};

export const decisionListing: Listing<ScalingDecisionRow> = {
  name: (decision) => `decision/${decision.at}`,
  empty: 'nothing has been decided yet',
  columns: (times) => [
    { title: 'AT', value: (decision) => times(decision.at) },
    {
      title: 'WORKERS',
      value: ({ workers }) => `${workers.live}+${workers.starting}-${workers.draining}`,
      right: true,
    },
    { title: 'DESIRED', value: (decision) => String(decision.desired), right: true },
    { title: 'WANTED', value: (decision) => String(decision.wanted), right: true },
    { title: 'BOUNDS', value: (decision) => decision.bounds.join(', ') },
    { title: 'WHY', value: (decision) => decision.explanation, shrink: true },
  ],
};

export const orderListing: Listing<PoolOrderView> = {
  name: (order) => `order/${order.id}`,
  empty: 'nothing has been ordered by hand',
  columns: (times) => [
    { title: 'ID', value: (order) => order.id },
    { title: 'ORDER', value: orderText, shrink: true },
    { title: 'UNTIL', value: (order) => (order.until === null ? 'ended by hand' : times(order.until)) },
    { title: 'ENDED', value: (order) => (order.endedAt === null ? '' : `${order.ended} ${times(order.endedAt)}`) },
    { title: 'BY', value: (order) => order.createdBy },
    { title: 'REASON', value: (order) => order.reason, shrink: true },
  ],
};

export function orderText({ kind, order }: PoolOrderView): string {
  const number = (key: string): number => Number(order[key] ?? 0);
  const time = (key: string): string => new Date(number(key)).toISOString();
  switch (kind) {
    case 'scale':
      return `${number('workers')} workers`;
    case 'freeze':
      return 'frozen';
    case 'maintenance':
      return `maintenance from ${time('from')} to ${time('to')}`;
    case 'reserve':
      return `${number('runs')} runs of ${String(order['queue'])} at ${time('at')}, ${formatDuration(number('each'))} each`;
    case 'rollout':
      return `rollout, ${number('surge')} more meanwhile`;
  }
}
