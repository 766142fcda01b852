// Runs in the I/O thread: watches the main loop, says where it hangs, and sees to the end of a process that cannot end itself.
//
//   moves ──stands still, see hang-watch.ts──► hung: stack taken ──► `report`: let go again, the loop may come back
//                                                               └──► `exit`: attempts' processes killed, then this process
//   With a supervisor it is told, and it does the killing; if it does not, the guard does.

import { writeSync } from 'node:fs';
import { HangWatch } from '../worker/hang-watch.ts';
import { shortened } from '../worker/text-size.ts';
import { workerLimits } from '../worker/worker-limits.ts';
import { mainStarvedMs, stackOfMain } from './main-stack.ts';
import type { PulseReader } from './pulse.ts';
import type { NotesPipe } from './supervision/supervisor-notes.ts';

/** What is done about a main loop that hangs: `ignore` while a debugger may hold it. */
export type OnHang = 'report' | 'exit' | 'ignore';

export interface HangGuardOptions {
  readonly onHang: OnHang;
  readonly pulse: PulseReader;
  readonly notes: NotesPipe | null;
  /** The session's id, once it was welcomed. */
  readonly session: () => string | null;
  /** Kills the process groups of all attempts for good. */
  readonly killAttempts: () => Promise<void>;
}

const aliveEveryMs = 1000;
/** A supervisor that was told has this long to kill. */
const supervisorMs = 3000;

export class HangGuard {
  readonly #options: HangGuardOptions;
  readonly #watch = new HangWatch();
  readonly #timer: NodeJS.Timeout;
  #toldAt = -Infinity;
  #toldSession: string | null = null;
  #handled = false;

  constructor(options: HangGuardOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), workerLimits.hangLookMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The supervisor is gone. The main loop is told by its own lifeline; what it does not stop in time is stopped here. */
  orphaned(): void {
    setTimeout(() => void this.#endProcess(), workerLimits.abandonGraceMs);
  }

  /** Called before an attempt starts, too: it may end this process before the next look. */
  tellAlive(nowMs: number = performance.now()): void {
    const { notes, session } = this.#options;
    const id = session();
    if (notes === null || (nowMs - this.#toldAt < aliveEveryMs && id === this.#toldSession)) return;
    notes.tell({ type: 'alive', session: id });
    this.#toldAt = nowMs;
    this.#toldSession = id;
  }

  #look(): void {
    const { pulse, onHang } = this.#options;
    const nowMs = performance.now();
    this.tellAlive(nowMs);
    if (onHang === 'ignore') return;
    const hung = this.#watch.look({ nowMs, seq: pulse.seq, starvedMs: mainStarvedMs() });
    if (hung && !this.#handled) void this.#hung();
    this.#handled = hung;
  }

  async #hung(): Promise<void> {
    const { notes, pulse, onHang } = this.#options;
    const { frozenMs } = this.#watch;
    const { seq } = pulse;
    const stack = await stackOfMain(workerLimits.stackMs);
    const text = shortened(stack.text, workerLimits.stackBytes);
    if (onHang === 'report' || pulse.seq !== seq) {
      // It came back in this very moment: what it was doing is worth knowing all the same.
      say(`the main loop stands still for ${frozenMs} ms; this worker takes no work until it moves`, text);
      stack.release();
      return;
    }
    if (notes === null) {
      say(`the main loop hangs for ${frozenMs} ms: this process is ended`, text);
      await this.#endProcess();
    } else {
      notes.tell({ type: 'hung', frozenMs, stack: text });
      setTimeout(() => void this.#endProcess(), supervisorMs);
    }
  }

  async #endProcess(): Promise<void> {
    await this.#options.killAttempts();
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Not through the main thread, which hangs. */
function say(message: string, stack: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} error tidewheel: ${message}\n${stack}\n`);
  } catch {
    // Nobody reads stderr; the masters see that the worker takes no work.
    return;
  }
}
