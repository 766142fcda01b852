// Where croner and the engine mean the same, they find the same fires. Left out is what croner does not know (years, H, L-3, ranges past
// the end, 5/15) and what it reads otherwise: it calls an expression fixed when second, minute and hour are one value each, and
// joins `*/2` with a weekday by "either".

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron as Croner } from 'croner';
import fc from 'fast-check';
import { cronNext } from './next.ts';
import { parseCron } from './parse.ts';

const number = (min: number, max: number) => fc.integer({ min, max });
const rangeOf = (min: number, max: number) =>
  fc.tuple(number(min, max), number(min, max)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

function field(min: number, max: number): fc.Arbitrary<string> {
  const part = fc.oneof(
    number(min, max).map(String),
    rangeOf(min, max).map(([low, high]) => `${low}-${high}`),
    fc
      .tuple(rangeOf(min, max), number(1, 9))
      .map(([[low, high], step]) => `${low}-${high}/${Math.min(step, high - low + 1)}`),
  );
  return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
}

const star = (max: number) =>
  fc.oneof(
    fc.constant('*'),
    number(2, Math.min(max, 15)).map((step) => `*/${step}`),
  );
const dayField = fc.oneof(field(1, 31), fc.constantFrom('L', 'LW', '1W', '15W', '30W', '10,L', '31'));
const weekdayField = fc.oneof(
  field(0, 6),
  fc.constantFrom('MON-FRI', 'SUN', '7', '5#3', 'MON#1', '0#5', '5L', 'FRIL', 'TUE,THU', '1#2,4#4'),
);
const days = fc.oneof(
  fc.constant('* * *'),
  dayField.map((day) => `${day} * *`),
  weekdayField.map((weekday) => `* * ${weekday}`),
  fc.tuple(dayField, weekdayField).map(([day, weekday]) => `${day} * ${weekday}`),
  fc.tuple(dayField, field(1, 12)).map(([day, month]) => `${day} ${month} *`),
  fc.tuple(field(1, 28), weekdayField).map(([day, weekday]) => `${day} * +${weekday}`),
);
const times = fc.oneof(
  fc.tuple(number(0, 59), number(0, 23)).map(([minute, hour]) => `${minute} ${hour}`),
  fc.tuple(number(0, 59), number(0, 59), number(0, 23)).map((parts) => parts.join(' ')),
  fc.tuple(star(59), fc.oneof(star(23), field(0, 23))).map(([minute, hour]) => `${minute} ${hour}`),
  fc.tuple(field(0, 59), star(23)).map(([minute, hour]) => `${minute} ${hour}`),
  fc.tuple(star(59), field(0, 59), field(0, 23)).map((parts) => parts.join(' ')),
);
const zones = fc.constantFrom(
  'UTC',
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Africa/Cairo',
);
const begin = Date.UTC(2020, 0, 1);
/** Half of them within two days of a change of one of the clocks. */
const instants = fc.oneof(
  number(0, 10 * 365 * 1440).map((minutes) => begin + minutes * 60_000),
  fc
    .tuple(
      fc.constantFrom(
        '2026-03-29T01:00Z',
        '2026-10-25T01:00Z',
        '2026-03-08T07:00Z',
        '2026-11-01T06:00Z',
        '2026-10-03T15:30Z',
      ),
      number(-2 * 1440, 2 * 1440),
    )
    .map(([change, minutes]) => Date.parse(change) + minutes * 60_000),
);

test('croner finds the same next fires', () => {
  let compared = 0;
  fc.assert(
    fc.property(times, days, zones, instants, (time, day, timezone, after) => {
      const expression = `${time} ${day}`;
      let engine: Croner;
      try {
        engine = new Croner(expression, { timezone, mode: '5-or-6-parts', paused: true });
      } catch {
        return;
      }
      // Neither searches for ever: what croner does not find in its bound is not compared.
      let expected = engine.nextRun(new Date(after));
      if (expected === null) return;
      const cron = parseCron(expression, timezone);
      let found: number | null = after;
      for (let round = 0; round < 3 && expected !== null; round += 1) {
        found = cronNext(cron, found ?? after);
        assert.equal(
          found === null ? null : new Date(found).toISOString(),
          expected.toISOString(),
          `${expression} in ${timezone}`,
        );
        expected = engine.nextRun(expected);
        compared += 1;
      }
    }),
    { numRuns: 4000 },
  );
  assert.ok(compared > 8000, `${compared} fires compared`);
});
