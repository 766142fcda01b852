// From a wall time, day by day to the nearest day on which it is left by the calendars. Times of one clock that are taken out meet on
// their way, so each remembers how far the way was walked: the walks of a year of hourly times are one walk of 24 hours' times.

import { dayMs } from '../days.ts';
import { type ClockRules, instantsByRules, type WallTiming } from '../wall-times.ts';
import { instantsOf, type ZoneClock } from '../zone-clock.ts';
import type { OpenDays } from './open-days.ts';

/** Whose wall times are meant, and what becomes of those that a change of the clock touches. */
export interface WallClass {
  readonly clock: ZoneClock;
  readonly rules: ClockRules;
  readonly timing: WallTiming;
}

/** The first wall time that is left (with its instant), or the last that is known to be taken out (null). */
interface Walked {
  readonly wall: number;
  readonly at: number | null;
}

/** How far a time is moved at most. */
export const farthestDays = 366;
/** Hourly times of two years. A full memory is emptied and fills again. */
const wallsKept = 20_000;

export class DaySteps {
  readonly #class: WallClass;
  readonly #days: OpenDays;
  readonly #stepMs: number;
  readonly #walked = new Map<number, Walked>();

  constructor(wallClass: WallClass, days: OpenDays, move: 'next' | 'previous') {
    this.#class = wallClass;
    this.#days = days;
    this.#stepMs = move === 'next' ? dayMs : -dayMs;
  }

  /** The instant on the nearest day that is left, or null when that is too far. */
  from(start: number): number | null {
    const farthest = farthestDays * dayMs;
    const passed = [start];
    let found: Walked | undefined;
    for (let wall = start; found === undefined; ) {
      const known = this.#walked.get(wall);
      if (known?.at !== null && known !== undefined) found = known;
      else {
        const last = known?.wall ?? wall;
        const next = last + this.#stepMs;
        if (Math.abs(next - start) > farthest) found = { wall: last, at: null };
        else {
          const at = this.#instantOf(next);
          if (this.#days.isOpen(at)) found = { wall: next, at };
          else passed.push(next);
        }
        wall = next;
      }
    }
    if (this.#walked.size + passed.length > wallsKept) this.#walked.clear();
    for (const wall of passed) this.#walked.set(wall, found);
    return Math.abs(found.wall - start) > farthest ? null : found.at;
  }

  /** One instant for one time. Of a day without that wall time, whatever the rules, the end of its gap: to leave it out would pass over a day that is left. */
  #instantOf(wall: number): number {
    const { clock, rules, timing } = this.#class;
    const [at] = instantsByRules(clock.zone, wall, rules, timing);
    if (at !== undefined) return at;
    const instants = instantsOf(clock.zone, wall);
    return instants.kind === 'gap' ? instants.change.at : instants.kind === 'one' ? instants.at : instants.first;
  }
}
