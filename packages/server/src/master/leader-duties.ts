// What only one master does. While this one leads, each duty runs in a loop of its own; when the term ends they stop. A duty
// writes through its `Leader`, which has the term checked inside the same transaction: a duty that is still running when another
// master has begun to lead is refused by the store. Firing, dispatch and rescue are not here: every master does them.

import { asLeader, Deposed, type Term } from '../store/terms.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';
import type { Elector } from './elector.ts';
import { Loop, type Service } from './service.ts';

/** After a fenced write the loop is about to be stopped. */
const fencedRestMs = 1000;

export class LeaderDuties implements Service {
  readonly #context: MasterContext;
  readonly #elector: Elector;
  readonly #duties: readonly Duty[];
  #loops: { loop: Loop; duty: Duty }[] = [];
  /** Loops of earlier terms that still have a portion in hand. */
  readonly #ending = new Set<Promise<void>>();
  #unhear: (() => void) | null = null;
  #stopped = false;

  constructor(context: MasterContext, elector: Elector, duties: readonly Duty[]) {
    this.#context = context;
    this.#elector = elector;
    this.#duties = duties;
  }

  start(): Promise<void> {
    if (!this.#stopped && this.#unhear === null) {
      this.#unhear = this.#elector.onTerm((term) => this.#turn(term));
      this.#turn(this.#elector.term);
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unhear?.();
    this.#turn(null);
    await Promise.all(this.#ending);
  }

  #turn(term: Term | null): void {
    for (const { loop, duty } of this.#loops) {
      const ending = loop.stop().finally(() => duty.end?.());
      this.#ending.add(ending);
      void ending.finally(() => this.#ending.delete(ending));
    }
    this.#loops = term === null ? [] : this.#duties.map((duty) => ({ duty, loop: this.#loopOf(duty, term) }));
    for (const { loop } of this.#loops) void loop.start();
  }

  #loopOf(duty: Duty, term: Term): Loop {
    const { db } = this.#context;
    const leader: Leader = {
      term: term.term,
      trusted: () => this.#elector.term === term && this.#elector.trusted,
      transaction: (write) =>
        db.transaction(async (tx) => {
          await asLeader(tx, term);
          return write(tx);
        }),
      prepared: (write) => db.transaction((tx) => write(tx, () => asLeader(tx, term)), { patient: true }),
    };
    const work = duty.begin(leader, () => loop.wake());
    const loop = new Loop(`duty ${duty.name}`, this.#context, async () => {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Deposed)) throw error;
        // Not awaited: the end of the term stops this loop, which would wait for itself.
        void this.#elector.fenced(term).catch(this.#context.fatal);
        return fencedRestMs;
      }
    });
    return loop;
  }
}
