// Which workers and which lanes are a pool's.

import type { Labels, PoolDefinition } from '@tidewheel/protocol';

/** A worker is of the pool whose labels it carries all. */
export function isOfPool(pool: Pick<PoolDefinition, 'labels'>, labels: Labels): boolean {
  return Object.entries(pool.labels).every(([key, value]) => labels[key] === value);
}

/** A lane counts for a pool when its queue is one of the pool's and its selector is met by the pool's labels. */
export function countsForPool(
  pool: Pick<PoolDefinition, 'labels' | 'queues'>,
  lane: { readonly queue: string; readonly selector: Labels },
): boolean {
  return (
    pool.queues.includes(lane.queue) &&
    Object.entries(lane.selector).every(([key, value]) => pool.labels[key] === value)
  );
}

/** Whether one worker could be of both: they differ in the value of no label. */
export function overlap(one: Pick<PoolDefinition, 'labels'>, other: Pick<PoolDefinition, 'labels'>): boolean {
  return Object.entries(one.labels).every(([key, value]) => (other.labels[key] ?? value) === value);
}
