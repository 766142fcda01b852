// Times that a calendar takes out, moved to the same wall time of the nearest day that remains.
//
//   move: next        Fri 18:00 ── fires       Sat 18:00 ─┐  Sun 18:00 ─┐  Mon 18:00 ── fires once: three times fall together
//                                                         └─────────────┴──▲
//
// To know what falls on a day, one must look at the days before it (or after it, for `previous`) as far back as no whole day remains:
// nothing is moved across such a day. Times that find no day within a year do not occur.

import { dayMs, dayOf } from '../days.ts';
import { serverLimits } from '../limits.ts';
import { instantsByRules } from '../wall-times.ts';
import { instantsOf } from '../zone-clock.ts';
import { type CalendarRule, nextRemaining, remains, ruleEdge } from './calendar-rule.ts';

type Source = (after: number) => number | null;

/** How far a time is moved at most. */
const farthestDays = 366;

/** The first moved or unmoved time later than `after`, or null. */
export function nextMoved(rule: CalendarRule, source: Source, after: number): number | null {
  let day = localDay(rule, after);
  for (let step = 0; step < serverLimits.moveSteps; step += 1) {
    const found = landings(rule, source, day).find(({ at }) => at > after);
    if (found !== undefined) return found.at;
    const following = nextDayToAsk(rule, source, day);
    if (following === null) return null;
    day = following;
  }
  return null;
}

/** The time that was moved to `at`, or null when it was always there. */
export function movedFrom(rule: CalendarRule, source: Source, at: number): number | null {
  if (source(at - 1) === at && remains(rule, at)) return null;
  return landings(rule, source, localDay(rule, at)).find((one) => one.at === at)?.from ?? null;
}

/** What falls on a day of the schedule's zone, in order, with where it comes from. */
function landings(rule: CalendarRule, source: Source, day: number): { at: number; from: number }[] {
  const [first, last] = neighbourhood(rule, day);
  const until = dayStart(rule, last + 1);
  const found: { at: number; from: number }[] = [];
  for (let time = source(dayStart(rule, first) - 1); time !== null && time < until; time = source(time)) {
    const at = movedTime(rule, time);
    if (at !== null && localDay(rule, at) === day) found.push({ at, from: time });
  }
  return found.sort((a, b) => a.at - b.at);
}

/** The days whose times may fall on this one. */
function neighbourhood(rule: CalendarRule, day: number): [first: number, last: number] {
  const step = rule.move === 'next' ? -1 : 1;
  let far = day;
  while (Math.abs(far - day) < farthestDays && !remainsWhole(rule, far + step)) far += step;
  return step < 0 ? [far, day] : [day, far];
}

/** The next day on which something may fall; null when there is none. */
function nextDayToAsk(rule: CalendarRule, source: Source, day: number): number | null {
  const tomorrow = dayStart(rule, day + 1);
  // Nothing falls on days of which nothing remains.
  const open = nextRemaining(rule, (after) => after + 1, tomorrow - 1);
  if (open === null) return null;
  const time = source(tomorrow - 1);
  let nearest = time === null ? Infinity : localDay(rule, time);
  if (rule.move === 'previous') {
    while (nearest !== Infinity && nearest - 1 > day && !remainsWhole(rule, nearest)) nearest -= 1;
  } else {
    for (
      let from = source(dayStart(rule, neighbourhood(rule, day)[0]) - 1);
      from !== null && from < tomorrow;
      from = source(from)
    ) {
      const at = movedTime(rule, from);
      if (at !== null && at >= tomorrow) nearest = Math.min(nearest, localDay(rule, at));
    }
  }
  return nearest === Infinity ? null : Math.max(nearest, localDay(rule, open));
}

/** Where a time falls: itself when it remains, null when no day remains within a year. */
export function movedTime(rule: CalendarRule, time: number): number | null {
  if (remains(rule, time)) return time;
  const wall = time + rule.clock.segmentAt(time).offset;
  const step = rule.move === 'next' ? dayMs : -dayMs;
  for (let days = 1; days <= farthestDays; days += 1) {
    const at = instantOn(rule, wall + days * step);
    if (remains(rule, at)) return at;
  }
  return null;
}

/** Of a day without that wall time, whatever the rules, the end of its gap: to leave it out would pass over a day that remains. */
function instantOn({ clock, clockRules }: CalendarRule, wall: number): number {
  const [at] = instantsByRules(clock.zone, wall, clockRules, { fixed: true, unitMs: 60_000 });
  return at ?? firstInstant(clock.zone, wall);
}

function remainsWhole(rule: CalendarRule, day: number): boolean {
  const until = dayStart(rule, day + 1);
  for (let at = dayStart(rule, day); at < until; at = ruleEdge(rule, at)) if (!remains(rule, at)) return false;
  return true;
}

function localDay({ clock }: CalendarRule, at: number): number {
  return dayOf(at + clock.segmentAt(at).offset);
}

function dayStart({ clock }: CalendarRule, day: number): number {
  return firstInstant(clock.zone, day * dayMs);
}

function firstInstant(zone: string, wall: number): number {
  const instants = instantsOf(zone, wall);
  if (instants.kind === 'gap') return instants.change.at;
  return instants.kind === 'one' ? instants.at : instants.first;
}
