// When a cron shape is to fire, found by the most naive way: walk over the clock of its zone and compare fields. Shared by the
// workload, which makes expressions of the same shapes, and by the checkers; never with the code under test.

/** One cron field: any value, every n-th from 0, or a list. */
export type Field = { any: true } | { every: number } | { list: readonly number[] };

/** What becomes of wall times that a change of the clock skips or repeats; absent: what is promised to those who say nothing. */
export interface ClockChange {
  readonly gap?: 'skip' | 'after' | 'before';
  readonly overlap?: 'once' | 'first' | 'last' | 'both';
}

export interface CronShape {
  /** Null for five-field expressions: second 0. */
  second: Field | null;
  minute: Field;
  hour: Field;
  /** 0 is Sunday; all days when absent. */
  weekdays?: readonly number[];
  zone: string;
  dst?: ClockChange;
  /** Written as a recurrence rule that means the same. */
  asRule?: boolean;
}

export function cronText(shape: CronShape): string {
  const words = [shape.minute, shape.hour].map(fieldText);
  const seconds = shape.second === null ? [] : [fieldText(shape.second)];
  return [...seconds, ...words, '*', '*', shape.weekdays?.join(',') ?? '*'].join(' ');
}

function fieldText(field: Field): string {
  if ('any' in field) return '*';
  return 'every' in field ? `*/${field.every}` : field.list.join(',');
}

export const dayMs = 86_400_000;

/** A moment with the wall time that it stands for, which a change of the clock may have shifted. */
export interface NamedTime {
  readonly at: number;
  readonly wall: number;
  readonly zone: string;
}

/** Times in (from, to]. Wall times that come to the same moment are told each. */
export function wallClockTimes(shape: CronShape, from: number, to: number): NamedTime[] {
  const { zone } = shape;
  if (isFixed(shape)) return fixedTimes(shape, from, to);
  return walk(shape, from, to).map((at) => ({ at, wall: at + zoneOffset(zone, at), zone }));
}

/** Fixed times of the day are promised on days of a clock change too; all others follow the clock on the wall. */
export function isFixed(shape: CronShape): boolean {
  return [shape.second ?? { list: [0] }, shape.minute, shape.hour].every((field) => 'list' in field);
}

function walk(shape: CronShape, from: number, to: number): number[] {
  const step = shape.second === null ? 60_000 : 1000;
  const rule = shape.dst?.overlap ?? 'both';
  const times: number[] = [];
  for (let at = Math.floor(from / step) * step + step; at <= to; at += step) {
    const local = at + zoneOffset(shape.zone, at);
    const matches =
      has(shape.second ?? { list: [0] }, Math.floor(local / 1000) % 60) &&
      has(shape.minute, Math.floor(local / 60_000) % 60) &&
      has(shape.hour, Math.floor(local / 3_600_000) % 24) &&
      isOn(shape, local);
    if (!matches) continue;
    const twins = rule === 'first' || rule === 'last' ? instantsOf(shape.zone, local) : [at];
    if ((rule === 'last' ? twins.at(-1) : twins[0]) === at || twins.length < 2) times.push(at);
  }
  return times;
}

function has(field: Field, value: number): boolean {
  if ('any' in field) return true;
  return 'every' in field ? value % field.every === 0 : field.list.includes(value);
}

function isOn({ weekdays }: CronShape, local: number): boolean {
  return weekdays === undefined || weekdays.includes(weekdayOf(Math.floor(local / dayMs)));
}

/** Of a day since 1970, a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** Clock changes happen on quarters of an hour. */
export const quarterMs = 900_000;

function fixedTimes(shape: CronShape, from: number, to: number): NamedTime[] {
  const values = (field: Field | null): readonly number[] => (field !== null && 'list' in field ? field.list : [0]);
  const unitMs = shape.second === null ? 60_000 : 1000;
  const times: NamedTime[] = [];
  for (let day = Math.floor(from / dayMs) - 1; day * dayMs <= to + dayMs; day += 1) {
    if (!isOn(shape, day * dayMs)) continue;
    for (const hour of values(shape.hour))
      for (const minute of values(shape.minute))
        for (const second of values(shape.second)) {
          const local = day * dayMs + hour * 3_600_000 + minute * 60_000 + second * 1000;
          for (const at of instantsByRule(shape.zone, local, shape.dst ?? {}, unitMs))
            if (at > from && at <= to) times.push({ at, wall: local, zone: shape.zone });
        }
  }
  return times;
}

/** When a fixed wall time occurs. Before a gap means the last whole unit of the clock before it. */
export function instantsByRule(zone: string, local: number, dst: ClockChange, unitMs: number): number[] {
  const instants = instantsOf(zone, local);
  const [first] = instants;
  const last = instants.at(-1);
  if (first === undefined || last === undefined) {
    const gap = dst.gap ?? 'after';
    if (gap === 'skip') return [];
    return [gap === 'after' ? endOfGap(zone, local) : endOfGap(zone, local) - unitMs];
  }
  switch (dst.overlap ?? 'once') {
    case 'both':
      return instants;
    case 'last':
      return [last];
    default:
      return [first];
  }
}

/** All instants at which the clock of the zone shows this, in order. */
function instantsOf(zone: string, local: number): number[] {
  const offsets = new Set([zoneOffset(zone, local - dayMs), zoneOffset(zone, local + dayMs)]);
  const instants = [...offsets].map((offset) => local - offset);
  return instants.filter((at) => at + zoneOffset(zone, at) === local).toSorted((a, b) => a - b);
}

/** Walks to the change that skipped this wall time. */
export function endOfGap(zone: string, local: number): number {
  const most = Math.max(zoneOffset(zone, local - dayMs), zoneOffset(zone, local + dayMs));
  let at = Math.floor((local - most) / quarterMs) * quarterMs;
  while (at + zoneOffset(zone, at) < local) at += quarterMs;
  return at;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const offsetsByZone = new Map<string, Map<number, number>>();
const rememberedMost = 10_000;

/** Milliseconds that the zone's clock is ahead of UTC. Constant within a quarter of an hour. */
export function zoneOffset(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const quarter = Math.floor(at / quarterMs) * quarterMs;
  let offsets = offsetsByZone.get(zone);
  if (offsets === undefined || offsets.size > rememberedMost) {
    offsets = new Map<number, number>();
    offsetsByZone.set(zone, offsets);
  }
  const known = offsets.get(quarter);
  if (known !== undefined) return known;
  const offset = offsetOf(zone, quarter);
  offsets.set(quarter, offset);
  return offset;
}

function offsetOf(zone: string, at: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(at).map((part) => [part.type, Number(part.value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return local - at;
}
