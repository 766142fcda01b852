// The command line run within the test process: fast, and with a terminal that a test can shape (width, colour, answers).

import { runCommandLine } from '../../packages/server/src/cli/program.ts';
import type { Terminal } from '../../packages/server/src/cli/terminal.ts';

export interface Captured {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Shape {
  readonly env?: Readonly<Record<string, string>>;
  readonly home?: string;
  readonly cwd?: string;
  /** Cells; a pipe when absent. */
  readonly width?: number;
  readonly colour?: boolean;
  readonly input?: string;
  /** What a person types when asked; nobody is there when absent. */
  readonly answer?: string;
  readonly interruption?: AbortSignal;
}

export async function captured(argv: readonly string[], shape: Shape = {}): Promise<Captured> {
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    outWidth: shape.width ?? null,
    errIsTerminal: shape.width !== undefined,
    outColour: shape.colour ?? false,
    errColour: shape.colour ?? false,
    env: shape.env ?? {},
    home: shape.home ?? '/nonexistent',
    cwd: shape.cwd ?? '/nonexistent',
    nowMs: () => Date.now(),
    sleep: (ms, interrupted) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        interrupted?.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
    ask: (question) => {
      stderr += question;
      return Promise.resolve(shape.answer ?? null);
    },
    stdin: () => Promise.resolve(shape.input ?? ''),
    outliveReader: () => undefined,
    interruption: () => shape.interruption ?? new AbortController().signal,
  };
  const code = await runCommandLine(argv, terminal);
  return { code, stdout, stderr };
}
