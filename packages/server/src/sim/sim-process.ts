// One simulated operating-system process: it lives, crashes (everything that was to happen to it never does), starts again as a
// new life, or is paused (what would happen is held back and then comes at once, as after a long garbage collection or a frozen VM).

import type { Clock, Timer } from '../ports/clock.ts';
import type { Random } from './random.ts';
import type { EventOwner, ScheduledEvent, VirtualTime } from './virtual-time.ts';

export interface ProcessClockOptions {
  /** Local milliseconds that pass in one true millisecond. */
  rate: number;
  /** How wrong the wall clock is, ms. */
  wallSkewMs: number;
}

export class SimProcess implements EventOwner {
  readonly name: string;
  readonly random: Random;
  /** By true time; the last one may still be open. */
  readonly pauses: { from: number; to: number }[] = [];
  readonly #time: VirtualTime;
  readonly #epochMs: number;
  readonly #onEnd: (() => void)[] = [];
  #clockOptions: ProcessClockOptions;
  #held: ScheduledEvent[] = [];
  #life = 0;
  #up = false;
  #paused = false;
  #bornAt = 0;

  constructor(name: string, time: VirtualTime, random: Random, epochMs: number, clock: ProcessClockOptions) {
    this.name = name;
    this.random = random;
    this.#time = time;
    this.#epochMs = epochMs;
    this.#clockOptions = clock;
  }

  get up(): boolean {
    return this.#up;
  }
  get paused(): boolean {
    return this.#paused;
  }
  /** Grows with each start; what belongs to an earlier life is dead. */
  get life(): number {
    return this.#life;
  }

  lives(life: number): boolean {
    return this.#up && this.#life === life;
  }

  start(): void {
    if (this.#up) throw new Error(`${this.name} is up already`);
    this.#life += 1;
    this.#up = true;
    this.#bornAt = this.#time.now;
  }

  /** The process is gone from this instant: no timer, no reply, no frame reaches it any more. */
  crash(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#held = [];
    for (const end of this.#onEnd.splice(0)) end();
    this.#endPause();
  }

  /** Called once when this life ends. */
  onEnd(end: () => void): void {
    this.#onEnd.push(end);
  }

  pause(): void {
    if (!this.#up || this.#paused) return;
    this.#paused = true;
    this.pauses.push({ from: this.#time.now, to: Number.POSITIVE_INFINITY });
  }

  resume(): void {
    if (!this.#paused) return;
    this.#endPause();
    for (const event of this.#held.splice(0)) this.#time.again(event);
  }

  #endPause(): void {
    const last = this.pauses.at(-1);
    if (this.#paused && last !== undefined) last.to = this.#time.now;
    this.#paused = false;
  }

  admit(event: ScheduledEvent): 'now' | 'never' | 'held' {
    if (!this.#up || event.life !== this.#life) return 'never';
    if (!this.#paused) return 'now';
    this.#held.push(event);
    return 'held';
  }

  /** Something that will happen to this life of the process. */
  after(delayMs: number, what: string, run: () => void): ScheduledEvent {
    return this.#time.after(delayMs, what, run, { owner: this, life: this.#life });
  }

  stepWallClock(byMs: number): void {
    this.#clockOptions = { ...this.#clockOptions, wallSkewMs: this.#clockOptions.wallSkewMs + byMs };
  }

  /** The clock of the present life. A dead life's clock stands still and takes no timers. */
  clock(): Clock {
    const life = this.#life;
    const start = this.random.between(0, 1_000_000_000);
    return {
      monotonicMs: () => start + (this.#time.now - this.#bornAt) * this.#clockOptions.rate,
      wallMs: () => this.#epochMs + this.#time.now + this.#clockOptions.wallSkewMs,
      timer: (delayMs, fire) => (this.lives(life) ? this.#timer(delayMs, fire) : { cancel: () => undefined }),
    };
  }

  #timer(delayMs: number, fire: () => void): Timer {
    const event = this.after(delayMs / this.#clockOptions.rate, 'timer', fire);
    return {
      cancel: () => {
        event.canceled = true;
      },
    };
  }
}
