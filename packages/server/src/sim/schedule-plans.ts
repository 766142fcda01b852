// Which times and policies the schedules of a simulation have. What is drawn is what operators write: all kinds of triggers, in
// zones whose clocks change within the simulated minutes above all, with bounds, calendars and every policy.

import { type OverlapPolicy, overlapPolicies, type ScheduleInput } from '@tidewheel/protocol';
import type { CalendarShape, CalendarUse } from './calendar-shapes.ts';
import { nominalTimes, type Timing, type Trigger, type Within } from './nominal-times.ts';
import type { SimOptions } from './options.ts';
import type { Random } from './random.ts';
import {
  type ClockChange,
  type CronShape,
  cronText,
  dayMs,
  type Field,
  isFixed,
  quarterMs,
  weekdayOf,
  zoneOffset,
} from './wall-clock-times.ts';

export interface SchedulePlan {
  name: string;
  timing: Timing;
  overlap: OverlapPolicy;
  misfire: {
    policy: 'skip' | 'last' | 'all';
    window: number;
    max: number;
    grace: number;
    /** Made-up runs a minute; no bound of its own when absent. */
    rate?: number;
  };
  jitterMs: number;
}

/** What a schedule belongs to. */
export interface Owner {
  job: string;
  calendar: CalendarShape | null;
}

/** Long after the beginning, so that it is never in the past when it is first applied. */
const earliestShotMs = 40_000;

export function drawSchedule(name: string, owner: Owner, options: SimOptions, random: Random): SchedulePlan {
  const timing = drawTiming(owner, options, random);
  return {
    name,
    timing: withoutWhatEndsIt(random.chance(0.1) ? withEnd(timing, options, random) : timing, options),
    overlap: drawOverlap(owner.job, options, random),
    misfire: {
      policy: random.pick(['skip', 'last', 'all']),
      window: random.pick([5000, 60_000, 3_600_000]),
      max: random.pick([1, 3, 100]),
      grace: random.pick([0, 2000, 20_000]),
      ...(random.chance(0.2) ? { rate: random.pick([120, 600]) } : {}),
    },
    jitterMs: random.chance(0.2) ? random.between(1, 4000) : 0,
  };
}

/** Half of the schedules let their runs overlap, the others share the rules. */
export function drawOverlap(job: string, { signals }: SimOptions, random: Random): OverlapPolicy {
  const overlap = random.chance(0.4) ? 'allow' : random.pick(overlapPolicies);
  // Others would wait for each other longer than a simulation lasts; so would these where each turn waits for a poll.
  return overlap === 'buffer-all' && (job !== 'quick' || signals.loss === 1) ? 'buffer-one' : overlap;
}

export function drawTiming({ job, calendar }: Owner, options: SimOptions, random: Random): Timing {
  // Jobs that hold a slot for long must not be asked for faster than the slots can take.
  const slowest = job === 'endless' || job === 'slow' ? 4 : 1;
  const draw = random.fraction();
  if (draw < 0.1) return { kind: 'delay', delayMs: random.skewed(1000, 15_000) };
  if (draw < 0.16) return { kind: 'in', inMs: random.between(earliestShotMs, options.troubleMs) };
  if (draw < 0.22) return { kind: 'at', at: options.epochMs + random.between(earliestShotMs, options.troubleMs) };
  if (calendar !== null && draw < 0.35) return withoutWhatEndsIt(drawMoved(calendar, options, random), options);
  const trigger = drawTrigger(options, slowest, random);
  const within = random.chance(0.4) ? drawWithin(trigger, calendar, options, random) : null;
  return within === null ? trigger : withoutWhatEndsIt({ ...trigger, within }, options);
}

/** What leaves no time at all is refused by the scheduler; in a week every hour and weekday has come. */
function withoutWhatEndsIt(timing: Timing, { epochMs }: SimOptions): Timing {
  const { within, ...trigger } = timing;
  if (within === undefined) return timing;
  const comes = [3_600_000, dayMs, 8 * dayMs].some(
    (ahead) => nominalTimes(timing, epochMs, epochMs - 1, epochMs + ahead).length > 0,
  );
  return comes ? timing : (trigger as Timing);
}

function drawTrigger(options: SimOptions, slowest: number, random: Random): Trigger {
  const draw = random.fraction();
  if (draw < 0.35) return { kind: 'every', everyMs: random.skewed(1000, 20_000) * slowest };
  if (draw < 0.45) {
    const triggers = [0, 1].map(
      (): Trigger =>
        random.chance(0.3)
          ? { kind: 'every', everyMs: random.skewed(2000, 20_000) * slowest }
          : { kind: 'cron', shape: { ...drawCron(options, 2 * slowest, random) } },
    );
    return { kind: 'several', triggers };
  }
  const shape = drawCron(options, slowest, random);
  const dst = random.chance(0.5) ? drawClockChange(random) : null;
  if (dst !== null) return { kind: 'cron', shape: { ...shape, dst } };
  return { kind: 'cron', shape: isFixed(shape) && random.chance(0.3) ? { ...shape, asRule: true } : shape };
}

function drawClockChange(random: Random): ClockChange {
  return {
    ...(random.chance(0.7) ? { gap: random.pick(['skip', 'after', 'before'] as const) } : {}),
    ...(random.chance(0.7) ? { overlap: random.pick(['once', 'first', 'last', 'both'] as const) } : {}),
  };
}

function drawWithin(trigger: Trigger, calendar: CalendarShape | null, options: SimOptions, random: Random): Within {
  return {
    ...(random.chance(0.4) ? { start: options.epochMs + random.between(5000, options.troubleMs) } : {}),
    ...(random.chance(0.3) ? { count: random.between(1, 15) } : {}),
    ...(calendar === null ? {} : drawUse(trigger, calendar, random)),
  };
}

/** What would never fire is refused: a fixed time of the day may lie in hours that are taken out of every day. */
function drawUse(trigger: Trigger, calendar: CalendarShape, random: Random): Pick<Within, 'calendar'> {
  const isFixedTime = trigger.kind === 'several' || (trigger.kind === 'cron' && isFixed(trigger.shape));
  if (calendar.dates.length === 0 && isFixedTime) return {};
  const rule = calendar.dates.length === 0 && isDense(trigger) && random.chance(0.5) ? 'only' : 'exclude';
  return { calendar: { shape: calendar, rule, move: 'skip' } };
}

/** Comes in every minute. */
function isDense(trigger: Trigger): boolean {
  if (trigger.kind === 'every') return trigger.everyMs <= 60_000;
  if (trigger.kind !== 'cron') return false;
  const { second, minute, hour } = trigger.shape;
  return second !== null && 'any' in minute && 'any' in hour;
}

/** Only where a time surely comes before it, and only on new schedules: later ones may be too late for it. */
function withEnd(timing: Timing, options: SimOptions, random: Random): Timing {
  const { within = {} } = timing;
  if (!isDense(timing) || within.start !== undefined || within.calendar !== undefined) return timing;
  return {
    ...timing,
    within: { ...within, end: options.epochMs + random.between(90_000, 90_000 + options.troubleMs) },
  };
}

/** A time of a day that the calendar takes out, so that what comes in the simulated minutes has been moved there. */
function drawMoved(calendar: CalendarShape, options: SimOptions, random: Random): Timing {
  const shape = drawDaily(drawZone(options, random), options, random);
  const today = Math.floor((options.epochMs + zoneOffset(shape.zone, options.epochMs)) / dayMs);
  const [taken] = calendar.dates;
  if (taken === undefined) return { kind: 'cron', shape };
  const move = taken < today ? 'next' : taken > today ? 'previous' : random.pick(['next', 'previous'] as const);
  const weekdays = [...new Set([weekdayOf(taken), weekdayOf(today)].slice(0, random.between(1, 2)))];
  const use: CalendarUse = { shape: calendar, rule: 'exclude', move };
  return { kind: 'cron', shape: { ...shape, weekdays }, within: { calendar: use } };
}

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Shanghai',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'America/Santiago',
  'Pacific/Chatham',
] as const;

/** Zones whose clocks change around the beginning come first. */
function drawZone({ epochMs }: SimOptions, random: Random): string {
  const turning = zones.filter((zone) => zoneOffset(zone, epochMs - dayMs) !== zoneOffset(zone, epochMs + dayMs));
  return random.pick(turning.length > 0 && random.chance(0.6) ? turning : zones);
}

function drawCron(options: SimOptions, slowest: number, random: Random): CronShape {
  const zone = drawZone(options, random);
  const any: Field = { any: true };
  const draw = random.fraction();
  if (draw < 0.4) return { zone, second: drawSeconds(slowest, random), minute: any, hour: any };
  if (draw < 0.6) return { zone, second: null, minute: { every: random.between(1, 4) }, hour: any };
  const { minute, hour } = drawDaily(zone, options, random);
  const nextHour: Field = { list: 'list' in hour ? hour.list.map((value) => (value + 1) % 24) : [0] };
  if (draw < 0.8) return drawDaily(zone, options, random);
  if (draw < 0.9) return { zone, second: null, minute: random.pick([minute, { list: [0] }]), hour: nextHour };
  return { zone, second: drawSeconds(slowest, random), minute: any, hour: random.pick([hour, nextHour]) };
}

/** Times of day near the beginning, by the zone's clock before or after a change: some occur, some fall into it, some occur twice. */
function drawDaily(zone: string, { epochMs }: SimOptions, random: Random): CronShape {
  const offset = zoneOffset(zone, epochMs + random.pick([-dayMs, 0, dayMs]));
  const gap = gapAhead(zone, epochMs);
  const isSkipped = gap !== null && random.chance(0.6);
  const local = isSkipped
    ? gap.at + random.between(0, gap.lengthMs - 1)
    : epochMs + offset + random.between(0, 300_000);
  const minute = Math.floor(local / 60_000) % 60;
  const minutes = random.chance(0.3) ? [...new Set([minute, (minute + random.between(1, 3)) % 60])] : [minute];
  const second: Field | null = random.chance(0.7) ? { list: [random.between(0, 59)] } : null;
  return { zone, second, minute: { list: minutes }, hour: { list: [Math.floor(local / 3_600_000) % 24] } };
}

/** The wall times that the clock of the zone skips next, within the simulated minutes. */
function gapAhead(zone: string, epochMs: number): { at: number; lengthMs: number } | null {
  const changeAt = Math.ceil(epochMs / quarterMs) * quarterMs;
  const before = zoneOffset(zone, epochMs);
  const lengthMs = zoneOffset(zone, changeAt) - before;
  return lengthMs > 0 ? { at: changeAt + before, lengthMs } : null;
}

function drawSeconds(slowest: number, random: Random): Field {
  if (slowest > 1 || random.chance(0.3)) {
    const first = random.between(0, 29);
    return { list: [first, first + random.between(1, 30)] };
  }
  return { every: random.pick([2, 3, 5, 7, 10, 15, 20, 30]) };
}

/** A day near the beginning, or some minutes of every day. `like`: one that it takes the place of, whose kind it keeps. */
export function drawCalendar(name: string, options: SimOptions, random: Random, like?: CalendarShape): CalendarShape {
  const zone = drawZone(options, random);
  const local = options.epochMs + zoneOffset(zone, options.epochMs);
  const nothing = { name, dates: [], weekdays: [], hours: null, exceptHours: null };
  if (like === undefined ? random.chance(0.4) : like.dates.length > 0) {
    const dates = [Math.floor(local / dayMs) + random.between(-1, 1)];
    return { ...nothing, zone: null, dates };
  }
  const from = (Math.floor(local / 60_000) + random.between(0, 4)) % 1440;
  const hours = [from, (from + random.between(1, 3)) % 1440] as const;
  const wholeDay = random.chance(0.2);
  return {
    ...nothing,
    zone: random.chance(0.7) ? zone : null,
    weekdays: wholeDay ? [weekdayOf(Math.floor(local / dayMs))] : [],
    hours: wholeDay ? null : hours,
    exceptHours: wholeDay ? hours : null,
  };
}

/** The timing after its calendar has become another. */
export function boundTo(calendar: CalendarShape, timing: Timing, options: SimOptions): Timing {
  const { within } = timing;
  if (within?.calendar === undefined) return timing;
  const bound = { ...within, calendar: { ...within.calendar, shape: calendar } };
  return withoutWhatEndsIt({ ...timing, within: bound }, options);
}

export function scheduleInput(plan: SchedulePlan): ScheduleInput {
  const { name, overlap, misfire, jitterMs } = plan;
  return { name, overlap, misfire, ...(jitterMs === 0 ? {} : { jitter: jitterMs }), ...timesInput(plan.timing) };
}

/** The times of a schedule as they are written in a definition. */
export function timesInput(timing: Timing): Omit<ScheduleInput, 'name'> {
  return { ...triggerInput(timing), ...(timing.within === undefined ? {} : withinInput(timing.within)) };
}

function triggerInput(trigger: Trigger): Omit<ScheduleInput, 'name'> {
  switch (trigger.kind) {
    case 'every':
      return { every: trigger.everyMs };
    case 'at':
      return { at: trigger.at };
    case 'in':
      return { in: trigger.inMs };
    case 'delay':
      return { delay: trigger.delayMs };
    case 'several':
      return { times: trigger.triggers.map(triggerInput) };
    case 'cron': {
      const { shape } = trigger;
      const dst = shape.dst === undefined ? {} : { dst: shape.dst };
      return {
        ...(shape.asRule === true ? { rrule: ruleText(shape) } : { cron: cronText(shape) }),
        timezone: shape.zone,
        ...dst,
      };
    }
  }
}

function withinInput({ start, end, count, calendar }: Within): Partial<ScheduleInput> {
  return {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(count === undefined ? {} : { count }),
    ...(calendar === undefined ? {} : { calendar: { [calendar.rule]: calendar.shape.name, move: calendar.move } }),
  };
}

/** Of a shape with fixed times. */
function ruleText({ second, minute, hour }: CronShape): string {
  const values = (field: Field | null): string => (field !== null && 'list' in field ? field.list.join(',') : '0');
  return `FREQ=DAILY;BYHOUR=${values(hour)};BYMINUTE=${values(minute)};BYSECOND=${values(second)}`;
}
