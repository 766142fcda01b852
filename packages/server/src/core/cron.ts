// Cron expressions in our own words, worked out by croner: 5 fields, or 6 with seconds first, in an IANA time zone.
//
// What happens at clock changes (croner's rules; docs/reference/schedules.md has examples, which a test runs):
// - An expression with one fixed second, minute and hour (`30 2 * * *`) fires once a day: a time that the clock jumps over
//   fires at the first instant after the gap, a time that occurs twice fires at its first occurrence.
// - Any other expression (`*/15 2 * * *`) follows the wall clock: times in a gap do not occur, times in a repeated hour occur twice.
//
// Day of month and day of week are joined by OR when both are restricted, as in Vixie cron; `+` before the weekday joins by AND.

import { Cron as Engine, CronPattern } from 'croner';
import { Refusal } from '@tidewheel/protocol';
import { calmOffsetMs } from './zone-offset.ts';
import { checkTimezone } from './zone.ts';

/** A compiled expression. Nothing outside this file looks inside. */
export class Cron {
  readonly expression: string;
  readonly timezone: string;
  /** The pattern as if in UTC. */
  readonly wall: Engine;
  readonly #pattern: string;
  #zoned: Engine | null = null;

  constructor(expression: string, timezone: string, pattern: string, wall: Engine) {
    this.expression = expression;
    this.timezone = timezone;
    this.#pattern = pattern;
    this.wall = wall;
  }

  /** The pattern in its zone. Made when it is first asked for, which is only near changes of the clock. */
  get zoned(): Engine {
    this.#zoned ??= engineOf(this.#pattern, this.timezone);
    return this.#zoned;
  }
}

const fields = [
  { name: 'second', expected: '0-59' },
  { name: 'minute', expected: '0-59' },
  { name: 'hour', expected: '0-23' },
  { name: 'day of month', expected: '1-31, L (last day), 15W (weekday nearest to the 15th) or LW (last weekday)' },
  { name: 'month', expected: '1-12 or JAN-DEC' },
  { name: 'day of week', expected: '0-7 (0 and 7 are Sunday) or SUN-SAT, 5#3 (third Friday) or 5L (last Friday)' },
] as const;

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Throws INVALID_CRON or UNKNOWN_TIMEZONE with what was expected and where. */
export function parseCron(expression: string, timezone: string): Cron {
  const zone = checkTimezone(timezone);
  const pattern = plainPattern(expression);
  const parts = [...pattern.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index + 1 }));
  if (parts.length !== 5 && parts.length !== 6) refuse(wrongCount(parts.length));
  const wall = compile(pattern, parts);
  // Any date of the 400-year cycle does; expressions such as 30 February have none and would be silently without effect.
  if (wall.nextRun(new Date(0)) === null) refuse(`"${expression}" never fires: no such day exists`);
  return new Cron(expression, zone, pattern, wall);
}

/** The first fire later than `afterMs`, or null when none comes any more. */
export function cronNext(cron: Cron, afterMs: number): number | null {
  const { wall, timezone } = cron;
  if (timezone === 'UTC') return nextOf(wall, afterMs);
  return calmNext(wall, timezone, afterMs) ?? nextOf(cron.zoned, afterMs);
}

/**
 * Away from changes of the clock, wall time is UTC with an offset, and croner is asked as if in UTC: 2 to 10 µs instead of 30.
 * When `afterMs` and the answer are both calm, a change in between does no harm: a matching wall time in its gap or in its
 * repeated hour would have been found first. Null: ask croner for the zone.
 */
function calmNext(wall: Engine, timezone: string, afterMs: number): number | null {
  const offset = calmOffsetMs(timezone, afterMs);
  if (offset === null) return null;
  const wallTime = nextOf(wall, afterMs + offset);
  if (wallTime === null) return null;
  const offsetThen = calmOffsetMs(timezone, wallTime - offset);
  if (offsetThen === null || calmOffsetMs(timezone, wallTime - offsetThen) !== offsetThen) return null;
  return wallTime - offsetThen;
}

function nextOf(engine: Engine, afterMs: number): number | null {
  return engine.nextRun(new Date(afterMs))?.getTime() ?? null;
}

function plainPattern(expression: string): string {
  const trimmed = expression.trim();
  if (!trimmed.startsWith('@')) return expression;
  const known = nicknames[trimmed.toLowerCase()];
  if (known !== undefined) return known;
  if (trimmed.toLowerCase() === '@reboot') {
    refuse('"@reboot" has no time: a cluster does not reboot; trigger the job from whatever starts up');
  }
  if (trimmed.toLowerCase().startsWith('@every'))
    refuse(`"${trimmed}" is an interval; write every: ${trimmed.slice(6).trim() || '5m'}`);
  refuse(`the nickname "${trimmed}" is unknown; expected one of ${Object.keys(nicknames).join(', ')}`);
}

function compile(pattern: string, parts: readonly { text: string; at: number }[]): Engine {
  try {
    return engineOf(pattern, 'UTC');
  } catch (error) {
    refuse(faultOf(parts) ?? `"${pattern}" cannot be read: ${wordsOf(error)}`, error);
  }
}

function engineOf(pattern: string, timezone: string): Engine {
  // Given no zone, croner reads the process's own; the name UTC makes it ask Intl. Offset 0 does neither.
  const engine = new Engine(pattern, {
    ...(timezone === 'UTC' ? { utcOffset: 0 } : { timezone }),
    mode: '5-or-6-parts',
  });
  shareYears(engine);
  return engine;
}

let everyYear: number[] | undefined;

/**
 * croner gives each pattern an array of ten thousand years, 80 KB of it. Ours have no year field, so all can hold the same array;
 * a hundred thousand patterns would else take 8 GB. A test fails when croner's inside changes.
 */
function shareYears(engine: Engine): void {
  const { pattern } = (engine as unknown as { _states: { pattern: CronPattern } })._states;
  everyYear ??= pattern.year;
  pattern.year = everyYear;
}

/** Finds the field that is wrong by trying each among stars. */
function faultOf(parts: readonly { text: string; at: number }[]): string | null {
  const offset = 6 - parts.length;
  for (const [index, part] of parts.entries()) {
    const field = fields[index + offset];
    if (field === undefined) return null;
    const alone = Array.from({ length: 6 }, (_, other) => (other === index + offset ? part.text : '*')).join(' ');
    try {
      void new CronPattern(alone, undefined, { mode: '6-part' });
    } catch (error) {
      const advice =
        adviceFor(part.text, index + offset) ??
        `expected ${field.expected}, or *, lists 1,2, ranges 1-5, steps */2 and 1-9/2`;
      return `field ${index + 1} (${field.name}), "${part.text}" at character ${part.at}: ${wordsOf(error)}; ${advice}`;
    }
  }
  return null;
}

/** Spellings of other schedulers, and what they are here. */
function adviceFor(text: string, field: number): string | null {
  const start = /^(\d+)\/(\d+)$/.exec(text);
  if (start !== null) return `write ${start[1]}-${[59, 59, 23, 31, 12, 6][field]}/${start[2]}`;
  if (/^H/i.test(text)) return 'H (a value chosen by hash) is not known here; choose a value';
  if (/^L-\d+$/i.test(text)) return 'days counted from the end of the month are not known here; use L for the last day';
  if (/^[A-Z_]+=/i.test(text)) return 'give the time zone beside the expression, not in it';
  if (/^(\d+|[A-Z]{3})-(\d+|[A-Z]{3})$/i.test(text))
    return 'a range cannot wrap around; write two ranges, for example FRI-SAT,SUN-MON';
  return null;
}

function wrongCount(count: number): string {
  const expected = 'expected 5 (minute hour day-of-month month day-of-week) or 6 (second first)';
  return count === 7
    ? `7 fields are given; ${expected}; a year field is not known here`
    : `${count} fields are given; ${expected}`;
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^CronPattern: (?:Syntax error, )?/, '').replace(/^./, (first) => first.toLowerCase());
}

function refuse(detail: string, cause?: unknown): never {
  throw new Refusal('INVALID_CRON', detail, {
    faults: [{ pointer: '/cron', detail }],
    ...(cause === undefined ? {} : { cause }),
  });
}
