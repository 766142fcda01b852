// When a schedule is to fire, found by the most naive way: walk over the clock and compare fields. It shares nothing with the
// code under test, not even the parser: the workload makes cron expressions from the same shapes that are walked over here.

/** One cron field: any value, every n-th from 0, or a list. */
export type Field = { any: true } | { every: number } | { list: readonly number[] };

export interface CronShape {
  /** Null for five-field expressions: second 0. */
  second: Field | null;
  minute: Field;
  hour: Field;
  zone: string;
}

export type Timing =
  | { kind: 'every'; everyMs: number }
  | { kind: 'cron'; shape: CronShape }
  | { kind: 'at'; at: number }
  | { kind: 'in'; inMs: number }
  /** Counts from the ends of runs, which this reading knows nothing of (see checkers/delayed-fires.ts). */
  | { kind: 'delay'; delayMs: number };

export function cronText(shape: CronShape): string {
  const words = [shape.minute, shape.hour].map(fieldText);
  const seconds = shape.second === null ? [] : [fieldText(shape.second)];
  return [...seconds, ...words, '*', '*', '*'].join(' ');
}

function fieldText(field: Field): string {
  if ('any' in field) return '*';
  return 'every' in field ? `*/${field.every}` : field.list.join(',');
}

/** Nominal times in (from, to]. `anchorAt`: what fixed rates and `in` count from. */
export function nominalTimes(timing: Timing, anchorAt: number, from: number, to: number): number[] {
  switch (timing.kind) {
    case 'every': {
      const times: number[] = [];
      for (let at = anchorAt + timing.everyMs; at <= to; at += timing.everyMs) if (at > from) times.push(at);
      return times;
    }
    case 'at':
      return timing.at > from && timing.at <= to ? [timing.at] : [];
    case 'in': {
      const at = anchorAt + timing.inMs;
      return at > from && at <= to ? [at] : [];
    }
    case 'delay':
      return [];
    case 'cron':
      return isOncePerDay(timing.shape) ? daily(timing.shape, from, to) : walk(timing.shape, from, to);
  }
}

/** One fixed second, minute and hour: promised once a day, also on days of a clock change. */
function isOncePerDay(shape: CronShape): boolean {
  return [shape.second ?? { list: [0] }, shape.minute, shape.hour].every(
    (field) => 'list' in field && field.list.length === 1,
  );
}

function walk(shape: CronShape, from: number, to: number): number[] {
  const step = shape.second === null ? 60_000 : 1000;
  const times: number[] = [];
  for (let at = Math.floor(from / step) * step + step; at <= to; at += step) {
    const local = at + zoneOffset(shape.zone, at);
    const matches =
      has(shape.second ?? { list: [0] }, Math.floor(local / 1000) % 60) &&
      has(shape.minute, Math.floor(local / 60_000) % 60) &&
      has(shape.hour, Math.floor(local / 3_600_000) % 24);
    if (matches) times.push(at);
  }
  return times;
}

function has(field: Field, value: number): boolean {
  if ('any' in field) return true;
  return 'every' in field ? value % field.every === 0 : field.list.includes(value);
}

const dayMs = 86_400_000;
/** Clock changes happen on quarters of an hour. */
const quarterMs = 900_000;

/** The first occurrence of the local time on each local day; when the clock jumps over it, the first instant after the jump. */
function daily(shape: CronShape, from: number, to: number): number[] {
  const only = (field: Field | null): number => (field !== null && 'list' in field ? (field.list[0] ?? 0) : 0);
  const ofDay = only(shape.hour) * 3_600_000 + only(shape.minute) * 60_000 + only(shape.second) * 1000;
  const times: number[] = [];
  for (let day = Math.floor(from / dayMs) - 1; day * dayMs <= to + dayMs; day += 1) {
    const local = day * dayMs + ofDay;
    const at = firstInstantOf(shape.zone, local);
    if (at > from && at <= to) times.push(at);
  }
  return times;
}

function firstInstantOf(zone: string, local: number): number {
  const offsets = [zoneOffset(zone, local - dayMs), zoneOffset(zone, local + dayMs)];
  const instants = offsets.map((offset) => local - offset).filter((at) => at + zoneOffset(zone, at) === local);
  if (instants.length > 0) return Math.min(...instants);
  // In a gap: walk to the change that skipped it.
  let at = Math.floor((local - Math.max(...offsets)) / quarterMs) * quarterMs;
  while (at + zoneOffset(zone, at) < local) at += quarterMs;
  return at;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** Milliseconds that the zone's clock is ahead of UTC. Constant within a quarter of an hour. */
export function zoneOffset(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const quarter = Math.floor(at / quarterMs) * quarterMs;
  const key = `${zone}@${quarter}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
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
  const parts = new Map(format.formatToParts(quarter).map((part) => [part.type, Number(part.value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  if (offsets.size > 10_000) offsets.clear();
  offsets.set(key, local - quarter);
  return local - quarter;
}
