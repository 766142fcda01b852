// One calm line per finished run, and when there are too many for a person to read, a count instead.

import type { FinishedRun } from '../../store/finished-feed.ts';
import { styleOfState } from '../listings.ts';
import { paint } from '../table.ts';
import { visibleLine } from '../text-width.ts';
import { tookText } from '../time-text.ts';

/** More lines than this in a second nobody reads. */
const linesPerSecond = 8;
const nameWidth = 24;
const marks = { succeeded: '✓', failed: '✗', lost: '✗', canceled: '⊘', skipped: '⊘' } as const;

export class FinishedLines {
  readonly #colour: boolean;
  #second = 0;
  #written = 0;
  /** By state: runs that were only counted. */
  #uncounted = new Map<string, number>();

  constructor(colour: boolean) {
    this.#colour = colour;
  }

  /** The lines to print for these runs now. */
  take(runs: readonly FinishedRun[], nowMs: number): string[] {
    const lines = this.flush(nowMs);
    for (const run of runs) {
      if (this.#written < linesPerSecond) {
        this.#written += 1;
        lines.push(this.#line(run));
      } else this.#uncounted.set(run.state, (this.#uncounted.get(run.state) ?? 0) + 1);
    }
    return lines;
  }

  /** The count of what was not shown, once its second is over. */
  flush(nowMs: number): string[] {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return [];
    this.#second = second;
    this.#written = 0;
    if (this.#uncounted.size === 0) return [];
    const counts = [...this.#uncounted].map(([state, count]) => `${count} ${state}`);
    this.#uncounted = new Map();
    return [paint(`          … and ${counts.join(', ')}`, 'dim', this.#colour)];
  }

  #line(run: FinishedRun): string {
    const at = paint(clockText(run.finished_at), 'dim', this.#colour);
    const mark = paint(marks[run.state], styleOfState(run.state), this.#colour);
    const took = run.started_at === null ? '' : ` in ${tookText(run.finished_at - run.started_at)}`;
    const state = run.state === 'succeeded' ? 'done' : run.state;
    const attempt = run.attempt > 1 ? `, attempt ${run.attempt}` : '';
    const error = run.error === null ? '' : `: ${visibleLine(messageOf(run.error))}`;
    return `${at}  ${mark} ${visibleLine(run.job).padEnd(nameWidth)} ${state}${took}${attempt}${error}`;
  }
}

function messageOf(error: string): string {
  const parsed: unknown = JSON.parse(error);
  const message = typeof parsed === 'object' && parsed !== null && 'message' in parsed ? parsed.message : '';
  return String(message).slice(0, 200);
}

function clockText(atMs: number): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' }).format(atMs);
}
