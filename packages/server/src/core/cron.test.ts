import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '@tidewheel/protocol';
import { type Cron, cronNext, parseCron } from './cron.ts';

const utc = (text: string) => Date.parse(`${text}Z`);
function fires(expression: string, timezone: string, from: string, to: string): string[] {
  const cron = parseCron(expression, timezone);
  const found: string[] = [];
  for (let at = cronNext(cron, utc(from) - 1); at !== null && at < utc(to); at = cronNext(cron, at))
    found.push(new Date(at).toISOString().slice(0, 16));
  return found;
}
function refusal(expression: string, timezone = 'UTC'): Refusal {
  try {
    parseCron(expression, timezone);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `"${expression}" in ${timezone} was accepted` });
}

// The documentation's own examples of clock changes are what is tested, so that neither can go wrong alone.
const page = readFileSync(new URL('../../../../docs/reference/schedules.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `(.+?)` \| ([\w/]+) \| (\d{4}-\d\d-\d\d) \| (.+?) \|$/gm)];
for (const [, expression = '', timezone = '', day = '', expected = ''] of rows) {
  test(`${expression} in ${timezone} on ${day} fires at ${expected}`, () => {
    const to = new Date(utc(`${day}T00:00`) + 86_400_000).toISOString().slice(0, 16);
    assert.equal(fires(expression, timezone, `${day}T00:00`, to).join(', ') || '–', expected);
  });
}

test('the documentation shows a gap and a repeated hour, of a fixed time and of an interval', () => {
  assert.ok(rows.length >= 5);
});

test('fields may be five or six, with names, lists, ranges, steps, L, #, W and nicknames', () => {
  assert.deepEqual(fires('0 0 L * *', 'UTC', '2028-02-01T00:00', '2028-03-01T00:00'), ['2028-02-29T00:00']);
  assert.deepEqual(fires('0 0 * * 5#3', 'UTC', '2026-05-01T00:00', '2026-06-01T00:00'), ['2026-05-15T00:00']);
  assert.deepEqual(fires('0 0 * * FRIL', 'UTC', '2026-05-01T00:00', '2026-06-01T00:00'), ['2026-05-29T00:00']);
  assert.deepEqual(fires('0 0 15W AUG ?', 'UTC', '2026-01-01T00:00', '2027-01-01T00:00'), ['2026-08-14T00:00']);
  assert.deepEqual(fires('0 0 7 * SUN', 'UTC', '2026-03-01T00:00', '2026-03-09T00:00'), [
    '2026-03-01T00:00',
    '2026-03-07T00:00',
    '2026-03-08T00:00',
  ]);
  assert.deepEqual(fires('0 0 13 * +FRI', 'UTC', '2026-01-01T00:00', '2026-04-01T00:00'), [
    '2026-02-13T00:00',
    '2026-03-13T00:00',
  ]);
  assert.deepEqual(fires('0 0 LW * *', 'UTC', '2026-05-01T00:00', '2026-06-01T00:00'), ['2026-05-29T00:00']);
  assert.deepEqual(fires('0 0 * * 7', 'UTC', '2026-03-01T00:00', '2026-03-08T00:00'), ['2026-03-01T00:00']);
  assert.equal(fires('@hourly', 'UTC', '2026-03-01T00:00', '2026-03-02T00:00').length, 24);
  assert.equal(fires('*/20 * * * * *', 'UTC', '2026-03-01T00:00', '2026-03-01T00:01').length, 3);
});

test('an expression that no date satisfies is refused', () => {
  assert.match(refusal('0 0 30 2 *').message, /never fires/);
});

const wrong: [string, RegExp][] = [
  ['', /0 fields are given; expected 5 .* or 6/],
  ['* * * *', /4 fields are given/],
  ['0 0 0 1 1 ? 2030', /7 fields are given.*year/],
  ['61 * * * *', /field 1 \(minute\), "61" at character 1: .*expected 0-59/],
  ['0 0  32 * *', /field 3 \(day of month\), "32" at character 6: .*expected 1-31/],
  ['0 0 * FOO *', /field 4 \(month\), "FOO" at character 7: .*JAN-DEC/],
  ['0 0 0 * * MOO', /field 6 \(day of week\), "MOO" at character 11/],
  ['5/15 * * * *', /write 5-59\/15/],
  ['0 0 * * FRI-MON', /a range cannot wrap around/],
  ['H * * * *', /chosen by hash/],
  ['0 0 L-3 * *', /counted from the end/],
  ['*/0 * * * *', /field 1 \(minute\)/],
  ['TZ=Asia/Tokyo 0 0 * * *', /beside the expression/],
  ['2030-01-01T00:00:00', /1 fields are given/],
  ['@reboot', /has no time/],
  ['@every 5m', /write every: 5m/],
  ['@fortnightly', /nickname "@fortnightly" is unknown.*@hourly/],
];
for (const [expression, message] of wrong) {
  test(`the expression "${expression}" is refused with ${message.source}`, () => {
    const { code, message: detail, faults } = refusal(expression);
    assert.equal(code, 'INVALID_CRON');
    assert.match(detail, message);
    assert.deepEqual(faults, [{ pointer: '/cron', detail }]);
  });
}

const zones: [string, RegExp][] = [
  ['CST', /ambiguous.*America\/Chicago or Asia\/Shanghai or America\/Havana/],
  ['EST', /America\/New_York/],
  ['EST5EDT', /America\/New_York/],
  ['+08:00', /is an offset/],
  ['UTC+8', /is an offset/],
  ['Europe/Berln', /unknown; write an IANA name/],
  ['Berlin', /unknown; write Europe\/Berlin/],
  ['', /unknown/],
];
for (const [timezone, message] of zones) {
  test(`the zone "${timezone}" is refused with ${message.source}`, () => {
    const { code, message: detail } = refusal('* * * * *', timezone);
    assert.equal(code, 'UNKNOWN_TIMEZONE');
    assert.match(detail, message);
  });
}

test('UTC does not depend on the time zone of the process', (t) => {
  const before = process.env['TZ'];
  t.after(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });
  for (const zone of ['America/New_York', 'Asia/Kathmandu']) {
    process.env['TZ'] = zone;
    assert.deepEqual(fires('30 2 8 3 *', 'UTC', '2026-03-01T00:00', '2026-04-01T00:00'), ['2026-03-08T02:30']);
  }
});

test('a zone is taken in any case', () => {
  assert.equal(cronNext(parseCron('0 9 * * *', 'asia/shanghai'), utc('2026-01-01T00:00')), utc('2026-01-01T01:00'));
  assert.equal(parseCron('0 9 * * *', 'utc').timezone, 'UTC');
});

test('thousands of expressions fit in memory: they share the array of years', () => {
  const yearsOf = (cron: Cron) =>
    (cron.wall as unknown as { _states: { pattern: { year: number[] } } })._states.pattern.year;
  assert.equal(yearsOf(parseCron('1 * * * *', 'UTC')), yearsOf(parseCron('2 * * * *', 'Europe/Berlin')));
});

const expressions = fc.constantFrom(
  '* * * * *',
  '*/7 * * * *',
  '30 2 * * *',
  '0 0 1 * *',
  '15,45 9-17 * * MON-FRI',
  '0 12 L * *',
  '0 0 13 * FRI',
  '*/10 2 * * SUN',
  '59 23 31 12 *',
  '0 0 29 2 *',
);
const timezones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Shanghai',
  'America/St_Johns',
  'Africa/Casablanca',
);
const instants = fc.integer({ min: utc('2020-01-01T00:00'), max: utc('2035-01-01T00:00') });

test('the next fire is later than asked, and nothing lies between two neighbours', () => {
  fc.assert(
    fc.property(
      expressions,
      timezones,
      instants,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (expression, timezone, after, share) => {
        const cron = parseCron(expression, timezone);
        const next = cronNext(cron, after);
        assert.ok(next !== null && next > after);
        const between = Math.floor(after + (next - 1 - after) * share);
        assert.equal(cronNext(cron, between), next);
      },
    ),
  );
});

test('the short cut away from clock changes agrees with croner asked for the zone', () => {
  const zonesToTry = fc.constantFrom(
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Africa/Casablanca',
    'Pacific/Apia',
    'Asia/Beirut',
    'Atlantic/Azores',
    'America/Sao_Paulo',
    'Antarctica/Troll',
  );
  // Half of the instants lie within two days of a month's turn or of the date-line change of Samoa, where changes cluster.
  const near = fc.tuple(
    fc.constantFrom(
      '2011-12-30T10:00',
      '2026-03-29T01:00',
      '2026-10-25T00:00',
      '2026-03-08T07:00',
      '2026-11-01T06:00',
      '2026-10-03T15:30',
      '2018-11-04T03:00',
      '2026-02-15T02:00',
    ),
    fc.integer({ min: -4 * 86_400_000, max: 4 * 86_400_000 }),
  );
  const anyInstant = fc.oneof(
    instants,
    near.map(([at, off]) => utc(at) + off),
  );
  fc.assert(
    fc.property(expressions, zonesToTry, anyInstant, (expression, timezone, after) => {
      const cron = parseCron(expression, timezone);
      assert.equal(cronNext(cron, after), cron.zoned.nextRun(new Date(after))?.getTime());
    }),
    { numRuns: 1500 },
  );
});

const range = (min: number, max: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min, max }).map(String),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.integer({ min: 1, max }).map((step) => `*/${step}`),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${a},${b}`),
  );

/** Our own reading of plain fields, to hold against croner's: the values of one field. */
function valuesOf(text: string, min: number, max: number): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [span = '', step = '1'] = part.split('/');
    const [low, high] = span === '*' ? [min, max] : [Number(span.split('-')[0]), Number(span.split('-').at(-1))];
    for (let value = low; value <= high; value += Number(step)) values.add(value);
  }
  return values;
}

test('in UTC the next fire is what walking minute by minute finds', () => {
  const pattern = fc.tuple(range(0, 59), range(0, 23), range(1, 28), range(1, 12), range(0, 6));
  fc.assert(
    fc.property(pattern, instants, ([minute, hour, day, month, weekday], after) => {
      const [minutes, hours, days, months, weekdays] = [
        valuesOf(minute, 0, 59),
        valuesOf(hour, 0, 23),
        valuesOf(day, 1, 31),
        valuesOf(month, 1, 12),
        valuesOf(weekday, 0, 6),
      ];
      const cron = parseCron(`${minute} ${hour} ${day} ${month} ${weekday}`, 'UTC');
      const restricted = day !== '*' && weekday !== '*';
      const matches = (at: number) => {
        const date = new Date(at);
        const dayFits = days.has(date.getUTCDate());
        const weekdayFits = weekdays.has(date.getUTCDay());
        const dateFits = restricted ? dayFits || weekdayFits : dayFits && weekdayFits;
        return (
          minutes.has(date.getUTCMinutes()) &&
          hours.has(date.getUTCHours()) &&
          months.has(date.getUTCMonth() + 1) &&
          dateFits
        );
      };
      const next = cronNext(cron, after) ?? Number.NaN;
      const until = Math.min(next, after + 45 * 86_400_000);
      for (let at = Math.floor(after / 60_000) * 60_000 + 60_000; at < until; at += 60_000)
        assert.ok(!matches(at), `passed over ${new Date(at).toISOString()}`);
      assert.ok(matches(next));
    }),
    { numRuns: 60 },
  );
});
