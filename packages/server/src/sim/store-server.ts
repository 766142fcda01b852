// The one store of a simulated cluster: the real SQL on SQLite in memory, behind a model of a server that can be slow, away,
// or silent about what it did. One transaction at a time; who waits is served in an order that the seed chooses.
// Row locks and isolation levels are not modelled: concurrent tests on PostgreSQL hold that side.

import type { Database, Dialect } from '../ports/database.ts';
import type { Lineage } from '../ports/store-history.ts';
import type { Random } from './random.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What happens to a COMMIT (or to a single writing statement) when it reaches the server. */
export type CommitFate =
  | 'done'
  /** Committed, but the caller never hears of it. */
  | 'done-unheard'
  /** Rolled back because the connection broke; the caller cannot know. */
  | 'undone-unheard'
  /** Rolled back as a deadlock's victim: the driver runs the work again. */
  | 'deadlock'
  /** The caller's process dies while the commit is on its way, or right after it. */
  | 'done-crash'
  | 'undone-crash';

export interface StoreMix {
  /** One way between a process and the store, ms. */
  latencyMs: readonly [low: number, high: number];
  /** Shares of commits. */
  doneUnheard: number;
  undoneUnheard: number;
  deadlock: number;
  crash: number;
  /** A transaction whose client is silent this long is rolled back, ms. */
  idleMs: readonly [low: number, high: number];
}

export const calmStore: StoreMix = {
  latencyMs: [0, 2],
  doneUnheard: 0,
  undoneUnheard: 0,
  deadlock: 0,
  crash: 0,
  idleMs: [5000, 5000],
};

interface Waiter {
  process: SimProcess;
  life: number;
  grant: (release: () => void) => void;
  lose: () => void;
}

export class StoreServer {
  readonly real: Database;
  /** As of a server that knows its timeline: the database has `sim_timeline()`. */
  readonly dialect: Dialect;
  readonly random: Random;
  readonly time: VirtualTime;
  mix: StoreMix;
  /** Ends the life of a process, as the fault injector does it. */
  crash: (process: SimProcess) => void = (process) => process.crash();
  /** How often each fate met a commit, for the summary. */
  readonly fates = new Map<CommitFate, number>();
  /** Told of every statement that is carried out. */
  watch: (process: string) => void = () => undefined;
  readonly #cutOff = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #heads = new Map<string, string>();
  readonly #open = new Set<() => void>();
  #lineage: Lineage = { systemId: 'simulated', timeline: 1, startedAt: '' };
  #outageUntil = 0;
  #busy = false;
  #waiting: Waiter[] = [];
  #between: ((release: () => void) => void)[] = [];

  constructor(real: Database, time: VirtualTime, random: Random, mix: StoreMix) {
    this.real = real;
    this.dialect = { ...real.dialect, timeline: 'sim_timeline()' };
    this.time = time;
    this.random = random;
    this.mix = mix;
  }

  get lineage(): Lineage {
    return this.#lineage;
  }

  /** Between two transactions, before all who wait. */
  async between<T>(work: () => Promise<T>): Promise<T> {
    const release = await new Promise<() => void>((resolve) => {
      this.#between.push(resolve);
      this.#admitNext();
    });
    try {
      return await work();
    } finally {
      release();
    }
  }

  /**
   * Another server takes over, in a timeline of its own: every connection is gone, with the transaction that was open and all who
   * waited. `prepare` makes it what it is before anybody is served.
   */
  takeOver(prepare: () => Promise<void>): Promise<void> {
    for (const cut of this.#open) cut();
    for (const { lose } of this.#waiting.splice(0)) lose();
    return this.between(async () => {
      await prepare();
      this.#lineage = { ...this.#lineage, timeline: this.#lineage.timeline + 1 };
    });
  }

  /** Called when the connection of an open transaction breaks because another server takes over. Returns how to forget it. */
  opened(cut: () => void): () => void {
    this.#open.add(cut);
    return () => this.#open.delete(cut);
  }

  /** Nobody reaches the store for a while. */
  outage(durationMs: number): void {
    this.#outageUntil = Math.max(this.#outageUntil, this.time.now + durationMs);
  }

  /** This process does not reach the store for a while. */
  cutOff(process: SimProcess, durationMs: number): void {
    this.#cutOff.set(process.name, this.time.now + durationMs);
  }

  heal(): void {
    this.mix = calmStore;
    this.#outageUntil = 0;
    this.#cutOff.clear();
  }

  unreachableBy(process: SimProcess): boolean {
    return this.time.now < this.#outageUntil || this.time.now < (this.#cutOff.get(process.name) ?? 0);
  }

  latencyMs(): number {
    const [low, high] = this.mix.latencyMs;
    return this.random.skewed(low, high);
  }

  idleMs(): number {
    return this.random.between(...this.mix.idleMs);
  }

  /** Writes a statement and what came of it into the trace. */
  note(process: SimProcess, sql: string, result: readonly unknown[] | 'failed'): void {
    this.watch(process.name);
    this.#asked.set(process.name, this.time.now);
    const outcome = result === 'failed' ? result : `${result.length} rows`;
    this.time.trace.add(this.time.now, process.name, `sql ${this.#headOf(sql)} → ${outcome}`);
  }

  /** When a statement of a process was last carried out. */
  askedAt(process: string): number {
    return this.#asked.get(process) ?? Number.NEGATIVE_INFINITY;
  }

  #headOf(sql: string): string {
    let head = this.#heads.get(sql);
    if (head === undefined) {
      head = sql.replaceAll(/\s+/g, ' ').trim().slice(0, 100);
      this.#heads.set(sql, head);
    }
    return head;
  }

  /** `retries`: whether a deadlock is still possible for this work. */
  commitFate(process: SimProcess, retries: boolean): CommitFate {
    const fate = this.#drawFate(retries);
    if (fate !== 'done') {
      this.fates.set(fate, (this.fates.get(fate) ?? 0) + 1);
      this.time.trace.add(this.time.now, process.name, `commit ${fate}`);
      // An answer is most often lost because the way to the store is, so that reading back fails as well.
      const unheard = fate === 'done-unheard' || fate === 'undone-unheard';
      if (unheard && this.random.chance(0.4)) this.cutOff(process, this.random.skewed(10, 5000));
    }
    return fate;
  }

  #drawFate(retries: boolean): CommitFate {
    const { doneUnheard, undoneUnheard, deadlock, crash } = this.mix;
    let draw = this.random.fraction();
    if ((draw -= doneUnheard) < 0) return 'done-unheard';
    if ((draw -= undoneUnheard) < 0) return 'undone-unheard';
    if ((draw -= crash / 2) < 0) return 'done-crash';
    if ((draw -= crash / 2) < 0) return 'undone-crash';
    if ((draw -= deadlock) < 0 && retries) return 'deadlock';
    return 'done';
  }

  /**
   * Waits for the store's only place; the one who gets it must release it. Waiters whose process has died are forgotten. Null: the
   * connection is gone.
   */
  enter(process: SimProcess, life: number): Promise<(() => void) | null> {
    return new Promise((resolve) => {
      this.#waiting.push({ process, life, grant: resolve, lose: () => resolve(null) });
      this.#admitNext();
    });
  }

  #admitNext(): void {
    if (this.#busy) return;
    const grant = this.#between.shift() ?? this.#drawWaiter();
    if (grant === null) return;
    this.#busy = true;
    let released = false;
    grant(() => {
      if (released) return;
      released = true;
      this.#busy = false;
      this.#admitNext();
    });
  }

  #drawWaiter(): Waiter['grant'] | null {
    this.#waiting = this.#waiting.filter((waiter) => waiter.process.lives(waiter.life));
    if (this.#waiting.length === 0) return null;
    const [waiter] = this.#waiting.splice(this.random.between(0, this.#waiting.length - 1), 1);
    return waiter?.grant ?? null;
  }
}
