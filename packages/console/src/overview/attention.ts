// What needs attention, without saying the same thing ten times: failed runs of one job are one item. Pure.

import type { Overview } from '@tidewheel/protocol';

type Item = Overview['attention'][number];

export interface AttentionGroup {
  /** The newest of them. */
  readonly item: Item;
  readonly count: number;
}

/** Order and newest item are those of the server, which lists the newest first. */
export function grouped(items: readonly Item[]): AttentionGroup[] {
  const groups = new Map<string, AttentionGroup>();
  for (const item of items) {
    const key = `${item.kind} ${item.subject}`;
    const known = groups.get(key);
    groups.set(key, known === undefined ? { item, count: 1 } : { ...known, count: known.count + 1 });
  }
  return [...groups.values()];
}
