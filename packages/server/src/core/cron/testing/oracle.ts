// When a cron expression fires, found by the most naive way: walk over the instants of the zone's clock, compare fields, and look at what
// became of the wall times between. It shares nothing with the engine: no parser (expressions are made of the same parts that are walked
// over), no calendar arithmetic (Date does it), no offsets (Intl is asked for the wall's figures).

/** A part of an expression as it is written, and whether a value satisfies it. */
export interface Part<Value> {
  readonly text: string;
  readonly meets: (value: Value) => boolean;
}

export interface WallDay {
  readonly year: number;
  /** 1-12 */
  readonly month: number;
  readonly day: number;
}

export interface Shape {
  readonly second: Part<number> | null;
  readonly minute: Part<number>;
  readonly hour: Part<number>;
  readonly day: Part<WallDay>;
  readonly month: Part<number>;
  readonly weekday: Part<WallDay>;
  readonly plus: boolean;
  readonly year: Part<number> | null;
}

export interface Rules {
  readonly gap: 'skip' | 'after' | 'before';
  readonly overlap: 'once' | 'first' | 'last' | 'both';
}

export function textOf(shape: Shape): string {
  const { second, minute, hour, day, month, weekday, plus, year } = shape;
  const fields = [minute, hour, day, month].map((part) => part.text);
  const days = [...fields, (plus ? '+' : '') + weekday.text];
  if (year !== null) return [second?.text ?? '0', ...days, year.text].join(' ');
  return second === null ? days.join(' ') : [second.text, ...days].join(' ');
}

/** The fires in (from, to]. Both and all offsets near them are whole minutes. */
export function oracleFires(shape: Shape, zone: string, rules: Rules, from: number, to: number): number[] {
  const stepMs = shape.second === null && shape.year === null ? 60_000 : 1000;
  const star = (part: Part<number> | null) => part?.text.startsWith('*') ?? false;
  const fixed = !star(shape.second) && !star(shape.minute) && !star(shape.hour);
  const around = contextMs(zone, from, to);
  const showings = new Map<number, number[]>();
  const moved: number[] = [];
  let wallBefore: number | null = null;
  for (let at = Math.floor((from - around) / 60_000) * 60_000; at <= to + around; at += stepMs) {
    const wall = at + offsetOf(zone, at);
    if (wallBefore !== null && wall > wallBefore + stepMs && fixed && rules.gap !== 'skip') {
      for (let lost = wallBefore + stepMs; lost < wall; lost += stepMs) {
        if (!meets(shape, lost)) continue;
        moved.push(rules.gap === 'after' ? at : at - stepMs);
        break;
      }
    }
    wallBefore = wall;
    if (meets(shape, wall)) showings.set(wall, [...(showings.get(wall) ?? []), at]);
  }
  const rule = rules.overlap === 'once' ? (fixed ? 'first' : 'both') : rules.overlap;
  const shown = [...showings.values()].flatMap((instants) => {
    if (rule === 'both') return instants;
    return instants.filter((_, index) => index === (rule === 'first' ? 0 : instants.length - 1));
  });
  const all = new Set([...shown, ...moved].filter((at) => at > from && at <= to));
  return [...all].sort((a, b) => a - b);
}

/** How far to look beyond the window for the other showing of a wall time: a little more than the clock changes there, if it does. */
function contextMs(zone: string, from: number, to: number): number {
  const day = 86_400_000;
  let [least, most] = [Infinity, -Infinity];
  for (let at = from - 2 * day; at <= to + 2 * day; at += day / 2) {
    least = Math.min(least, offsetOf(zone, at));
    most = Math.max(most, offsetOf(zone, at));
  }
  return most - least + 120_000;
}

function meets(shape: Shape, wall: number): boolean {
  const date = new Date(wall);
  const day: WallDay = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  if (!(shape.second?.meets(date.getUTCSeconds()) ?? date.getUTCSeconds() === 0)) return false;
  if (!shape.minute.meets(date.getUTCMinutes()) || !shape.hour.meets(date.getUTCHours())) return false;
  if (!shape.month.meets(day.month) || !(shape.year?.meets(day.year) ?? true)) return false;
  const [dayFits, weekdayFits] = [shape.day.meets(day), shape.weekday.meets(day)];
  const open = (text: string) => text.startsWith('*') || text.startsWith('?');
  const both = shape.plus || open(shape.day.text) || open(shape.weekday.text);
  return both ? dayFits && weekdayFits : dayFits || weekdayFits;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const known = new Map<string, Map<number, number>>();
const quarterMs = 900_000;

/** What the wall shows, less UTC. Within a quarter of an hour it nearly always stays the same (but St John's changed at 00:01). */
export function offsetOf(zone: string, at: number): number {
  const quarter = Math.floor(at / quarterMs) * quarterMs;
  const [start, end] = [asked(zone, quarter), asked(zone, quarter + quarterMs)];
  return start === end ? start : asked(zone, Math.floor(at / 1000) * 1000);
}

function asked(zone: string, at: number): number {
  let zoned = known.get(zone);
  if (zoned === undefined || zoned.size > 100_000) known.set(zone, (zoned = new Map()));
  const before = zoned.get(at);
  if (before !== undefined) return before;
  let format = formats.get(zone);
  if (format === undefined) {
    const digits = 'numeric';
    const fields = { year: digits, month: digits, day: digits, hour: digits, minute: digits, second: digits } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...fields });
    formats.set(zone, format);
  }
  const figures = format.format(at).split(/\D+/).map(Number);
  const [month = 0, day = 0, year = 0, hours = 0, minutes = 0, seconds = 0] = figures;
  const offset = Date.UTC(year, month - 1, day, hours, minutes, seconds) - at;
  zoned.set(at, offset);
  return offset;
}
