// One program, from its start to its answer. It ends within its bound of time, whatever it does: its process group is killed, and what
// has left the group and holds the output open is not waited for.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock, Timer } from '../../ports/clock.ts';

export interface ProgramOptions {
  readonly program: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** For its standard input. */
  readonly text: string;
  readonly outputBytes: number;
  readonly errorBytes: number;
  readonly clock: Clock;
}

export interface ProgramEnd {
  /** Null when it ended well. */
  readonly why: string | null;
  readonly output: string;
  /** What it said on its standard error. */
  readonly said: string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** After it has ended, or was killed, for output that is still under way. */
const pipeWaitMs = 1000;

export class Program {
  readonly ended: Promise<ProgramEnd>;
  readonly #child: Child;
  readonly #clock: Clock;
  readonly #closed = Promise.withResolvers<void>();
  #lastWait: Timer | null = null;
  #why: string | null = null;

  constructor({ program, words, environment, text, outputBytes, errorBytes, clock }: ProgramOptions) {
    this.#clock = clock;
    const child = spawn(program, words, {
      // A group of its own, so that nothing that it has started is left behind.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment,
      cwd: '/',
    });
    this.#child = child;
    const output = gathered(child.stdout, outputBytes, () =>
      this.kill(`its answer is larger than ${outputBytes} bytes`),
    );
    const said = gathered(child.stderr, errorBytes, () => undefined);
    child.once('error', (error) => this.#failed(error));
    child.once('exit', (code, signal) => this.#exited(code, signal));
    child.once('close', () => this.#closed.resolve());
    // A program need not read its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(text);
    this.ended = this.#closed.promise.then(() => {
      this.#lastWait?.cancel();
      return { why: this.#why, output: output(), said: said() };
    });
  }

  kill(why: string): void {
    this.#why ??= why;
    this.#killGroup();
  }

  #failed(error: Error): void {
    this.#why ??= 'code' in error && error.code === 'ENOENT' ? 'there is no such program' : error.message;
    // One that was never started does not close.
    if (this.#child.pid === undefined) this.#closed.resolve();
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (code !== 0) this.#why ??= signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
    this.#killGroup();
  }

  #killGroup(): void {
    const { pid, stdout, stderr } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody is left in it.
    }
    this.#lastWait ??= this.#clock.timer(pipeWaitMs, () => {
      stdout.destroy();
      stderr.destroy();
      this.#closed.resolve();
    });
  }
}

/** The text so far. Over the limit nothing more is kept, and `over` is called. */
function gathered(stream: Readable, most: number, over: () => void): () => string {
  const pieces: Buffer[] = [];
  let size = 0;
  stream.on('error', () => undefined);
  stream.on('data', (piece: Buffer) => {
    if (size > most) return;
    size += piece.length;
    if (size > most) over();
    else pieces.push(piece);
  });
  return () => Buffer.concat(pieces).toString('utf8');
}
