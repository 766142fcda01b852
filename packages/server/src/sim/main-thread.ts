// The main thread of a simulated worker process, where attempts run. It can hang (user code in a loop without end) while the
// thread that speaks with the master goes on: heartbeats come, nothing else does.

import type { SimProcess } from './sim-process.ts';
import type { EventOwner, ScheduledEvent, VirtualTime } from './virtual-time.ts';

const pulseMs = 250;

export class MainThread implements EventOwner {
  readonly #process: SimProcess;
  readonly #time: VirtualTime;
  /** By true time; the last one may still be open. */
  readonly hangs: { from: number; to: number }[] = [];
  #held: ScheduledEvent[] = [];
  #hung = false;

  constructor(process: SimProcess, time: VirtualTime) {
    this.#process = process;
    this.#time = time;
  }

  get name(): string {
    return this.#process.name;
  }

  /** What the loop has counted: it grows with time, but not while the loop hangs. */
  get pulse(): number {
    const last = this.hangs.at(-1);
    return Math.floor((this.#hung && last !== undefined ? last.from : this.#time.now) / pulseMs);
  }

  after(delayMs: number, what: string, run: () => void): ScheduledEvent {
    return this.#time.after(delayMs, what, run, { owner: this, life: this.#process.life });
  }

  admit(event: ScheduledEvent): 'now' | 'never' | 'held' {
    const verdict = this.#process.admit(event);
    if (verdict !== 'now' || !this.#hung) return verdict;
    this.#held.push(event);
    return 'held';
  }

  hang(): void {
    if (this.#hung || !this.#process.up) return;
    this.#hung = true;
    this.hangs.push({ from: this.#time.now, to: Number.POSITIVE_INFINITY });
    this.#process.onEnd(() => this.release());
  }

  release(): void {
    const last = this.hangs.at(-1);
    if (!this.#hung || last === undefined) return;
    this.#hung = false;
    last.to = this.#time.now;
    for (const event of this.#held.splice(0)) this.#time.again(event);
  }
}
