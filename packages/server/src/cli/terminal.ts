// The one place where the command line meets the process: streams, environment, the person's clock and zone.
// Data goes to `out`, everything said about it to `err`, so that output can be piped.

import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Cells of the terminal, or null when stdout is a pipe or a file. */
  readonly outWidth: number | null;
  readonly errIsTerminal: boolean;
  readonly outColour: boolean;
  readonly errColour: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly cwd: string;
  nowMs(): number;
  /** Resolves early when the person interrupts. */
  sleep(ms: number, interrupted?: AbortSignal): Promise<void>;
  /** Asks on stderr; null when nobody can answer. */
  ask(question: string): Promise<string | null>;
  stdin(): Promise<string>;
  /** For programs that serve: a reader of their output who leaves does not end them. */
  outliveReader(): void;
  /** Aborted by the first SIGINT or SIGTERM once somebody has asked for it; a second one ends the process at once. */
  interruption(): AbortSignal;
}

export function processTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process;
  let serving = false;
  // `tidewheel run list | head` closes the pipe early: that is the reader's right, not an error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!serving) process.exit(0);
  });
  stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    out: (line) => void stdout.write(line),
    err: (line) => void stderr.write(line),
    outWidth: stdout.isTTY ? (stdout.columns ?? 80) : null,
    errIsTerminal: stderr.isTTY,
    outColour: wantsColour(stdout.isTTY, env),
    errColour: wantsColour(stderr.isTTY, env),
    env,
    home: env['HOME'] ?? homedir(),
    cwd: process.cwd(),
    nowMs: () => Date.now(),
    sleep: (ms, interrupted) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        interrupted?.addEventListener('abort', done, { once: true });
        function done(): void {
          clearTimeout(timer);
          interrupted?.removeEventListener('abort', done);
          resolve();
        }
      }),
    ask: async (question) => {
      if (!stdin.isTTY || !stderr.isTTY) return null;
      const reader = createInterface({ input: stdin, output: stderr });
      try {
        return await reader.question(question);
      } finally {
        reader.close();
      }
    },
    stdin: () => text(stdin),
    outliveReader: () => {
      serving = true;
    },
    interruption: processInterruption,
  };
}

/** https://no-color.org, and FORCE_COLOR for pipes that keep colour. */
function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return isTerminal && env['TERM'] !== 'dumb';
}

let interrupted: AbortController | null = null;

function processInterruption(): AbortSignal {
  if (interrupted !== null) return interrupted.signal;
  const controller = new AbortController();
  interrupted = controller;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(name);
    });
  }
  return controller.signal;
}
