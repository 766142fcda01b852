// What the manual orders of a pool mean now.

import type { PoolOrder, PoolOrderView } from '@tidewheel/protocol';
import type { ComingWork, ManualOrders } from '../scaling/scaling-input.ts';

type Of<K extends PoolOrder['kind']> = Extract<PoolOrder, { kind: K }>;

function bodiesOf<K extends PoolOrder['kind']>(
  orders: readonly PoolOrderView[],
  kind: K,
): { view: PoolOrderView; body: Omit<Of<K>, 'kind' | 'reason'> }[] {
  // Written by the protocol's schema of this kind.
  return orders.flatMap((view) =>
    view.kind === kind ? [{ view, body: view.order as Omit<Of<K>, 'kind' | 'reason'> }] : [],
  );
}

const holds = ({ from, until }: PoolOrderView, now: number): boolean => from <= now && (until === null || until > now);

export function manualOrders(orders: readonly PoolOrderView[], now: number): ManualOrders {
  const scale = bodiesOf(orders, 'scale').findLast(({ view }) => holds(view, now));
  const freeze = bodiesOf(orders, 'freeze').findLast(({ view }) => holds(view, now));
  return {
    scale:
      scale === undefined ? null : { workers: scale.body.workers, until: scale.view.until, reason: scale.view.reason },
    frozen: freeze === undefined ? null : { until: freeze.view.until, reason: freeze.view.reason },
    maintenance: bodiesOf(orders, 'maintenance')
      .filter(({ body }) => body.to > now)
      .map(({ body, view }) => ({ from: body.from, to: body.to, reason: view.reason })),
  };
}

/** Orders whose time is over. */
export function expiredOrders(orders: readonly PoolOrderView[], now: number): string[] {
  return orders.flatMap(({ id, until }) => (until !== null && until <= now ? [id] : []));
}

export interface Rollout {
  readonly id: string;
  readonly surge: number;
  /** Workers that were there before are to be replaced. */
  readonly since: number;
  /** Wanted when it began: there are never fewer while it goes on. */
  readonly base: number;
}

/** `base`: wanted when it began. */
export function rolloutOf(orders: readonly PoolOrderView[], base: number): Rollout | null {
  const found = bodiesOf(orders, 'rollout').at(-1);
  return found === undefined ? null : { id: found.view.id, surge: found.body.surge, since: found.view.createdAt, base };
}

const bucketMs = 5000;
/** Reservations are seen from so far ahead, which is more than any machine takes to start. */
const aheadMs = 6 * 3_600_000;

/** The reservations of a pool as coming work, from now on. */
export function reservedWork(orders: readonly PoolOrderView[], now: number): ComingWork {
  const reserved = bodiesOf(orders, 'reserve');
  const from = Math.floor(now / bucketMs) * bucketMs;
  const end = Math.max(0, ...reserved.map(({ body }) => body.at + body.over));
  const buckets = Math.max(1, Math.ceil((Math.min(end, now + aheadMs) - from) / bucketMs) + 1);
  const workMs = Array.from({ length: reserved.length === 0 ? 1 : buckets }, () => 0);
  const runs = [...workMs];
  for (const { body } of reserved) {
    const first = Math.floor((body.at - from) / bucketMs);
    const last = Math.floor((body.at + Math.max(0, body.over - 1) - from) / bucketMs);
    // Spread evenly, also over what has passed, which has come by now.
    const perBucket = body.runs / (last - first + 1);
    for (let index = Math.max(0, first); index <= Math.min(last, workMs.length - 1); index += 1) {
      workMs[index] = (workMs[index] ?? 0) + perBucket * body.each;
      runs[index] = (runs[index] ?? 0) + perBucket;
    }
  }
  return { from, bucketMs, workMs, runs };
}
