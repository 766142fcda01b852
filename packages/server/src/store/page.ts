// How read models answer a page: its items, and the key after which the next page begins.

export interface Slice<T, K> {
  items: T[];
  /** Null when there is no further page. */
  next: K | null;
}

/** Cuts a page from rows that were asked for with one more than the limit. */
export function cutPage<T, K>(rows: readonly T[], limit: number, keyOf: (row: T) => K): Slice<T, K> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? keyOf(last) : null };
}
