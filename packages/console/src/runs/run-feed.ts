// Feeds a run list: the newest page again whenever runs changed, further pages when asked, and single rows whose end would
// otherwise be missed. One round at a time; what changes meanwhile leads to one more. Knows nothing of React or the network.

import type { Page, RunSummary } from '@tidewheel/protocol';
import { listOf, type RunList, unseenUnfinished, withHead, withMore, withNewShown, withRuns } from './run-list.ts';

export interface RunSource {
  readonly page: (cursor: string | null, signal: AbortSignal) => Promise<Page<RunSummary>>;
  readonly run: (id: string, signal: AbortSignal) => Promise<RunSummary>;
}

export interface RunFeedState {
  /** Null until the first page came. */
  readonly list: RunList | null;
  readonly error: unknown;
  readonly loadingMore: boolean;
}

/** Rows asked for one by one in one round. */
const singleRows = 10;
/** A page may come back short while more could match further down: so many are put together, until there are enough rows. */
const filledPages = 5;
const filledRows = 20;

const nothing: RunFeedState = { list: null, error: null, loadingMore: false };

export class RunFeed {
  readonly #source: RunSource;
  readonly #listeners = new Set<() => void>();
  #state = nothing;
  #stop = new AbortController();
  #round: Promise<void> | null = null;
  #again = false;

  constructor(source: RunSource) {
    this.#source = source;
  }

  readonly state = (): RunFeedState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins anew, forgetting what was shown. */
  readonly start = (): void => {
    this.stop();
    this.#stop = new AbortController();
    this.#set(nothing);
    this.refresh();
  };

  readonly stop = (): void => {
    this.#stop.abort();
    this.#round = null;
    this.#again = false;
  };

  readonly refresh = (): void => {
    if (this.#stop.signal.aborted) return;
    if (this.#round !== null) {
      this.#again = true;
      return;
    }
    const { signal } = this.#stop;
    this.#round = this.#refreshOnce(signal).then(() => {
      if (signal.aborted) return;
      this.#round = null;
      if (!this.#again) return;
      this.#again = false;
      this.refresh();
    });
  };

  readonly showNew = (): void => {
    const { list } = this.#state;
    if (list === null) return;
    if (list.moreNew) this.start();
    else this.#set({ list: withNewShown(list) });
  };

  readonly loadMore = async (): Promise<void> => {
    const { list, loadingMore } = this.#state;
    if (list === null || list.nextCursor === null || loadingMore) return;
    const { signal } = this.#stop;
    this.#set({ loadingMore: true });
    try {
      const page = await this.#filled(list.nextCursor, signal);
      this.#change(signal, (now) => withMore(now, page));
    } catch (error) {
      if (!signal.aborted) this.#set({ error });
    }
    if (!signal.aborted) this.#set({ loadingMore: false });
  };

  async #refreshOnce(signal: AbortSignal): Promise<void> {
    try {
      if (this.#state.list === null) {
        const head = await this.#filled(null, signal);
        if (!signal.aborted) this.#set({ list: listOf(head), error: null });
        return;
      }
      const head = await this.#source.page(null, signal);
      this.#change(signal, (list) => withHead(list, head));
      const missing = unseenUnfinished(this.#state.list, singleRows);
      const runs = await Promise.all(missing.map((id) => this.#source.run(id, signal)));
      this.#change(signal, (list) => withRuns(list, runs));
      if (!signal.aborted) this.#set({ error: null });
    } catch (error) {
      if (!signal.aborted) this.#set({ error });
    }
  }

  async #filled(cursor: string | null, signal: AbortSignal): Promise<Page<RunSummary>> {
    let page = await this.#source.page(cursor, signal);
    for (let pages = 1; pages < filledPages && page.items.length < filledRows && page.nextCursor !== null; pages++) {
      const next = await this.#source.page(page.nextCursor, signal);
      page = { items: [...page.items, ...next.items], nextCursor: next.nextCursor };
    }
    return page;
  }

  #change(signal: AbortSignal, change: (list: RunList) => RunList): void {
    if (signal.aborted || this.#state.list === null) return;
    this.#set({ list: change(this.#state.list) });
  }

  #set(change: Partial<RunFeedState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
