// The loop of a simulation: take the earliest event, run it, let every promise it settled run to its end, repeat.
//
// Promises are drained by crossing one real turn of the event loop (`setImmediate`). Between two turns the platform itself
// empties the microtask queue, whatever the depth of the promise chains, so no bound has to be guessed and no chain is ever cut;
// and the order is reproducible because nothing else lives in that loop: the store is synchronous, time is this queue.
// Measured: 0.8 µs a turn, against 2.5 µs for a fixed 64 microtask hops, which would be neither complete nor cheaper.

import { EventQueue, type QueuedEvent } from './event-queue.ts';
import type { Random } from './random.ts';
import type { Trace } from './trace.ts';

/** Who an event happens to. A dead owner's events are dropped, a paused owner's are held back. */
export interface EventOwner {
  readonly name: string;
  /** `now`: run it. `never`: its process is gone. `held`: the owner keeps it and schedules it again itself. */
  admit(event: ScheduledEvent): 'now' | 'never' | 'held';
}

export interface ScheduledEvent extends QueuedEvent {
  readonly what: string;
  readonly owner: EventOwner | null;
  /** The owner's life at the time of scheduling. */
  readonly life: number;
  readonly run: () => void;
  canceled: boolean;
}

export interface EventOptions {
  owner?: EventOwner;
  life?: number;
}

/** Events of one millisecond; more is somebody who goes round without waiting. */
const standingMost = 100_000;

export class VirtualTime {
  /** True time of the simulated world, whole milliseconds since its beginning. */
  now = 0;
  readonly trace: Trace;
  readonly #queue = new EventQueue<ScheduledEvent>();
  readonly #random: Random;
  #seq = 0;

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.trace = trace;
  }

  after(delayMs: number, what: string, run: () => void, options: EventOptions = {}): ScheduledEvent {
    this.#seq += 1;
    const event: ScheduledEvent = {
      at: this.now + Math.max(0, Math.ceil(delayMs)),
      priority: this.#random.next(),
      seq: this.#seq,
      what,
      owner: options.owner ?? null,
      life: options.life ?? 0,
      run,
      canceled: false,
    };
    this.#queue.push(event);
    return event;
  }

  /** Puts an event back that was held, to happen now, in the order that the seed gives. It keeps its cancel switch. */
  again(event: ScheduledEvent): void {
    if (event.canceled) return;
    this.#seq += 1;
    const fresh = { at: this.now, priority: this.#random.next(), seq: this.#seq };
    this.#queue.push(Object.assign(event, fresh));
  }

  /** Runs events until `done` says so, or none is left, or the next one lies beyond `until`. `now` ends at most at `until`. */
  async run(until: number, done: () => boolean = () => false): Promise<void> {
    await drained();
    let standing = 0;
    for (;;) {
      if (done()) return;
      const event = this.#queue.peek();
      if (event === undefined || event.at > until) {
        this.now = Math.max(this.now, until);
        return;
      }
      this.#queue.pop();
      if (event.canceled) continue;
      standing = event.at === this.now ? standing + 1 : 0;
      if (standing > standingMost)
        throw new Error(`time stands still: ${event.owner?.name ?? 'world'} goes round in ${event.what}`);
      this.now = event.at;
      const verdict = event.owner?.admit(event) ?? 'now';
      if (verdict !== 'now') continue;
      this.trace.add(this.now, event.owner?.name ?? 'world', event.what);
      event.run();
      await drained();
    }
  }
}

function drained(): Promise<void> {
  // oxlint-disable-next-line no-restricted-globals -- not a use of time: see the head of this file.
  return new Promise((resolve) => setImmediate(resolve));
}
