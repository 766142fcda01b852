// What all services of a master share: one start and stop shape, and a loop that looks, sleeps and can be woken.

import { Refusal } from '@tidewheel/protocol';
import type { Clock, Timer } from '../ports/clock.ts';
import { OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import type { Log } from '../ports/log.ts';

/** Both are safe to call twice, and stop before start. After `stop` resolved the service does nothing any more. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LoopDeps {
  clock: Clock;
  log: Log;
  /** Called once with a defect; the owner stops the process. */
  fatal: (error: unknown) => void;
}

/** Whether the store, not our code, is to blame, so that trying again later is right. */
export function isPassing(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof OutcomeUnknown || error instanceof Refusal;
}

const backoffFirstMs = 100;
const backoffMostMs = 3000;

/**
 * Runs `work` again and again: after the milliseconds that it returned, or as soon as it is woken.
 * A wake while `work` runs makes it run once more. When the store fails it backs off; any other error is fatal.
 */
export class Loop implements Service {
  readonly #name: string;
  readonly #deps: LoopDeps;
  readonly #work: () => Promise<number>;
  #state: 'new' | 'running' | 'stopped' = 'new';
  #busy: Promise<void> | null = null;
  #again = false;
  #timer: Timer | null = null;
  #backoffMs = 0;

  constructor(name: string, deps: LoopDeps, work: () => Promise<number>) {
    this.#name = name;
    this.#deps = deps;
    this.#work = work;
  }

  start(): Promise<void> {
    if (this.#state === 'new') {
      this.#state = 'running';
      this.wake();
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#timer?.cancel();
    this.#timer = null;
    await this.#busy;
  }

  wake(): void {
    if (this.#state !== 'running' || this.#backoffMs > 0) return;
    if (this.#busy !== null) {
      this.#again = true;
      return;
    }
    this.#timer?.cancel();
    this.#timer = null;
    this.#busy = this.#turn();
  }

  async #turn(): Promise<void> {
    let delayMs: number;
    try {
      this.#again = false;
      delayMs = await this.#work();
      this.#backoffMs = 0;
    } catch (error) {
      if (!isPassing(error)) {
        this.#state = 'stopped';
        this.#busy = null;
        this.#deps.fatal(error);
        return;
      }
      this.#backoffMs = Math.min(backoffMostMs, Math.max(backoffFirstMs, this.#backoffMs * 2));
      delayMs = this.#backoffMs;
      this.#deps.log.warn(`${this.#name} waits for the store`, { error: String(error), delayMs });
    }
    this.#busy = null;
    if (this.#state === 'running') this.#sleep(this.#again && this.#backoffMs === 0 ? 0 : delayMs);
  }

  #sleep(delayMs: number): void {
    this.#timer = this.#deps.clock.timer(Math.ceil(delayMs), () => {
      this.#timer = null;
      if (this.#state === 'running' && this.#busy === null) this.#busy = this.#turn();
    });
  }
}
