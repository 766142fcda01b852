// Watches how a cluster comes back after healing: who leads, how many runs are unfinished, how much the masters ask of the store.
// It looks from outside, so what it does takes no part in the simulation.

import type { SimMaster } from './sim-master.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Recovery {
  /** In order. `unfinished` is null before the last schedule was paused. */
  readonly looks: { readonly when: number; readonly leaders: readonly string[]; readonly unfinished: number | null }[];
  /** Statements that each master had carried out, by second since healing. */
  readonly statements: ReadonlyMap<string, readonly number[]>;
  /** Calls of the API that reached each master, likewise. */
  readonly calls: ReadonlyMap<string, readonly number[]>;
  /** Results that workers reported to each master, likewise: those too that it was told before. */
  readonly results: ReadonlyMap<string, readonly number[]>;
}

const lookEveryMs = 500;

export class RecoveryWatch {
  readonly looks: Recovery['looks'] = [];
  readonly #time: VirtualTime;
  readonly #masters: readonly SimMaster[];
  readonly #statements = new Map<string, number[]>();
  readonly #calls = new Map<string, number[]>();
  readonly #results = new Map<string, number[]>();
  #healedAt: number | null = null;
  #unfinished: number | null = null;
  #ended = false;

  constructor(time: VirtualTime, masters: readonly SimMaster[]) {
    this.#time = time;
    this.#masters = masters;
    for (const counts of [this.#statements, this.#calls, this.#results])
      for (const { process } of masters) counts.set(process.name, []);
  }

  begin(): void {
    this.#healedAt = this.#time.now;
    this.#look();
  }

  /** The simulation is over: what is looked at from here on means nothing. */
  end(): void {
    this.#ended = true;
  }

  /** How many runs somebody has just counted, when no new ones come. */
  counted(unfinished: number): void {
    this.#unfinished = unfinished;
  }

  /** The store has carried out a statement of this process. */
  statement(process: string): void {
    this.#count(this.#statements, process);
  }

  /** A call of the API has reached this process, which now answers it. */
  call(process: string): void {
    this.#count(this.#calls, process);
  }

  /** A worker's report of a result has reached this process. */
  result(process: string): void {
    this.#count(this.#results, process);
  }

  get oneLeads(): boolean {
    return this.looks.at(-1)?.leaders.length === 1;
  }

  get found(): Recovery {
    return { looks: this.looks, statements: this.#statements, calls: this.#calls, results: this.#results };
  }

  #count(counts: ReadonlyMap<string, number[]>, process: string): void {
    const seconds = this.#healedAt === null ? undefined : counts.get(process);
    if (seconds === undefined || this.#healedAt === null || this.#ended) return;
    const second = Math.floor((this.#time.now - this.#healedAt) / 1000);
    seconds[second] = (seconds[second] ?? 0) + 1;
  }

  #look(): void {
    if (this.#ended) return;
    const leaders = this.#masters.flatMap(({ process, master }) =>
      (master?.elector.term ?? null) === null ? [] : [process.name],
    );
    this.looks.push({ when: this.#time.now, leaders, unfinished: this.#unfinished });
    this.#time.after(lookEveryMs, 'a look at the leaders', () => this.#look());
  }
}
