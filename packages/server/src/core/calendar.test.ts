import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type CalendarInput, calendarDefinitionSchema, limits, Refusal, weekdays } from '@tidewheel/protocol';
import fc from 'fast-check';
import { parse } from 'yaml';
import { compileCalendar, compileCalendars, contains, edgeAfter, insideBetween } from './calendar.ts';
import { zoneClock } from './zone-clock.ts';

const hour = 3_600_000;
const utc = (text: string) => Date.parse(`${text}Z`);
const define = (input: CalendarInput) => calendarDefinitionSchema.parse(input);
const compile = (input: object) => compileCalendar(define({ name: 'c', ...input }), new Map());
const has = (input: object, day: string, zone = 'UTC') =>
  contains(compile(input), utc(day.length === 10 ? `${day}T12:00` : day), zone);

function refusalOf(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'was accepted' });
}

test('dates, ranges and weekdays are whole days, with the year or of every year', () => {
  assert.ok(has({ dates: ['2026-10-01'] }, '2026-10-01T23:59'));
  assert.ok(!has({ dates: ['2026-10-01'] }, '2027-10-01'));
  assert.ok(has({ dates: ['12-25'] }, '2031-12-25T00:00'));
  assert.ok(has({ dates: ['02-29'] }, '2028-02-29') && !has({ dates: ['02-29'] }, '2027-03-01'));
  assert.ok(has({ ranges: [{ from: '2026-10-01', to: '2026-10-07' }] }, '2026-10-07T23:59'));
  assert.ok(!has({ ranges: [{ from: '2026-10-01', to: '2026-10-07' }] }, '2026-10-08T00:00'));
  for (const day of ['2026-12-24', '2026-12-31', '2027-01-01', '2027-01-06'])
    assert.ok(has({ ranges: [{ from: '12-24', to: '01-06' }] }, day), day);
  assert.ok(!has({ ranges: [{ from: '12-24', to: '01-06' }] }, '2027-01-07'));
  assert.ok(has({ weekdays: ['SUN'] }, '1969-12-28') && has({ weekdays: ['SAT', 'SUN'] }, '2026-11-21'));
});

test('hours are of every day, from the first minute on and before the second, and may pass midnight', () => {
  const night = { hours: ['22:00-06:00'] };
  assert.ok(has(night, '2026-01-01T22:00') && has(night, '2026-01-01T05:59:59.999'));
  assert.ok(!has(night, '2026-01-01T06:00') && !has(night, '2026-01-01T21:59:59.999'));
  assert.ok(has({ hours: ['12:00-24:00'] }, '2026-01-01T23:59:59.999'));
});

test('a calendar without a zone is read in the zone of the schedule, one with a zone in its own', () => {
  const day = { dates: ['2026-10-01'] };
  assert.ok(has(day, '2026-09-30T16:00', 'Asia/Shanghai') && !has(day, '2026-10-01T16:00', 'Asia/Shanghai'));
  assert.ok(has({ ...day, timezone: 'Asia/Shanghai' }, '2026-09-30T16:00', 'America/New_York'));
  const outer = compileCalendars([
    define({ name: 'outer', timezone: 'Asia/Tokyo', calendars: ['inner'] }),
    define({ name: 'inner', dates: ['2026-10-01'] }),
  ]).get('outer');
  assert.ok(outer !== undefined && contains(outer, utc('2026-09-30T15:00'), 'UTC'), 'the zone around it is its own');
});

test('what is excepted is taken out, nested calendars on either side', () => {
  const calendars = compileCalendars([
    define({ name: 'closed', calendars: ['weekend', 'holidays'], except: { calendars: ['worked'] } }),
    define({ name: 'weekend', weekdays: ['SAT', 'SUN'] }),
    define({ name: 'worked', dates: ['2026-10-10'] }),
    define({ name: 'holidays', dates: ['2026-10-01'] }),
  ]);
  const closed = calendars.get('closed');
  assert.ok(closed !== undefined && closed.depth === 2);
  const days = ['2026-10-01', '2026-10-02', '2026-10-03', '2026-10-10', '2026-10-11'];
  assert.deepEqual(
    days.map((day) => contains(closed, utc(`${day}T09:00`), 'UTC')),
    [true, false, true, false, true],
  );
});

test('the example of China: holidays are off, worked weekends are not', () => {
  const page = parse(readFileSync(new URL('../../../../examples/china-calendar.yaml', import.meta.url), 'utf8')) as {
    calendars: CalendarInput[];
  };
  const calendar = [...compileCalendars(page.calendars.map(define)).values()][0];
  assert.ok(calendar !== undefined);
  const off = (day: string) => contains(calendar, utc(`${day}T04:00`), 'UTC');
  for (const day of ['2026-01-01', '2026-02-16', '2026-02-23', '2026-05-05', '2026-10-07', '2026-11-21', '2026-04-06'])
    assert.ok(off(day), day);
  for (const day of ['2026-01-04', '2026-02-14', '2026-02-28', '2026-09-20', '2026-10-10', '2026-10-08', '2026-11-20'])
    assert.ok(!off(day), day);
  let daysOff = 0;
  for (let at = utc('2025-12-31T16:00'); at < utc('2026-12-31T16:00'); at += 24 * hour)
    if (contains(calendar, at, 'UTC')) daysOff += 1;
  // 104 weekend days, 33 holidays of which 14 fall on weekends, 6 weekend days worked.
  assert.equal(daysOff, 104 + 33 - 14 - 6);
});

const wrong: [input: object, pointer: string, message: RegExp, code?: string][] = [
  [{ dates: ['2026-02-30'] }, '/dates/0', /there is no 2026-02-30/],
  [{ dates: ['01-01', '02-30'] }, '/dates/1', /there is no 02-30/],
  [{ ranges: [{ from: '2026-10-07', to: '2026-10-01' }] }, '/ranges/0', /from 2026-10-01 to 2026-10-07/],
  [{ ranges: [{ from: '2026-10-07', to: '12-31' }] }, '/ranges/0', /both ends with the year/],
  [{ weekdays: ['SAT'], except: { hours: ['09:00-09:00'] } }, '/except/hours/0', /00:00-24:00/],
  [{ weekdays: ['SAT'], timezone: 'CST' }, '/timezone', /ambiguous/, 'UNKNOWN_TIMEZONE'],
  [{ calendars: ['gone'] }, '/calendars/0', /no calendar "gone"/, 'UNKNOWN_CALENDAR'],
];
for (const [input, pointer, message, code = 'VALIDATION_FAILED'] of wrong) {
  test(`the calendar ${JSON.stringify(input)} is refused at ${pointer}`, () => {
    const refusal = refusalOf(() => compile(input));
    assert.equal(refusal.code, code);
    assert.match(refusal.message, message);
    assert.deepEqual(
      refusal.faults.map((fault) => fault.pointer),
      [pointer],
    );
  });
}

test('a calendar that contains itself, and one that nests too deeply, are refused', () => {
  const circle = refusalOf(() =>
    compileCalendars([
      define({ name: 'a', calendars: ['b'] }),
      define({ name: 'b', weekdays: ['SAT'], except: { calendars: ['a'] } }),
    ]),
  );
  assert.match(circle.message, /a → b → a/);
  const chain = Array.from({ length: limits.calendarDepth + 1 }, (_, level) =>
    define({ name: `c${level}`, weekdays: ['SAT'], ...(level === 0 ? {} : { calendars: [`c${level - 1}`] }) }),
  );
  assert.equal(compileCalendars(chain.slice(0, -1)).size, limits.calendarDepth);
  assert.match(refusalOf(() => compileCalendars(chain)).message, /nest 9 deep; at most 8/);
});

test('calendars that would have to be looked at hundreds of times are refused', () => {
  const names = (level: number) => Array.from({ length: 10 }, (_, index) => `c${level}-${index}`);
  const level = (number: number) =>
    names(number).map((name) =>
      define({ name, weekdays: ['SAT'], ...(number === 0 ? {} : { calendars: names(number - 1) }) }),
    );
  assert.equal(compileCalendars([...level(0), ...level(1)]).get('c1-0')?.parts, 11);
  const refusal = refusalOf(() => compileCalendars([...level(0), ...level(1), ...level(2)]));
  assert.match(refusal.message, /made of 111 calendars in all; at most 100/);
});

const zones = ['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Pacific/Apia'];
const dayText = fc.integer({ min: 0, max: 60 }).map((day) => new Date(utc('2018-10-20T00:00') + day * 24 * hour));
const fullDate = dayText.map((day) => day.toISOString().slice(0, 10));
const anyDate = fc.oneof(
  fullDate,
  fullDate.map((text) => text.slice(5)),
);
const clockText = fc
  .tuple(fc.nat(23), fc.nat(59))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
const hoursText = fc
  .tuple(clockText, clockText)
  .filter(([from, to]) => from !== to)
  .map((parts) => parts.join('-'));
const ruleSet = fc.record(
  {
    dates: fc.array(anyDate, { minLength: 1, maxLength: 4 }),
    ranges: fc.array(
      fc.oneof(
        fc.tuple(fullDate, fullDate).map(([a, b]) => (a <= b ? { from: a, to: b } : { from: b, to: a })),
        fc.tuple(fullDate, fullDate).map(([a, b]) => ({ from: a.slice(5), to: b.slice(5) })),
      ),
      { minLength: 1, maxLength: 2 },
    ),
    weekdays: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1, maxLength: 3 }),
    hours: fc.array(hoursText, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const calendarInput = fc
  .record({ rules: ruleSet, except: fc.option(ruleSet, { nil: undefined }) })
  .filter(({ rules }) => Object.keys(rules).length > 0)
  .map(({ rules, except }) => define({ name: 'c', ...rules, ...(except === undefined ? {} : { except }) }));

/** Reads the definition afresh for one instant, by comparing texts. */
function naive(definition: ReturnType<typeof define>, at: number, zone: string): boolean {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const [date = '', time = ''] = format.format(at).split(' ');
  const weekday = new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short' }).format(at).toUpperCase();
  const holds = ({ dates, ranges, weekdays: days, hours }: Omit<typeof definition, 'name' | 'description'>): boolean =>
    dates?.some((one) => date.endsWith(one)) === true ||
    ranges?.some(({ from, to }) => {
      const day = from.length === 5 ? date.slice(5) : date;
      return from <= to ? day >= from && day <= to : day >= from || day <= to;
    }) === true ||
    days?.some((one) => one === weekday) === true ||
    hours?.some((one) => {
      const [from = '', to = ''] = one.split('-');
      return from <= to ? time >= from && time < to : time >= from || time < to;
    }) === true;
  return holds(definition) && !(definition.except !== undefined && holds(definition.except));
}

const instant = fc.integer({ min: 0, max: 70 * 24 * 60 }).map((minute) => utc('2018-10-15T00:00') + minute * 60_000);

test('a moment is inside just when a reading of the definition word by word says so', () => {
  fc.assert(
    fc.property(
      calendarInput,
      fc.constantFrom(...zones),
      fc.array(instant, { minLength: 5 }),
      (input, zone, moments) => {
        const calendar = compileCalendar(input, new Map());
        for (const at of moments) assert.equal(contains(calendar, at, zone), naive(input, at, zone), `${zone} ${at}`);
      },
    ),
    { numRuns: 300 },
  );
});

test('nothing changes before the next edge, and a day is told minute by minute', () => {
  fc.assert(
    fc.property(calendarInput, fc.constantFrom(...zones), instant, (input, zone, at) => {
      const calendar = compileCalendar(input, new Map());
      const edge = edgeAfter(calendar, at, zoneClock(zone));
      assert.ok(edge > at);
      const inside = contains(calendar, at, zone);
      // An edge may lie years ahead, or nowhere.
      const until = Math.min(edge, at + 3 * 366 * 24 * hour);
      const step = Math.max(7 * 60_000, Math.floor((until - at) / 3000));
      for (const moment of [
        ...Array.from({ length: Math.ceil((until - at) / step) }, (_, n) => at + n * step),
        until - 1,
      ])
        assert.equal(contains(calendar, moment, zone), inside, `${zone} ${moment}`);
      const spans = insideBetween(calendar, at, at + 6 * hour, zone);
      for (let moment = at; moment < at + 6 * hour; moment += 11 * 60_000) {
        const told = spans.some(({ from, to }) => moment >= from && moment < to);
        assert.equal(told, contains(calendar, moment, zone), `${zone} ${moment}`);
      }
    }),
    { numRuns: 300 },
  );
});
