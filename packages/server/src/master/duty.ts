// A duty: what only the leader does, for one term, and what it is given for that. master/leader-duties.ts runs them.

import type { Tx } from '../ports/database.ts';

/** The leadership as a duty uses it: for one term. */
export interface Leader {
  readonly term: number;
  /** Whether the coordinator confirms the lease right now. Ask before anything that no transaction fences. */
  trusted(): boolean;
  /** A transaction of this term; throws Deposed when it is over. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * One that prepares for longer, without limits of time. Only what comes after `confirm` is of this term, so that a new one need not wait
   * for the preparation: nobody may see or feel it before that.
   */
  prepared<T>(work: (tx: Tx, confirm: () => Promise<void>) => Promise<T>): Promise<T>;
}

export interface Duty {
  readonly name: string;
  /** Made anew for every term, so that nothing remembered outlives it. Each call does a bounded portion and tells when it wants the next; `wake` brings that forward. */
  begin(leader: Leader, wake?: () => void): () => Promise<number>;
  /** The term is over and its work has ended. */
  end?(): void;
}
