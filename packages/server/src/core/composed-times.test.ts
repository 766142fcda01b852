// Composed times (schedule-times.ts) held to a naive walk through the wall clock (times/testing/naive-times.ts).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CalendarInput,
  calendarDefinitionSchema,
  type ScheduleInput,
  scheduleDefinitionSchema,
} from '@tidewheel/protocol';
import { compileCalendars } from './calendar.ts';
import { compileTimes, nextFireAfter } from './schedule-times.ts';
import { naiveFires } from './times/testing/naive-times.ts';

const utc = (text: string) => Date.parse(`${text}Z`);
const anchorAt = utc('2026-02-10T10:07');
const from = utc('2026-02-20T00:00');
const until = utc('2026-05-10T00:00');

/** Gives the times of the range. */
function agreed(schedule: Omit<ScheduleInput, 'name'>, inputs: readonly CalendarInput[]): string[] {
  const spec = scheduleDefinitionSchema.parse({ name: 's', ...schedule });
  const calendars = compileCalendars(inputs.map((input) => calendarDefinitionSchema.parse(input)));
  const compiled = compileTimes(spec, anchorAt, calendars);
  const found: number[] = [];
  for (let next = nextFireAfter(compiled, from); next !== null && next < until; next = nextFireAfter(compiled, next)) {
    found.push(next);
  }
  const shown = (times: readonly number[]) => times.map((at) => new Date(at).toISOString().slice(0, 16));
  assert.deepEqual(shown(found), shown(naiveFires(spec, anchorAt, calendars, { from, until })));
  return shown(found);
}

test('an hour of the day that a calendar of another zone leaves on one day only is moved there from a year away', () => {
  // Of Mondays in Shanghai, a schedule in UTC has the hours up to 16:00; the hours after it remain on 20 February alone.
  const days: CalendarInput = {
    name: 'days',
    weekdays: ['MON'],
    ranges: [{ from: '2026-02-20', to: '2026-02-21' }],
    timezone: 'Asia/Shanghai',
  };
  const weekend: CalendarInput = { name: 'weekend', weekdays: ['SAT', 'SUN'] };
  const calendar = { exclude: 'weekend', only: 'days', move: 'previous' as const };
  const one = (at: string) => agreed({ at, calendar }, [weekend, days]);
  assert.deepEqual(one('2026-02-24T20:00:00Z'), ['2026-02-20T20:00']);
  assert.deepEqual(one('2026-12-15T20:00:00Z'), ['2026-02-20T20:00']);
  assert.deepEqual(one('2027-02-21T20:00:00Z'), ['2026-02-20T20:00']);
  assert.deepEqual(one('2027-02-22T20:00:00Z'), []);
  const drawn = { every: 249_300_000, anchor: '2026-02-01T00:00:00Z', start: '2026-02-20T00:00:00Z' };
  assert.equal(agreed({ ...drawn, calendar }, [weekend, days]).length, 51);
});

test('a time is moved over as many days as two calendars together take out', () => {
  const out: CalendarInput = {
    name: 'out',
    ranges: [{ from: '2026-02-20', to: '2026-03-17' }],
    dates: ['2026-03-23', '2026-03-30', '2026-04-06', '2026-04-13'],
  };
  const calendar = { exclude: 'out', only: 'mondays', move: 'next' as const };
  const mondays: CalendarInput = { name: 'mondays', weekdays: ['MON'] };
  assert.deepEqual(agreed({ cron: '0 9 20 2 *', calendar }, [out, mondays]), ['2026-04-20T09:00']);
});

test('a time that the clock shifted is moved to the wall time that the rule names, and falls together with the time of that day', () => {
  const sunday: CalendarInput = { name: 'sunday', weekdays: ['SUN'] };
  const ny = { timezone: 'America/New_York', start: '2026-03-07T00:00:00Z', end: '2026-03-10T00:00:00Z' };
  const moved = (cron: string, move: 'next' | 'previous', dst: NonNullable<ScheduleInput['dst']> = {}) =>
    agreed({ ...ny, cron, dst, calendar: { exclude: 'sunday', move } }, [sunday]);
  // On 8 March, a Sunday, 02:30 is shifted to 03:00 (or to 01:59). Monday has 02:30, at 06:30 UTC.
  for (const gap of ['after', 'before'] as const) {
    assert.deepEqual(moved('30 2 * * *', 'next', { gap }), ['2026-03-07T07:30', '2026-03-09T06:30']);
    assert.deepEqual(moved('30 2 * * *', 'previous', { gap }), ['2026-03-07T07:30', '2026-03-09T06:30']);
    assert.deepEqual(moved('0,30 2 8 * *', 'next', { gap }), ['2026-03-09T06:00', '2026-03-09T06:30']);
  }
  const saturday: CalendarInput = { name: 'saturday', weekdays: ['SAT'] };
  const onto = (gap: 'skip' | 'after' | 'before') =>
    agreed({ ...ny, cron: '30 2 7 * *', dst: { gap }, calendar: { exclude: 'saturday', move: 'next' } }, [saturday]);
  assert.deepEqual(onto('after'), ['2026-03-08T07:00']);
  assert.deepEqual(onto('before'), ['2026-03-08T06:59']);
  assert.deepEqual(onto('skip'), ['2026-03-08T07:00']);
});

test('a time that no day is left for hides none of another trigger', () => {
  // Of Mondays in Shanghai, half past three at Lord Howe is never left, and midnight of each Tuesday is.
  const calendars: CalendarInput[] = [
    { name: 'weekend', weekdays: ['SUN', 'SAT'], timezone: 'UTC' },
    { name: 'mondays', weekdays: ['MON'], timezone: 'Asia/Shanghai' },
  ];
  for (const move of ['previous', 'next'] as const) {
    const calendar = { exclude: 'weekend', only: 'mondays', move };
    const times = [{ cron: '30 3 * * *' }, { cron: '0 0 * * 0' }];
    assert.equal(agreed({ times, timezone: 'Australia/Lord_Howe', calendar }, calendars).length, 11);
  }
});

test('a trigger with a zone of its own is moved on its own clock', () => {
  // Nine in Berlin is 08:00 UTC on Friday 27 March and 07:00 on Monday, after the clock was changed.
  const weekend: CalendarInput = { name: 'weekend', weekdays: ['SAT', 'SUN'] };
  const nine = { times: [{ cron: '0 9 28 * *', timezone: 'Europe/Berlin' }] };
  const bounds = { start: '2026-03-20T00:00:00Z', end: '2026-04-01T00:00:00Z' };
  const calendar = { exclude: 'weekend', move: 'next' as const };
  assert.deepEqual(agreed({ ...nine, ...bounds, calendar }, [weekend]), ['2026-03-30T07:00']);
});

/** In Havana, Cairo and Nuuk the clock jumps at midnight: over it, to it, and from before it. */
const zone = fc.constantFrom(
  'UTC',
  'Asia/Shanghai',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'America/Havana',
  'Africa/Cairo',
  'America/Nuuk',
);
const dst = fc.record(
  {
    gap: fc.constantFrom('skip' as const, 'after' as const, 'before' as const),
    overlap: fc.constantFrom('once' as const, 'first' as const, 'last' as const, 'both' as const),
  },
  { requiredKeys: [] },
);
const clock = fc.tuple(fc.constantFrom(0, 15, 30, 45), fc.oneof(fc.nat(23), fc.constantFrom(0, 1, 2, 23)));
const cronTrigger = fc.oneof(
  clock.map(([minute, hour]) => ({ cron: `${minute} ${hour} * * *` })),
  fc.tuple(clock, fc.nat(6)).map(([[minute, hour], day]) => ({ cron: `${minute} ${hour} * * ${day}` })),
  fc
    .tuple(clock, fc.integer({ min: 1, max: 31 }))
    .map(([[minute, hour], day]) => ({ cron: `${minute} ${hour} ${day} * *` })),
  fc.constantFrom({ cron: '0 */6 * * *' }, { cron: '30 8-17 * * 1-5' }, { cron: '*/30 2 * * *' }),
  clock.map(([minute, hour]) => ({ cron: `${minute},${45 - minute} ${hour} * * 0,6` })),
);
const intervalTrigger = fc
  .tuple(fc.integer({ min: 40, max: 400 }), fc.integer({ min: 0, max: 4000 }))
  .map(([quarters, start]) => ({ every: quarters * 900_000, anchor: utc('2026-02-01T00:00') + start * 900_000 }));
const ruleTrigger = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(23)).map(([interval, hour]) => ({
  rrule: `DTSTART:20260205T${String(hour).padStart(2, '0')}3000\nRRULE:FREQ=DAILY;INTERVAL=${interval}`,
}));
const zoned = fc
  .tuple(fc.oneof(cronTrigger, ruleTrigger), fc.option(zone, { nil: undefined }))
  .map(([trigger, timezone]) => ({ ...trigger, ...(timezone === undefined ? {} : { timezone }) }));
const trigger = fc.oneof({ weight: 3, arbitrary: zoned }, { weight: 1, arbitrary: intervalTrigger });
const minuteOf = (first: string, days: number) =>
  fc.integer({ min: 0, max: days * 96 }).map((quarters) => utc(first) + quarters * 900_000);
const day = fc
  .integer({ min: 0, max: 80 })
  .map((offset) => new Date(utc('2026-02-20T00:00') + offset * 86_400_000).toISOString().slice(0, 10));
const range = fc.tuple(day, fc.integer({ min: 0, max: 12 })).map(([first, days]) => ({
  from: first,
  to: new Date(utc(`${first}T00:00`) + days * 86_400_000).toISOString().slice(0, 10),
}));
const calendarInput = (name: string, weekday: fc.Arbitrary<'MON' | 'WED' | 'SAT' | 'SUN'>, required: 'weekdays'[]) =>
  fc
    .record(
      {
        dates: fc.array(day, { minLength: 1, maxLength: 4 }),
        ranges: fc.array(range, { minLength: 1, maxLength: 2 }),
        weekdays: fc.uniqueArray(weekday, { minLength: 1 }),
        timezone: zone,
        except: fc.record({ dates: fc.array(day, { minLength: 1, maxLength: 5 }) }),
      },
      { requiredKeys: required },
    )
    .filter(({ dates, ranges, weekdays }) => dates !== undefined || ranges !== undefined || weekdays !== undefined)
    .map((rules): CalendarInput => ({ name, ...rules }));
const calendarRule = fc
  .record(
    {
      exclude: fc.constant('a'),
      only: fc.constant('b'),
      move: fc.constantFrom('skip' as const, 'next' as const, 'previous' as const),
    },
    { requiredKeys: [] },
  )
  .filter(({ exclude, only }) => exclude !== undefined || only !== undefined);
const bounds = fc.record(
  {
    start: minuteOf('2026-02-20T00:00', 30),
    end: minuteOf('2026-04-01T00:00', 30),
    count: fc.integer({ min: 1, max: 30 }),
  },
  { requiredKeys: [] },
);

test('combined triggers, calendars, moves, bounds and counts are what a walk through every quarter of an hour finds', () => {
  fc.assert(
    fc.property(
      fc.record({ times: fc.array(trigger, { minLength: 1, maxLength: 3 }), timezone: zone, bounds, dst }),
      fc.option(calendarRule, { nil: undefined }),
      fc.tuple(
        calendarInput('a', fc.constantFrom('SAT', 'SUN'), []),
        calendarInput('b', fc.constantFrom('MON', 'WED'), ['weekdays']),
      ),
      ({ times, timezone, bounds: limited, dst: rules }, calendar, calendars) => {
        void agreed(
          { times, timezone, dst: rules, ...limited, ...(calendar === undefined ? {} : { calendar }) },
          calendars,
        );
      },
    ),
    { numRuns: 80 },
  );
});
