// The rows of a run list that does not jump: rows on the page are updated where they stand, newer ones are only counted until
// the reader asks for them. Pure; use-run-list.ts feeds it with pages.

import type { Page, RunSummary } from '@tidewheel/protocol';
import { isFinal } from './states.ts';

export interface RunList {
  readonly rows: readonly RunSummary[];
  /** Where "load more" goes on; null at the end. */
  readonly nextCursor: string | null;
  /** The newest page as it was last seen, to be shown when asked for. */
  readonly head: Page<RunSummary>;
  /** Runs of the newest page that are not on the page yet. */
  readonly newRuns: number;
  /** True when even the newest page does not reach down to the rows shown: there are more new runs than it holds. */
  readonly moreNew: boolean;
}

export function listOf(head: Page<RunSummary>): RunList {
  return { rows: head.items, nextCursor: head.nextCursor, head, newRuns: 0, moreNew: false };
}

/** A fresh newest page: known rows take its values, unknown ones above the first row are counted. */
export function withHead(list: RunList, head: Page<RunSummary>): RunList {
  const [first] = list.rows;
  // Nothing is on the page, so nothing can jump.
  if (first === undefined) return listOf(head);
  const fresh = new Map(head.items.map((run) => [run.id, run]));
  const rows = list.rows.map((run) => fresh.get(run.id) ?? run);
  const newer = head.items.filter((run) => run.id > first.id).length;
  return {
    ...list,
    rows,
    head,
    newRuns: newer,
    moreNew: newer > 0 && newer === head.items.length && head.nextCursor !== null,
  };
}

export function withMore(list: RunList, page: Page<RunSummary>): RunList {
  const known = new Set(list.rows.map((run) => run.id));
  return {
    ...list,
    rows: [...list.rows, ...page.items.filter((run) => !known.has(run.id))],
    nextCursor: page.nextCursor,
  };
}

/** Single rows that were asked for again. */
export function withRuns(list: RunList, runs: readonly RunSummary[]): RunList {
  const fresh = new Map(runs.map((run) => [run.id, run]));
  return { ...list, rows: list.rows.map((run) => fresh.get(run.id) ?? run) };
}

/** The reader asked for the new runs: they come on top, or, when there is a gap, the list starts anew. */
export function withNewShown(list: RunList): RunList {
  if (list.moreNew) return listOf(list.head);
  const known = new Set(list.rows.map((run) => run.id));
  const newer = list.head.items.filter((run) => !known.has(run.id) && run.id > (list.rows[0]?.id ?? ''));
  return { ...list, rows: [...newer, ...list.rows], newRuns: 0, moreNew: false };
}

/** Unfinished rows that the newest page does not bring, so that their end would be missed. At most `most`, topmost first. */
export function unseenUnfinished(list: RunList, most: number): string[] {
  const seen = new Set(list.head.items.map((run) => run.id));
  return list.rows
    .filter((run) => !isFinal(run.state) && !seen.has(run.id))
    .slice(0, most)
    .map((run) => run.id);
}
