// One life of a supervised worker process, seen from its supervisor: what it tells, how long it has been silent, which process
// groups its attempts run in, and how it ended. The process stands in a session of its own, so that Ctrl-C at the terminal
// reaches only the supervisor. Its descriptors 3 and 4 are its lifeline and the pipe for its notes.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { attemptMarker } from '../executors/shell-environment.ts';
import { signalTree, treeMembers, type ProcessTree } from '../process-tree.ts';
import { readNotes, type SupervisorNote } from './supervisor-notes.ts';

export const lifelineFd = 3;
export const notesFd = 4;

/**
 * Nothing came from the I/O thread for so long: the process is stopped, or so starved that it is as good as that. Its last
 * heartbeat is at most one interval (3 s) older, so its attempts end before the worker's own lease does (12 s), and before
 * masters give them away (15 s).
 */
const silentMs = 8000;
const lookMs = 250;
const killRounds = 40;
const killPollMs = 50;

export interface Death {
  /** Why it was killed; null when it ended by itself. */
  readonly killedFor: { reason: 'hung' | 'silent'; detail: string } | null;
  readonly code: number | null;
  /** Its name, such as SIGKILL; a plain string, so that these declarations need nothing of Node's types. */
  readonly signal: string | null;
  /** The session it had, when some master had welcomed it. */
  readonly session: string | null;
  /** How its session closed, when it did. */
  readonly closed: 'drained' | 'stopped' | 'refused' | null;
  /** Nothing of its attempts is left. */
  readonly swept: boolean;
}

export class SupervisedProcess {
  readonly #child: ChildProcess;
  readonly #groups = new Map<string, number>();
  readonly #watch: NodeJS.Timeout;
  readonly #death: Promise<Death>;
  #session: string | null = null;
  #closed: Death['closed'] = null;
  #killedFor: Death['killedFor'] = null;
  /** Counted by looks that came in time, so that a pause of the supervisor or of the whole machine accuses nobody. */
  #silentMs: number | null = null;
  #lookedAt = performance.now();

  constructor(argv: readonly string[], env: Readonly<Record<string, string | undefined>>) {
    this.#child = spawn(process.execPath, argv, {
      env,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    });
    for (const fd of [lifelineFd, notesFd]) this.#child.stdio[fd]?.on('error', () => undefined);
    readNotes(this.#child.stdio[notesFd] as Duplex, (note) => this.#hear(note));
    this.#watch = setInterval(() => this.#look(), lookMs);
    this.#death = this.#live();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it has ended and its attempts' processes are gone, or cannot be ended. */
  get death(): Promise<Death> {
    return this.#death;
  }

  signal(name: string): void {
    this.#child.kill(name as NodeJS.Signals);
  }

  #hear(note: SupervisorNote): void {
    this.#silentMs = 0;
    if (note.type === 'alive') this.#session = note.session;
    else if (note.type === 'spawned') this.#groups.set(note.attemptId, note.pid);
    else if (note.type === 'gone') this.#groups.delete(note.attemptId);
    else if (note.type === 'closed') this.#closed = note.how;
    else this.#kill('hung', `the main loop stood still for ${note.frozenMs} ms:\n${note.stack}`);
  }

  #look(): void {
    const now = performance.now();
    const gapMs = now - this.#lookedAt;
    this.#lookedAt = now;
    // Until its first note it is loading, which takes as long as it takes; after its farewell it may take leave as it likes.
    if (this.#silentMs === null || this.#closed !== null) return;
    this.#silentMs += Math.min(gapMs, 2 * lookMs);
    if (this.#silentMs >= silentMs) this.#kill('silent', `nothing came from it for ${Math.round(this.#silentMs)} ms`);
  }

  #kill(reason: 'hung' | 'silent', detail: string): void {
    if (this.#killedFor !== null) return;
    this.#killedFor = { reason, detail };
    this.#child.kill('SIGKILL');
    // At once, not only when the process is reaped: masters may give these attempts away before long.
    for (const tree of this.#trees()) void signalTree(tree, 'SIGKILL');
  }

  async #live(): Promise<Death> {
    const { promise, resolve } = Promise.withResolvers<Pick<Death, 'code' | 'signal'>>();
    this.#child.once('error', () => resolve({ code: 1, signal: null }));
    // `close`, not `exit`: the notes that it wrote last must have been read.
    this.#child.once('close', (code, signal) => resolve({ code, signal }));
    const { code, signal } = await promise;
    clearInterval(this.#watch);
    const swept = await this.#sweep();
    return { killedFor: this.#killedFor, code, signal, session: this.#session, closed: this.#closed, swept };
  }

  #trees(): ProcessTree[] {
    return [...this.#groups].map(([attemptId, group]) => ({ group, marker: attemptMarker(attemptId) }));
  }

  /** What a worker leaves behind that could not stop its attempts itself. */
  async #sweep(): Promise<boolean> {
    const trees = this.#trees();
    for (let round = 0; round < killRounds; round += 1) {
      let left = 0;
      for (const tree of trees) {
        left += (await treeMembers(tree)).length;
        await signalTree(tree, 'SIGKILL');
      }
      if (left === 0) return true;
      await new Promise((resolve) => setTimeout(resolve, killPollMs));
    }
    return false;
  }
}
