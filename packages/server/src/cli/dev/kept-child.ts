// Keeps one child process of `dev` running: when it ends by itself, that is said and it is started again after a pause
// that grows while it keeps failing. Stopping is polite first, pressing after a grace, and certain in the end.

import type { Terminal } from '../terminal.ts';
import { Child, type ChildOptions } from './child.ts';

export interface KeptChildOptions extends Omit<ChildOptions, 'ended'> {
  /** How messages call it. */
  readonly name: string;
  readonly say: (text: string) => void;
}

const restartFirstMs = 500;
const restartMostMs = 15_000;
/** One that ran for so long is well again. */
const wellAfterMs = 30_000;
const pressedMs = 3000;

export class KeptChild {
  readonly #options: KeptChildOptions;
  readonly #terminal: Terminal;
  readonly #stopping = new AbortController();
  #child: Child | null = null;
  #loop: Promise<void> | null = null;

  constructor(options: KeptChildOptions, terminal: Terminal) {
    this.#options = options;
    this.#terminal = terminal;
  }

  start(): void {
    this.#loop ??= this.#keep();
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = restartFirstMs; !signal.aborted; pauseMs = Math.min(restartMostMs, pauseMs * 2)) {
      const startedAt = this.#terminal.nowMs();
      let how = '';
      this.#child = new Child({ ...this.#options, ended: (reason) => (how = reason) });
      await this.#child.gone;
      if (signal.aborted) return;
      if (this.#terminal.nowMs() - startedAt > wellAfterMs) pauseMs = restartFirstMs;
      this.#options.say(`${this.#options.name} ended (${how}); it starts again in ${pauseMs} ms`);
      await this.#terminal.sleep(pauseMs, signal);
    }
  }

  /** SIGTERM; after `graceMs` once more, which means "now"; at last SIGKILL. True when it ended within the grace. */
  async stop(graceMs: number): Promise<boolean> {
    this.#stopping.abort();
    const child = this.#child;
    if (child === null) return true;
    child.signal('SIGTERM');
    const inTime = await this.#goneWithin(child, graceMs);
    if (!inTime) {
      child.signal('SIGTERM');
      if (!(await this.#goneWithin(child, pressedMs))) child.signal('SIGKILL');
    }
    await this.#loop;
    return inTime;
  }

  async #goneWithin(child: Child, ms: number): Promise<boolean> {
    const gone = new AbortController();
    const ended = child.gone.then(() => gone.abort());
    await Promise.race([ended, this.#terminal.sleep(ms, gone.signal)]);
    return gone.signal.aborted;
  }
}
