// The one event stream of a page. The server says which kind of thing changed; queries of that kind are asked again, about once
// a second at most. A hidden page lets its stream go, because a browser allows few connections to one origin and people keep
// many tabs open; when it is seen again, everything is asked anew.

import type { LiveTopic } from '@tidewheel/protocol';
import type { QueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useSyncExternalStore } from 'react';
import { readEvents } from './event-stream.ts';
import { pathOf } from './queries.ts';
import { ApiProblem } from './request.ts';
import { learnChange } from './staleness.ts';

/** Times are this browser's. */
export type LiveState =
  | { readonly kind: 'connecting' | 'live' }
  | { readonly kind: 'lost'; readonly since: number; readonly retryAt: number };

/** Between two rounds of asking again; the first change after a quiet time waits only a quarter of it. */
const gatherMs = 1_000;
/** A hidden page keeps its stream for this long. */
const hiddenMs = 30_000;
const retryMs = [1_000, 2_000, 4_000, 8_000, 15_000] as const;

type TopicListener = (topics: ReadonlySet<LiveTopic>) => void;

export class Live {
  readonly #client: QueryClient;
  readonly #listeners = new Set<() => void>();
  readonly #topicListeners = new Set<TopicListener>();
  readonly #gathered = new Set<LiveTopic>();
  #namespace: string | null = null;
  #connection: AbortController | null = null;
  #state: LiveState = { kind: 'connecting' };
  #failures = 0;
  #missedSomething = false;
  #flushTimer = 0;
  #retryTimer = 0;
  #hiddenTimer = 0;

  constructor(client: QueryClient) {
    this.#client = client;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.#hiddenTimer);
      if (document.hidden) this.#hiddenTimer = window.setTimeout(() => this.#close(), hiddenMs);
      else this.retryNow();
    });
    addEventListener('online', () => this.retryNow());
  }

  readonly state = (): LiveState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For what merges changes itself instead of being asked again as a query. */
  readonly onTopics = (listener: TopicListener): (() => void) => {
    this.#topicListeners.add(listener);
    return () => this.#topicListeners.delete(listener);
  };

  /** Null stops listening. */
  watch(namespace: string | null): void {
    if (namespace === this.#namespace) return;
    this.#close();
    this.#namespace = namespace;
    this.#failures = 0;
    this.#missedSomething = false;
    this.#set({ kind: 'connecting' });
    if (namespace !== null) void this.#open(namespace);
  }

  retryNow(): void {
    if (this.#namespace === null || this.#connection !== null) return;
    void this.#open(this.#namespace);
  }

  async #open(namespace: string): Promise<void> {
    clearTimeout(this.#retryTimer);
    const connection = new AbortController();
    this.#connection = connection;
    try {
      await readEvents(pathOf(namespace, 'live'), {
        signal: connection.signal,
        onOpen: () => this.#opened(),
        onEvent: ({ event, data }) => {
          if (event !== 'changed') return;
          const { topics = [], change } = newsOf(data);
          if (change !== undefined) learnChange(change);
          this.#gather(topics);
        },
      });
    } catch (error) {
      // A namespace that is not the reader's is no lost connection: the page itself says so. Whatever else ended the stream, the
      // answer is the same: try again, and let the session query find out whether one may.
      const refused = error instanceof ApiProblem && (error.status === 403 || error.status === 404);
      if (refused && this.#connection === connection) {
        this.#close();
        return;
      }
    }
    if (this.#connection === connection) this.#lost(namespace);
  }

  #opened(): void {
    this.#failures = 0;
    this.#set({ kind: 'live' });
    if (this.#missedSomething) {
      this.#missedSomething = false;
      void this.#client.invalidateQueries();
      for (const listener of this.#topicListeners) listener(allTopics);
    }
  }

  #lost(namespace: string): void {
    this.#close();
    const wait = retryMs[Math.min(this.#failures, retryMs.length - 1)] ?? 15_000;
    this.#failures += 1;
    const since = this.#state.kind === 'lost' ? this.#state.since : Date.now();
    this.#set({ kind: 'lost', since, retryAt: Date.now() + wait });
    this.#retryTimer = window.setTimeout(() => void this.#open(namespace), wait);
    // An ended session shows here, and sends the reader to the sign-in page.
    void this.#client.invalidateQueries({ queryKey: ['session'] });
  }

  #close(): void {
    clearTimeout(this.#retryTimer);
    if (this.#connection !== null) this.#missedSomething = true;
    const connection = this.#connection;
    this.#connection = null;
    connection?.abort();
  }

  #gather(topics: readonly LiveTopic[]): void {
    for (const topic of topics) this.#gathered.add(topic);
    if (this.#flushTimer === 0) this.#flushTimer = window.setTimeout(() => this.#flush(), gatherMs / 4);
  }

  #flush(): void {
    const topics = new Set(this.#gathered);
    this.#gathered.clear();
    // Set again even when nothing is gathered: a busy server must not make the page ask all the time.
    this.#flushTimer = window.setTimeout(() => {
      this.#flushTimer = 0;
      if (this.#gathered.size > 0) this.#flush();
    }, gatherMs);
    void this.#client.invalidateQueries({
      predicate: (query) => query.meta?.topics?.some((topic) => topics.has(topic)) === true,
    });
    for (const listener of this.#topicListeners) listener(topics);
  }

  #set(state: LiveState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

const allTopics: ReadonlySet<LiveTopic> = new Set<LiveTopic>(['runs', 'schedules', 'jobs', 'workers']);

/** With what to send along, so that what is read holds the news. */
function newsOf(data: string): { topics?: LiveTopic[]; change?: string } {
  try {
    return JSON.parse(data) as { topics?: LiveTopic[]; change?: string };
  } catch {
    return {};
  }
}

export const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) throw new Error('there is no LiveContext above this component');
  return live;
}

export function useLiveState(): LiveState {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, live.state);
}

/** Calls back when something of these kinds changed. `react` must be stable or change only when it should be called anew. */
export function useTopics(topics: readonly LiveTopic[], react: () => void): void {
  const live = useLive();
  const wanted = topics.join();
  useEffect(
    () =>
      live.onTopics((changed) => {
        if (wanted.split(',').some((topic) => changed.has(topic as LiveTopic))) react();
      }),
    [live, wanted, react],
  );
}
