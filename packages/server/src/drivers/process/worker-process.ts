// One worker process of a pool, kept running until it is let go: what dies by itself is started again under the same name, after a pause that
// grows while it keeps dying.
//
//   starts ──► runs ──let go──► ends when its work is done ──► gone
//     ▲          │ dies
//     └──pause───┘   (three deaths in a row: it fails, until it has run for half a minute)
//
// It stands in a session of its own, so that a signal at the terminal reaches only the master. Its descriptor 3 is its lifeline: when the other
// end closes, its master is gone, and it finishes what it runs and leaves.

import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Machine } from '../../ports/scaler.ts';

export interface WorkerProcessOptions {
  /** Under which the worker registers. */
  readonly name: string;
  /** The program and its arguments, as they are when it starts. */
  readonly argv: () => readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** A line that it wrote on its standard error. */
  readonly line: (text: string) => void;
  /** It died by itself, and is started again after so long. */
  readonly died: (how: string, pauseMs: number) => void;
  /** It will not come back: let go, or it left by itself with its work done. */
  readonly gone: () => void;
}

const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** One that ran for so long is well again. */
const wellAfterMs = 30_000;
const failingDeaths = 3;
const noteCharacters = 300;

export class WorkerProcess {
  readonly name: string;
  readonly #options: WorkerProcessOptions;
  #child: ChildProcess | null = null;
  #pause: Timer | null = null;
  #going = false;
  #deaths = 0;
  #startedMs = 0;
  #startedAt = 0;
  #lastLine = '';
  #note: string | null = null;
  #ended: () => void = () => undefined;
  readonly end = new Promise<void>((resolve) => {
    this.#ended = resolve;
  });

  constructor(options: WorkerProcessOptions) {
    this.name = options.name;
    this.#options = options;
    this.#start();
  }

  get going(): boolean {
    return this.#going;
  }

  /** It is dead and waits to be started again, so it can go at once. */
  get waits(): boolean {
    return this.#pause !== null;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get machine(): Machine {
    const failing = this.#deaths >= failingDeaths && this.#options.clock.monotonicMs() - this.#startedMs < wellAfterMs;
    const state = this.#going
      ? 'stopping'
      : failing || (this.waits && this.#deaths >= failingDeaths)
        ? 'failing'
        : this.waits
          ? 'starting'
          : 'ready';
    const note = state === 'failing' || this.waits ? this.#note : null;
    return { worker: this.name, state, startedAt: this.#startedAt, endsAt: null, note };
  }

  /** It takes nothing new, finishes what it runs, and is not started again. Said again it changes nothing. */
  letGo(): void {
    if (this.#going) return;
    this.#going = true;
    if (this.#pause === null) this.#child?.kill('SIGTERM');
    else this.#leave();
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** This process need not wait for it. It notices when this process ends. */
  leaveAlone(): void {
    this.#pause?.cancel();
    const child = this.#child;
    if (child === null) return;
    child.unref();
    // Both are sockets of this process, whatever their declared types say.
    for (const stream of [child.stderr, child.stdio[3]]) if (stream instanceof Socket) stream.unref();
  }

  #start(): void {
    const { env, clock } = this.#options;
    this.#pause = null;
    this.#startedMs = clock.monotonicMs();
    this.#startedAt = clock.wallMs();
    const [program = process.execPath, ...words] = this.#options.argv();
    const child = spawn(program, words, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    this.#child = child;
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (text) => {
        this.#lastLine = text;
        this.#options.line(text);
      });
    // Nothing is ever written to it, and its end must not bring down the master.
    child.stdio[3]?.on('error', () => undefined);
    child.once('error', (error) => this.#dead(error.message, false));
    child.once('exit', (code, signal) => this.#dead(signal ?? `exit code ${code}`, code === 0));
  }

  /** With its work done it ends well: somebody has asked it to. */
  #dead(how: string, well: boolean): void {
    if (this.#child === null) return;
    this.#child = null;
    if (this.#going || well) {
      this.#leave();
      return;
    }
    const { clock, died } = this.#options;
    if (clock.monotonicMs() - this.#startedMs >= wellAfterMs) this.#deaths = 0;
    this.#deaths += 1;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#deaths - 1));
    const last = this.#lastLine === '' ? '' : `: ${this.#lastLine}`;
    this.#note = `it ended ${this.#deaths} times in a row (${how})${last}`.slice(0, noteCharacters);
    died(how, pauseMs);
    this.#pause = clock.timer(pauseMs, () => this.#start(), { background: true });
  }

  #leave(): void {
    this.#pause?.cancel();
    this.#pause = null;
    this.#ended();
    this.#options.gone();
  }
}
