// The wall times of one recurrence rule, found from any moment on without walking there from DTSTART. A rule has periods (years,
// months … seconds), every INTERVAL-th of which counts; each has a set of times, of which BYSETPOS may choose some.
//
// Work is bounded: no rule is followed beyond the year 2199, and one search takes at most so many steps. A rule that has found nothing
// by then has no more times. What is kept between calls (the days of one period, the end of COUNT) only saves time.

import { dayMs, dayNumber, dayOf } from '../days.ts';
import { serverLimits } from '../limits.ts';
import { type Rule, RuleFault } from './rule.ts';
import { type DayParts, daysOfPeriod, dayHolds, periodOf, withStart } from './rule-days.ts';

const lastWall = dayNumber(2200, 1, 1) * dayMs;
const secondMs = 1000;
const minuteMs = 60_000;
const hourMs = 3_600_000;

export class RuleWalls {
  readonly rule: Rule;
  readonly #parts: DayParts;
  readonly #start: number;
  readonly #countFrom: number;
  readonly #until: number;
  /** Milliseconds: of a day, or for shorter periods of the period. */
  readonly #times: readonly number[];
  /** Of periods shorter than a day. */
  readonly #unitMs: number | null;
  readonly #firstPeriod: number;
  #countEnd: number | null = null;
  #period: { number: number; days: readonly number[] } | null = null;

  /** Wall times: DTSTART, the first that COUNT counts (DTSTART unless told), and the last of UNTIL. Throws RuleFault. */
  constructor(rule: Rule, start: number, { countFrom = start, until = Infinity } = {}) {
    this.rule = rule;
    this.#start = Math.floor(start / secondMs) * secondMs;
    this.#countFrom = countFrom;
    this.#until = until;
    this.#parts = withStart(rule, this.#start);
    this.#unitMs = unitOf(rule);
    this.#times = timesOf(rule, this.#start);
    this.#firstPeriod = this.#numberOf(this.#start);
  }

  /** The first wall time later than `after`, or null. */
  next(after: number): number | null {
    const next = this.#search(after);
    return next === null || next > this.#end() ? null : next;
  }

  #end(): number {
    if (this.rule.count === null) return this.#until;
    return (this.#countEnd ??= this.#countedEnd(this.rule.count));
  }

  #countedEnd(count: number): number {
    let last = this.#countFrom - 1;
    for (let counted = 0; counted < count; counted += 1) {
      const next = this.#search(last);
      if (next === null) break;
      last = next;
    }
    return last;
  }

  #numberOf(wall: number): number {
    return this.#unitMs === null ? periodOf(this.#parts, wall) : Math.floor(wall / this.#unitMs);
  }

  /** The first number not before `number` of a period that counts. */
  #alignUp(number: number): number {
    const { interval } = this.rule;
    return this.#firstPeriod + Math.max(0, Math.ceil((number - this.#firstPeriod) / interval)) * interval;
  }

  #search(after: number): number | null {
    const from = Math.max(after + 1, this.#start);
    const first = this.#alignUp(this.#numberOf(from));
    return this.#unitMs === null ? this.#searchDays(first, from) : this.#searchTimes(first, from, this.#unitMs);
  }

  #searchDays(first: number, from: number): number | null {
    const { interval } = this.rule;
    for (let number = first, steps = 0; steps < serverLimits.rruleSteps; number += interval, steps += 1) {
      if (beginsTooLate(this.rule, number)) return null;
      const wall = this.#firstOf(number, from);
      if (wall !== null) return wall;
    }
    return null;
  }

  /** The first wall time of a period of days that is not before `from`. Days times hours may be a million: they are never written out. */
  #firstOf(number: number, from: number): number | null {
    if (this.#period?.number !== number) this.#period = { number, days: daysOfPeriod(this.#parts, number) };
    const { days } = this.#period;
    const wallAt = (index: number): number =>
      (days[Math.floor(index / this.#times.length)] ?? Infinity) * dayMs +
      (this.#times[index % this.#times.length] ?? 0);
    const size = days.length * this.#times.length;
    const { positions } = this.rule;
    if (positions === null) return firstFrom(size, wallAt, from);
    const indexes = chosen(positions, size);
    return firstFrom(indexes.length, (place) => wallAt(indexes[place] ?? Infinity), from);
  }

  #searchTimes(first: number, from: number, unitMs: number): number | null {
    const { hours, minutes, seconds, interval } = this.rule;
    let number = first;
    // What was looked at last, so that a day of many periods is asked for once.
    let goodDay = Number.NaN;
    for (let steps = 0; steps < serverLimits.rruleSteps; steps += 1) {
      const wall = number * unitMs;
      if (wall >= lastWall) return null;
      const day = dayOf(wall);
      const time = wall - day * dayMs;
      let jump: number | null = null;
      if (day !== goodDay && !dayHolds(this.#parts, day)) jump = (day + 1) * dayMs;
      else if (hours?.includes(Math.floor(time / hourMs)) === false) jump = after(wall, hourMs);
      else if (unitMs < hourMs && minutes?.includes(Math.floor(time / minuteMs) % 60) === false) {
        jump = after(wall, minuteMs);
      } else if (unitMs < minuteMs && seconds?.includes(Math.floor(time / secondMs) % 60) === false)
        jump = wall + unitMs;
      if (jump !== null) {
        number = this.#alignUp(Math.ceil(jump / unitMs));
        continue;
      }
      goodDay = day;
      const found = firstFrom(this.#times.length, (index) => this.#times[index] ?? Infinity, from - wall);
      if (found !== null) return wall + found;
      number += interval;
    }
    return null;
  }
}

/** The next whole unit. */
function after(wall: number, unitMs: number): number {
  return (Math.floor(wall / unitMs) + 1) * unitMs;
}

function beginsTooLate({ frequency }: Rule, number: number): boolean {
  switch (frequency) {
    case 'YEARLY':
      return number > 2199;
    case 'MONTHLY':
      return number >= 2200 * 12;
    case 'WEEKLY':
      return number * 7 * dayMs >= lastWall;
    default:
      return number * dayMs >= lastWall;
  }
}

function unitOf({ frequency }: Rule): number | null {
  switch (frequency) {
    case 'HOURLY':
      return hourMs;
    case 'MINUTELY':
      return minuteMs;
    case 'SECONDLY':
      return secondMs;
    default:
      return null;
  }
}

/** The times within a day or, for periods shorter than a day, those within a period that BYSETPOS leaves. */
function timesOf(rule: Rule, start: number): number[] {
  const time = start - dayOf(start) * dayMs;
  const none = [0];
  const unitMs = unitOf(rule) ?? dayMs;
  const hours = unitMs > hourMs ? (rule.hours ?? [Math.floor(time / hourMs)]) : none;
  const minutes = unitMs > minuteMs ? (rule.minutes ?? [Math.floor(time / minuteMs) % 60]) : none;
  const seconds = unitMs > secondMs ? (rule.seconds ?? [Math.floor(time / secondMs) % 60]) : none;
  const size = hours.length * minutes.length * seconds.length;
  if (size > serverLimits.rruleTimesPerDay) {
    throw new RuleFault(
      `${size} times a day from BYHOUR, BYMINUTE and BYSECOND; at most ${serverLimits.rruleTimesPerDay}; write FREQ=MINUTELY or FREQ=SECONDLY`,
    );
  }
  const times = hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => hour * hourMs + minute * minuteMs + second * secondMs)),
  );
  if (unitMs === dayMs || rule.positions === null) return times;
  return chosen(rule.positions, size).flatMap((index) => times[index] ?? []);
}

/** Indexes of a set of `size`, in order: 1 is the first, -1 the last. */
function chosen(positions: readonly number[], size: number): number[] {
  const indexes = positions.map((position) => (position > 0 ? position - 1 : size + position));
  return [...new Set(indexes.filter((index) => index >= 0 && index < size))].sort((a, b) => a - b);
}

/** Of `size` values in order, the first that is not less than `from`. */
function firstFrom(size: number, valueAt: (index: number) => number, from: number): number | null {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (valueAt(middle) < from) low = middle + 1;
    else high = middle;
  }
  return low < size ? valueAt(low) : null;
}
