// Lists come in pages. A command shows as many items as asked for, fetching pages until it has them,
// and hands on the cursor of the rest, so that a script can go on where it stopped.

import { limits, type Page } from '@tidewheel/protocol';
import type { Command } from 'commander';
import { wholeNumber } from './option-values.ts';

export interface PageOptions {
  readonly limit: number;
  readonly all: boolean;
  readonly cursor?: string;
}

/** Items of one command without --all; beyond it memory and patience end. */
const itemsMost = 10_000;
const itemsOfAll = 1_000_000;

export function withPage(command: Command): Command {
  return command
    .option('--limit <n>', 'how many to show', wholeNumber(1, itemsMost), limits.pageItemsDefault)
    .option('--all', 'show all, however many', false)
    .option('--cursor <cursor>', 'go on after an earlier list (its nextCursor)');
}

export async function listed<T>(
  options: PageOptions,
  fetch: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<Page<T>> {
  const wanted = options.all ? itemsOfAll : options.limit;
  const items: T[] = [];
  let cursor = options.cursor ?? null;
  do {
    const limit = Math.min(limits.pageItems, wanted - items.length);
    const page: Page<T> = await fetch({ limit, ...(cursor === null ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && items.length < wanted);
  return { items, nextCursor: cursor };
}
