// Programs under test as real processes: started with their output in a file, stopped, frozen and killed by their own id, and
// killed with everything else when this process ends, however it ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { cleanEnvironment } from '../support/tidewheel.ts';

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export interface ProgramOptions {
  readonly argv: readonly string[];
  readonly outputFile: string;
  readonly env?: Record<string, string>;
  /** Of the command line before node's own, such as a program that changes the network namespace. */
  readonly wrapper?: readonly string[];
  readonly cwd?: string;
}

export class FaultyProgram {
  readonly #child: ChildProcess;
  readonly #outputFile: string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Host time of the moments at which this process was killed, frozen, or let go on. */
  readonly deeds: { readonly signal: NodeJS.Signals; readonly at: number; readonly pids?: readonly number[] }[] = [];
  over = false;
  /** It was started so that it kills itself. */
  expectedToDie = false;
  endedAt: number | null = null;

  constructor(options: ProgramOptions) {
    const [program = process.execPath, ...args] = [...(options.wrapper ?? []), process.execPath, ...options.argv];
    const output = openSync(options.outputFile, 'a');
    this.#outputFile = options.outputFile;
    this.#child = spawn(program, args, {
      cwd: options.cwd,
      env: cleanEnvironment(options.env),
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    living.add(this.#child);
    this.ended = once(this.#child, 'exit').then(([code, signal]) => {
      living.delete(this.#child);
      this.over = true;
      this.endedAt = Date.now();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return readFileSync(this.#outputFile, 'utf8');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.over) return;
    this.deeds.push({ signal, at: Date.now() });
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.signal(signal);
    return this.ended;
  }

  /** Asks it to stop; a process that is frozen or does not obey is killed. */
  async dispose(withinMs = 8000): Promise<void> {
    if (this.over) return;
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    await this.ended;
    clearTimeout(timer);
  }
}

/** Looks again and again until `look` gives something. For states of other processes, which announce nothing. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs: number,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(everyMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
