// The program itself for whole-system tests: one command and its outcome, and a running `tidewheel dev` in a directory of its
// own. Whatever a test leaves running is killed when the test process ends, by group, so that no child stays behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client } from '@tidewheel/sdk';
import { type ClientFile, readClientFile } from '../../packages/server/src/cli/settings-file.ts';

export const repositoryRoot = join(import.meta.dirname, '../..');
export const programArguments = ['--conditions=source', join(repositoryRoot, 'packages/server/src/main.ts')];

/** Nothing of the caller's own settings reaches the program. */
export function cleanEnvironment(more: Record<string, string> = {}): Record<string, string | undefined> {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(TIDEWHEEL_|XDG_|NODE_TEST|FORCE_COLOR)/.test(name),
  );
  return { ...Object.fromEntries(entries), NO_COLOR: '1', ...more };
}

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
}

export async function tidewheel(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const child = run([...programArguments, ...args], {
    ...options,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
  });
  child.stdin?.end(options.input);
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')];
  const { code, signal } = await endOf(child);
  return { code, signal, stdout: stdout(), stderr: stderr() };
}

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

function run(argv: readonly string[], options: CommandOptions & { stdin: 'ignore' | 'pipe' }): ChildProcess {
  const child = spawn(process.execPath, argv, {
    cwd: options.cwd ?? repositoryRoot,
    env: cleanEnvironment(options.env),
    stdio: [options.stdin, 'pipe', 'pipe'],
  });
  living.add(child);
  child.once('close', () => living.delete(child));
  return child;
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr', each: () => void = () => undefined): () => string {
  let text = '';
  child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    each();
  });
  return () => text;
}

function endOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** A new directory that is removed when the test is over. */
export function scratch(context: { after(work: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-test-'));
  context.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** A program that goes on running until it is told to stop. */
export class Program {
  readonly #child: ChildProcess;
  readonly #output: () => string;
  readonly #errors: () => string;
  readonly #ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #over = false;
  #heard: () => void = () => undefined;

  constructor(argv: readonly string[], options: CommandOptions = {}) {
    this.#child = run(argv, { ...options, stdin: 'ignore' });
    this.#output = collect(this.#child, 'stdout', () => this.#heard());
    this.#errors = collect(this.#child, 'stderr', () => this.#heard());
    this.#ended = endOf(this.#child).finally(() => {
      this.#over = true;
      this.#heard();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it has ended by itself. */
  get ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return this.#ended;
  }

  /** What it said on stdout, and then on stderr. */
  get output(): string {
    return this.#output() + this.#errors();
  }

  /** Waits until it has said this; fails when it ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found !== null) return found;
      if (this.#over) throw new Error(`it ended without saying ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Outcome> {
    this.signal(signal);
    const { code, signal: by } = await this.#ended;
    return { code, signal: by, stdout: this.#output(), stderr: this.#errors() };
  }
}

export class Dev extends Program {
  readonly data: string;

  private constructor(data: string, args: readonly string[], options: CommandOptions) {
    super([...programArguments, 'dev', '--port=0', `--data=${data}`, ...args], options);
    this.data = data;
  }

  /** Resolves when it says that it is ready. */
  static async start(data: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<Dev> {
    const dev = new Dev(data, args, options);
    await dev.says(/^ready in /m);
    return dev;
  }

  /** Address and token that it left for programs on this machine. */
  get access(): ClientFile {
    const file = readClientFile(this.data);
    if (file === null) throw new Error('dev left no client.json');
    return file;
  }

  get client(): Client {
    const { url, token, namespace } = this.access;
    return createClient({ address: url, token, namespace });
  }

  command(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    return tidewheel(args, { ...options, env: { TIDEWHEEL_DATA: this.data, ...options.env } });
  }
}

/** Looks again and again until `look` gives something; fails with what was seen last. For states that announce nothing. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > until) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
