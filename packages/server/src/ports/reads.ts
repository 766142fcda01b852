// Reads that may be a moment old: lists, history, charts. Where the store has replicas they are spread over those that are fit; what
// feeds a write, and whatever masters decide by, never comes this way.

import type { ReadReplica } from '@tidewheel/protocol';
import type { Change } from '../core/change.ts';
import type { Tx } from './database.ts';

/** One server of the store; it refuses to write. A failed query rejects with StoreUnavailable, and may be asked of the primary instead. */
export interface Replica extends Tx {
  readonly name: string;
  /** A place that holds everything it has answered until now; null when it does not say. */
  place(): Promise<Change | null>;
}

export interface Reads {
  /** How old an answer may be. */
  readonly staleMs: number;
  /** A replica within the bound that holds the change, the one with the least to do; null: nobody but the primary. */
  replica(change: Change | null): Promise<Replica | null>;
  /**
   * For the time that the primary does not answer: of the replicas that do, the one that was found within the bound last, with how old what it
   * holds may be; null: there is none that is as young as `mostMs`.
   */
  left(mostMs: number): { readonly replica: Replica; readonly ageMs: number } | null;
  /** A place that holds everything confirmed until now. Never rejects: when the primary does not say, it is one that no replica holds. */
  change(): Promise<Change>;
  /** Whether the change is of the history that the primary follows now. */
  current(change: Change): boolean;
  /** All servers that could be read from, as they were found last. */
  readonly replicas: readonly ReadReplica[];
  /** Told after each look at them. Returns how to stop that. */
  watch(looked: () => void): () => void;
  close(): Promise<void>;
}
