// Runs programs and scripts, each in a process group of its own with a clean environment.
//
//   spawn ──► running ──► leader exited ──► pipes closed, or waited for long enough ──► end
//                │ stop
//                └─► SIGTERM to all ──► all gone, or grace over ──► SIGKILL to all until none is left ──► end
//
// An attempt that was stopped ends only when none of its processes is left, or says which could not be killed.

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { formatDuration, type Assign } from '@tidewheel/protocol';
import type { Ended, Execution, ExecutionReport, Executor } from '../../worker/executor.ts';
import type { WorkerClock } from '../../worker/session-ports.ts';
import { signalTree, treeMembers, type ProcessTree } from '../process-tree.ts';
import { LineReader } from './line-reader.ts';
import { OrphanGuard } from './orphan-guard.ts';
import { attemptMarker, environmentOf, shellLimits } from './shell-environment.ts';

type ShellHandler = Extract<Assign['handler'], { kind: 'shell' }>;
type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export class ShellExecutor implements Executor {
  readonly #clock: WorkerClock;
  readonly #guard = new OrphanGuard();

  constructor(clock: WorkerClock) {
    this.#clock = clock;
  }

  start(assign: Assign, report: ExecutionReport): Execution {
    const execution = new ShellExecution(assign, report, this.#clock, this.#guard);
    void execution.run();
    return execution;
  }
}

class ShellExecution implements Execution {
  readonly #assign: Assign;
  readonly #report: ExecutionReport;
  readonly #clock: WorkerClock;
  readonly #guard: OrphanGuard;
  readonly #exited = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>();
  readonly #closed = Promise.withResolvers<void>();
  #tree: ProcessTree | null = null;
  #graceEndsAt = Infinity;
  #stopping: Promise<string> | null = null;

  constructor(assign: Assign, report: ExecutionReport, clock: WorkerClock, guard: OrphanGuard) {
    this.#assign = assign;
    this.#report = report;
    this.#clock = clock;
    this.#guard = guard;
  }

  stop(_reason: string, graceMs: number): void {
    this.#graceEndsAt = Math.min(this.#graceEndsAt, this.#clock.monotonicMs() + graceMs);
    if (this.#tree !== null) this.#stopping ??= this.#stopTree(this.#tree);
  }

  async run(): Promise<void> {
    const handler = this.#assign.handler as ShellHandler;
    let directory: string | null = null;
    let ended: Ended;
    try {
      if (handler.script !== undefined) directory = await privateScript(handler.script);
      ended = await this.#execute(handler, directory);
    } catch (error) {
      // Spawning and writing the script are the only steps that throw.
      ended = { kind: 'failed', error: { kind: 'spawn', message: spawnMessage(handler, error) } };
    }
    this.#guard.release(this.#assign.attemptId);
    if (directory !== null) await this.#remove(directory);
    this.#report.end(ended);
  }

  async #remove(directory: string): Promise<void> {
    try {
      await rm(directory, { recursive: true, force: true });
    } catch (error) {
      this.#report.log('system', `the script's directory ${directory} could not be removed: ${String(error)}\n`);
    }
  }

  async #execute(handler: ShellHandler, directory: string | null): Promise<Ended> {
    if (this.#graceEndsAt < Infinity) return { kind: 'stopped', note: 'it had not started yet' };
    const argv = directory === null ? (handler.argv ?? []) : [...handler.interpreter, join(directory, 'script')];
    const child = await this.#spawn(argv, handler);
    const read = [this.#follow(child.stdout, 'stdout'), this.#follow(child.stderr, 'stderr')];
    // Stopped while it was being spawned.
    if (this.#graceEndsAt < Infinity && this.#tree !== null) this.#stopping ??= this.#stopTree(this.#tree);
    const { code, signal } = await this.#exited.promise;
    const note = this.#stopping === null ? '' : await this.#stopping;
    const open = await this.#waitForPipes();
    for (const reader of read) reader.end();
    if (open) {
      child.stdout.destroy();
      child.stderr.destroy();
      this.#report.log('system', 'a process left in the background keeps the output open; it is not read any more\n');
    }
    if (this.#stopping !== null) return { kind: 'stopped', note: note === '' ? await this.#stopping : note };
    if (code === 0) return { kind: 'done', output: '{"exitCode":0}' };
    const [kind, message] = signal === null ? ['exit', `exit code ${code}`] : ['signal', `ended by ${signal}`];
    return { kind: 'failed', error: { kind, message } };
  }

  #spawn([program = '', ...parameters]: readonly string[], handler: ShellHandler): Promise<Child> {
    const { promise, resolve, reject } = Promise.withResolvers<Child>();
    this.#guard.hold(this.#assign.attemptId, 0);
    const child = spawn(program, parameters, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environmentOf(this.#assign, handler.env, process.env),
      ...(handler.cwd === undefined ? {} : { cwd: handler.cwd }),
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => this.#exited.resolve({ code, signal }));
    child.once('close', () => this.#closed.resolve());
    child.once('spawn', () => {
      const group = child.pid ?? 0;
      this.#tree = { group, marker: attemptMarker(this.#assign.attemptId) };
      this.#guard.hold(this.#assign.attemptId, group);
      this.#report.spawned(group);
      resolve(child);
    });
    // A program need not read its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(this.#assign.payload ?? '');
    return promise;
  }

  #follow(pipe: Readable, stream: 'stdout' | 'stderr'): LineReader {
    const reader = new LineReader((text) => this.#report.log(stream, text));
    pipe.on('data', (bytes: Buffer) => reader.push(bytes));
    pipe.on('error', () => undefined);
    return reader;
  }

  /** True when something still holds them open after a bounded wait. */
  async #waitForPipes(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#clock.timer(shellLimits.pipeWaitMs, () => resolve(true));
    void this.#closed.promise.then(() => resolve(false));
    const open = await promise;
    timer.cancel();
    return open;
  }

  /** Resolves when no process is left, or nothing more can be done; says how it went. */
  async #stopTree(tree: ProcessTree): Promise<string> {
    const began = this.#clock.monotonicMs();
    await signalTree(tree, 'SIGTERM');
    while (this.#clock.monotonicMs() < this.#graceEndsAt) {
      if ((await treeMembers(tree)).length === 0) return 'it ended on SIGTERM';
      await this.#wait(Math.min(shellLimits.treePollMs, this.#graceEndsAt - this.#clock.monotonicMs()));
    }
    const after = formatDuration(Math.round((this.#clock.monotonicMs() - began) / 100) * 100);
    for (let round = 0; round < shellLimits.killRounds; round += 1) {
      const members = await treeMembers(tree);
      if (members.length === 0) return round === 0 ? 'it ended on SIGTERM' : `it was killed after ${after}`;
      await signalTree(tree, 'SIGKILL');
      await this.#wait(shellLimits.killPollMs);
    }
    const left = await treeMembers(tree);
    if (left.length === 0) return `it was killed after ${after}`;
    this.#exited.resolve({ code: null, signal: 'SIGKILL' });
    return `the kill is not confirmed: ${left.length > 1 ? 'processes' : 'process'} ${left.join(', ')} could not be ended`;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.timer(Math.max(1, delayMs), resolve);
    });
  }
}

/** Readable by this user only; gone with the attempt. */
async function privateScript(script: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tidewheel-'));
  await writeFile(join(directory, 'script'), script, { mode: 0o600 });
  return directory;
}

function spawnMessage(handler: ShellHandler, error: unknown): string {
  const program = (handler.script === undefined ? handler.argv : handler.interpreter)?.[0] ?? '';
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    const where = handler.cwd === undefined ? '' : `, or the directory ${handler.cwd} is missing`;
    return `the program "${program}" was not found on this worker${where}`;
  }
  if (code === 'EACCES') return `the program "${program}" may not be executed by this worker`;
  return `"${program}" could not be started: ${message}`;
}
