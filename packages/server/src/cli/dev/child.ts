// A child process of `dev`: its lines are passed on, its end is told, it is stopped politely and then for certain.
// It stands in a session of its own, so that Ctrl-C reaches only `dev`, which then decides the order of stopping.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  /** Arguments of Node. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line of its stdout or stderr. */
  readonly line: (text: string) => void;
  readonly ended: (how: string) => void;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #gone: Promise<void>;

  constructor(options: ChildOptions) {
    this.#process = spawn(process.execPath, options.argv, {
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#process;
    for (const stream of [stdout, stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', options.line);
    }
    // The lifeline: nothing is ever written to it, and its end must not bring down the parent.
    this.#process.stdio[3]?.on('error', () => undefined);
    this.#gone = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        options.ended(error.message);
        resolve();
      });
      this.#process.once('exit', (code, signal) => {
        options.ended(signal === null ? `exit code ${code}` : signal);
        resolve();
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get gone(): Promise<void> {
    return this.#gone;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }
}
