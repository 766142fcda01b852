// Times that a calendar takes out, moved to the same wall time of the nearest day that remains.
//
//   move: next        Fri 18:00 ── fires       Sat 18:00 ─┐  Sun 18:00 ─┐  Mon 18:00 ── fires once: three times fall together
//                                                         └─────────────┴──▲
//
// The wall time is the one that the trigger names, on the clock of the trigger: where a change of the clock has shifted a time, the
// shift belongs to the day that was left and not to the day it comes to. Times that find no day within a year do not occur.
//
// To know the next time, all are looked at that may come to lie there: back (or ahead, for `previous`) to a day that nothing is moved
// across. Such a day remains whole, and no clock is changed near it: then the times of each day, 24 hours apart, have one on it.

import { dayMs } from '../days.ts';
import { serverLimits } from '../limits.ts';
import type { ZoneClock } from '../zone-clock.ts';
import { type CalendarRule, nextRemaining } from './calendar-rule.ts';
import { DaySteps, farthestDays, type WallClass } from './day-steps.ts';
import { OpenDays } from './open-days.ts';
import { clocksOf, firstOfAll, namedWalls, type Trigger } from './triggers.ts';

/** With what the clocks of triggers and schedule may be apart. */
const reachDays = farthestDays + 2;

export class Moves {
  readonly #rule: CalendarRule;
  readonly #triggers: readonly Trigger[];
  readonly #clocks: ReadonlySet<ZoneClock>;
  readonly #days: OpenDays;
  readonly #steps = new Map<string, DaySteps>();
  /** A day of which something remains, found before: it only saves looking for it again. */
  #openDay = -Infinity;

  constructor(rule: CalendarRule, triggers: readonly Trigger[]) {
    this.#rule = rule;
    this.#triggers = triggers;
    this.#clocks = new Set([rule.clock, ...triggers.flatMap(clocksOf)]);
    this.#days = new OpenDays(rule);
  }

  /** The first moved or unmoved time later than `after`, or null. */
  next(after: number): number | null {
    return this.#rule.move === 'next' ? this.#nextForward(after) : this.#nextBackward(after);
  }

  /** The time that was moved to `at`, or null when it was always there. */
  movedFrom(at: number): number | null {
    if (this.#days.isOpen(at) && firstOfAll(this.#triggers, at - 1) === at) return null;
    const forward = this.#rule.move === 'next';
    const from = forward ? this.#earliest(at) : at;
    const until = forward ? at : this.#latest(at);
    for (const { time, landings } of this.#times(from - 1)) {
      if (time >= until) return null;
      if (landings.includes(at)) return time;
    }
    return null;
  }

  /** Where a time falls: itself when it remains, nowhere when no day remains within a year. Several, where a gap has let several fall together. */
  landings(time: number): number[] {
    if (this.#days.isOpen(time)) return [time];
    return namedWalls(this.#triggers, time, this.#rule).flatMap(({ wall, ...named }) => {
      const at = this.#stepsOf(named).from(wall);
      return at === null ? [] : [at];
    });
  }

  /** Times are never moved to before themselves: from the first that may land there, up to the nearest landing. */
  #nextForward(after: number): number | null {
    let nearest: number | null = null;
    for (const { time, landings } of this.#times(this.#earliest(after) - 1)) {
      if (nearest !== null && time >= nearest) break;
      nearest = earlier(nearest, landings, after);
    }
    return nearest;
  }

  /** Times are never moved to after themselves: from the next one on, as far ahead as one may land before the nearest landing. */
  #nextBackward(after: number): number | null {
    let nearest: number | null = null;
    let until = Infinity;
    for (const { time, landings } of this.#times(after)) {
      if (time >= until) break;
      const found = earlier(nearest, landings, after);
      if (found !== null && found !== nearest) until = this.#latest(found);
      nearest = found;
    }
    return nearest;
  }

  /** The times of the triggers later than `after`, as many as one search may look at, without stretches of which nothing can land. */
  *#times(after: number): Generator<{ time: number; landings: number[] }> {
    let time = firstOfAll(this.#triggers, after);
    let open: number | null = -Infinity;
    for (let looked = 0; time !== null && looked < serverLimits.movedTimes; looked += 1) {
      const landings = this.landings(time);
      yield { time, landings };
      let from = time;
      if (landings.length === 0 && this.#nothingBehind(time)) {
        if (time >= open) open = nextRemaining(this.#rule, (moment) => moment + 1, time);
        if (open === null) return;
        // What comes before it is moved there from so far at most, or never.
        from = Math.max(time, open - 1 - (this.#rule.move === 'next' ? reachDays * dayMs : 0));
      }
      time = firstOfAll(this.#triggers, from);
    }
  }

  /** Nothing remains of the day of a time, nor, where times are moved back, of any day that they may be moved back to. */
  #nothingBehind(time: number): boolean {
    const day = this.#days.numberAt(time);
    const reach = this.#rule.move === 'next' ? 0 : reachDays;
    if (day >= this.#openDay && day - this.#openDay <= reach) return false;
    for (let back = 0; back <= reach; back += 1) {
      if (this.#days.isEmpty(day - back)) continue;
      this.#openDay = day - back;
      return false;
    }
    return true;
  }

  /** No time before lands later than `at`. */
  #earliest(at: number): number {
    const day = this.#days.numberAt(at);
    let first = day;
    while (day - first < reachDays && !this.#stops(first - 1)) first -= 1;
    return this.#days.day(first).from;
  }

  /** No time from here on lands earlier than `at`. */
  #latest(at: number): number {
    const day = this.#days.numberAt(at);
    let last = day;
    while (last - day < reachDays && !this.#stops(last + 1)) last += 1;
    return this.#days.day(last + 1).from;
  }

  /** Nothing is moved across this day. */
  #stops(number: number): boolean {
    if (!this.#days.isWhole(number)) return false;
    const { from, until } = this.#days.day(number);
    for (const clock of this.#clocks) if (clock.segmentAt(from - dayMs).until <= until + dayMs) return false;
    return true;
  }

  #stepsOf(named: WallClass): DaySteps {
    const { clock, timing } = named;
    const key = `${clock.zone} ${timing.fixed} ${timing.unitMs}`;
    let steps = this.#steps.get(key);
    if (steps === undefined) {
      steps = new DaySteps(named, this.#days, this.#rule.move === 'previous' ? 'previous' : 'next');
      this.#steps.set(key, steps);
    }
    return steps;
  }
}

function earlier(nearest: number | null, found: readonly number[], after: number): number | null {
  let best = nearest;
  for (const at of found) if (at > after && (best === null || at < best)) best = at;
  return best;
}
