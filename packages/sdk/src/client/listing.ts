// A list that a master gives in pages: walk over its items, over its pages, or take one page and come back with its cursor.

import { limits, type Page } from '@tidewheel/protocol';

export interface PageOptions {
  cursor?: string | undefined;
  limit?: number | undefined;
}

export class Listing<T> implements AsyncIterable<T> {
  readonly #page: (options: PageOptions) => Promise<Page<T>>;
  readonly #first: PageOptions;

  constructor(page: (options: PageOptions) => Promise<Page<T>>, first: PageOptions) {
    this.#page = page;
    this.#first = first;
  }

  /** One page: the one that was asked for, or the one after `cursor`. */
  page(cursor?: string): Promise<Page<T>> {
    return this.#page(cursor === undefined ? this.#first : { ...this.#first, cursor });
  }

  async *pages(): AsyncGenerator<Page<T>> {
    const limit = this.#first.limit ?? limits.pageItems;
    let options: PageOptions = { ...this.#first, limit };
    for (;;) {
      const page = await this.#page(options);
      yield page;
      if (page.nextCursor === null) return;
      options = { ...options, cursor: page.nextCursor };
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for await (const page of this.pages()) yield* page.items;
  }

  /** At most `max` items. */
  async take(max: number): Promise<T[]> {
    const items: T[] = [];
    if (max <= 0) return items;
    for await (const item of this) {
      items.push(item);
      if (items.length >= max) break;
    }
    return items;
  }
}
