// Hints between services and masters. They may be lost, repeated or late: everything also works by slow polling.

import type { LiveTopic } from '@tidewheel/protocol';

export interface SignalTopics {
  /** Schedules were added or changed, so the nearest fire may be sooner. */
  schedules: null;
  /** Backfills were begun or canceled. */
  backfills: null;
  /** Runs became ready in these lanes. */
  ready: { lanes: string[] };
  /** Delayed runs were written; the nearest may be sooner. */
  scheduled: null;
  /** Cancels were asked for attempts of these sessions. */
  cancel: { sessions: string[] };
  /** Pools have these sessions drain, or have taken them back. */
  cordons: { sessions: string[] };
  /** Pools or orders of them were changed. */
  pools: null;
  /** Rows that a page may be showing have changed. */
  changed: { namespace: string; topics: LiveTopic[] };
  /** Leases of these names were taken or released. */
  leases: { names: string[] };
  /** Orders were given to masters, or one has come. */
  masters: null;
  /** Locks of users, as `namespace name`, were released or taken. */
  locks: { locks: string[] };
  /** Locks of users, as `namespace name token`, were taken away from the holders with these tokens. */
  taken: { locks: string[] };
  /** Log lines were stored for these runs. */
  logs: { runs: string[] };
}
export type SignalTopic = keyof SignalTopics;

export interface Signals {
  /** Never throws and never waits; coalesced with others of the same tick. */
  publish<T extends SignalTopic>(topic: T, detail: SignalTopics[T]): void;
  /** Own publications arrive too. Returns the way to unsubscribe. */
  subscribe<T extends SignalTopic>(topic: T, receive: (detail: SignalTopics[T]) => void): () => void;
  close(): Promise<void>;
}
