import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CalendarInput,
  calendarDefinitionSchema,
  Refusal,
  type ScheduleInput,
  scheduleDefinitionSchema,
} from '@tidewheel/protocol';
import { compileCalendars } from './calendar.ts';
import { compileTimes, nextFireAfter, previewFires } from './schedule-times.ts';

const anchor = Date.UTC(2026, 0, 1) + 123;
const utc = (text: string) => Date.parse(`${text}Z`);
const calendarsOf = (inputs: readonly CalendarInput[]) =>
  compileCalendars(inputs.map((input) => calendarDefinitionSchema.parse(input)));
const define = (schedule: Partial<ScheduleInput>) => scheduleDefinitionSchema.parse({ name: 's', ...schedule });
const compile = (schedule: Partial<ScheduleInput>, calendars: readonly CalendarInput[] = [], anchorAt = anchor) =>
  compileTimes(define(schedule), anchorAt, calendarsOf(calendars));
const take = (
  schedule: Partial<ScheduleInput>,
  after: string,
  count: number,
  calendars: readonly CalendarInput[] = [],
) => previewFires(compile(schedule, calendars), utc(after), count).map((at) => new Date(at).toISOString().slice(0, 16));

function refusalOf(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'was accepted' });
}

test('a fixed rate counts from its creation, first after one interval', () => {
  assert.deepEqual(previewFires(compile({ every: '10s' }), anchor - 1_000_000, 3), [
    anchor + 10_000,
    anchor + 20_000,
    anchor + 30_000,
  ]);
  assert.equal(nextFireAfter(compile({ every: '10s' }), anchor + 10_000), anchor + 20_000);
  assert.equal(nextFireAfter(compile({ every: '10s' }), anchor + 9_999), anchor + 10_000);
});

test('a fixed rate with an anchor fires at the anchor and on its grid, whenever the schedule was made', () => {
  const grid = { every: '6h', anchor: '2026-03-01T01:00:00+01:00' };
  assert.deepEqual(take(grid, '2026-01-01T00:00', 2), ['2026-03-01T00:00', '2026-03-01T06:00']);
  assert.deepEqual(take(grid, '2026-04-01T06:00', 1), ['2026-04-01T12:00']);
});

test('in fires once, that long after the anchor', () => {
  assert.deepEqual(previewFires(compile({ in: '10s' }), anchor, 5), [anchor + 10_000]);
  assert.equal(nextFireAfter(compile({ in: '10s' }), anchor + 10_000), null);
});

test('at takes an instant with its offset, or milliseconds', () => {
  const at = Date.parse('2026-03-01T08:00:00+08:00');
  assert.deepEqual(previewFires(compile({ at: '2026-03-01T08:00:00+08:00' }), 0, 5), [at]);
  assert.deepEqual(previewFires(compile({ at }), 0, 5), [at]);
});

test('of a fixed delay only the first time is known beforehand, not before the start', () => {
  assert.deepEqual(previewFires(compile({ delay: '5m' }), anchor, 5), [anchor + 300_000]);
  assert.deepEqual(take({ delay: '5m', start: '2026-02-01T00:00:00Z' }, '2026-01-01T00:00', 2), ['2026-02-01T00:00']);
});

test('a preview of cron has the times in order', () => {
  const cron = { cron: '0 9 * * *', timezone: 'Asia/Shanghai' };
  assert.deepEqual(take(cron, '2026-01-01T00:00', 2), ['2026-01-01T01:00', '2026-01-02T01:00']);
});

test('the time H chooses depends on the name of the schedule', () => {
  const minutes = new Set(
    ['a', 'b', 'c', 'd'].map((name) => take({ cron: 'H 3 * * *', name }, '2026-01-01T00:00', 1)[0]),
  );
  assert.ok(minutes.size > 1);
});

test('several triggers are joined, each in its own zone, and times that fall together are one', () => {
  const times = [
    { cron: '0 9 * * *', timezone: 'Asia/Shanghai' },
    { cron: '0 */12 * * *' },
    { rrule: 'FREQ=DAILY;BYHOUR=1' },
  ];
  assert.deepEqual(take({ times }, '2026-01-01T00:00', 4), [
    '2026-01-01T01:00',
    '2026-01-01T12:00',
    '2026-01-02T00:00',
    '2026-01-02T01:00',
  ]);
});

test('start and end belong to the schedule, and count is counted from the start or the creation', () => {
  const daily = { cron: '0 9 * * *' };
  const bounds = { start: '2026-02-01T09:00:00Z', end: '2026-02-03T09:00:00Z' };
  assert.deepEqual(take({ ...daily, ...bounds }, '2026-01-01T00:00', 9), [
    '2026-02-01T09:00',
    '2026-02-02T09:00',
    '2026-02-03T09:00',
  ]);
  assert.deepEqual(take({ ...daily, count: 2 }, '2025-01-01T00:00', 9), ['2026-01-01T09:00', '2026-01-02T09:00']);
  const started = ['2026-02-01T09:00', '2026-02-02T09:00'];
  assert.deepEqual(take({ ...daily, start: bounds.start, count: 2 }, '2025-01-01T00:00', 9), started);
  assert.deepEqual(take({ every: '1h', anchor: 0, count: 2 }, '2025-01-01T00:00', 9), [
    '2026-01-01T01:00',
    '2026-01-01T02:00',
  ]);
});

const weekend: CalendarInput = { name: 'weekend', weekdays: ['SAT', 'SUN'] };
const holiday: CalendarInput = { name: 'holiday', ranges: [{ from: '2026-10-01', to: '2026-10-07' }] };

test('excluded times do not occur, others may be kept to a calendar', () => {
  const daily = { cron: '0 9 * * *' };
  assert.deepEqual(
    take({ ...daily, calendar: { exclude: ['weekend', 'holiday'] } }, '2026-09-30T00:00', 3, [weekend, holiday]),
    ['2026-09-30T09:00', '2026-10-08T09:00', '2026-10-09T09:00'],
  );
  const only = { ...daily, calendar: { only: 'holiday', exclude: 'weekend' } };
  assert.deepEqual(
    take(only, '2026-01-01T00:00', 9, [weekend, holiday]).map((time) => time.slice(8, 10)),
    ['01', '02', '05', '06', '07'],
  );
  // Of a calendar with hours, minutes before and after remain.
  const office: CalendarInput = { name: 'office', hours: ['09:00-09:02'] };
  assert.deepEqual(take({ cron: '* * * * *', calendar: { only: 'office' } }, '2026-01-01T09:00', 2, [office]), [
    '2026-01-01T09:01',
    '2026-01-02T09:00',
  ]);
});

test('excluded times move to the next or previous day that remains, and merge with what is there', () => {
  const monthly = { cron: '0 9 3 * *' };
  const excluding = { exclude: ['weekend', 'holiday'] };
  const moved = (move: 'next' | 'previous', after: string, count: number) =>
    take({ ...monthly, calendar: { ...excluding, move } }, after, count, [weekend, holiday]);
  // 3 October 2026 is a Saturday in the holidays.
  assert.deepEqual(moved('next', '2026-09-04T00:00', 2), ['2026-10-08T09:00', '2026-11-03T09:00']);
  assert.deepEqual(moved('previous', '2026-09-04T00:00', 2), ['2026-09-30T09:00', '2026-11-03T09:00']);
  const daily = { cron: '0 9 * * *', calendar: { exclude: ['weekend'], move: 'next' as const } };
  assert.deepEqual(take(daily, '2026-01-02T00:00', 3, [weekend]), [
    '2026-01-02T09:00',
    '2026-01-05T09:00',
    '2026-01-06T09:00',
  ]);
});

test('a moved time is found years ahead, and on a day without its wall time it comes at the end of the gap', () => {
  const leap = { cron: '0 9 29 2 *', calendar: { exclude: 'weekend', move: 'next' as const } };
  assert.deepEqual(take(leap, '2028-03-01T00:00', 2, [weekend]), ['2032-03-01T09:00', '2036-02-29T09:00']);
  // 29 March 2026 in Berlin is a Sunday without 02:30.
  const saturday: CalendarInput = { name: 'saturday', weekdays: ['SAT'] };
  const gap = { cron: '30 2 * * 6', timezone: 'Europe/Berlin', dst: { gap: 'skip' as const } };
  const moved = { ...gap, calendar: { exclude: 'saturday', move: 'next' as const } };
  assert.deepEqual(take(moved, '2026-03-28T00:00', 2, [saturday]), ['2026-03-29T01:00', '2026-04-05T00:30']);
});

test('a calendar that leaves nothing ends the schedule, in bounded work', () => {
  const always: CalendarInput = { name: 'always', weekdays: ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] };
  const nights: CalendarInput = { name: 'nights', hours: ['00:00-23:59', '23:59-24:00'] };
  for (const cron of ['* * * * *', '0 9 * * *', '0 0 29 2 *'])
    for (const move of cron === '* * * * *' ? (['skip'] as const) : (['skip', 'next', 'previous'] as const))
      for (const calendar of move === 'skip' ? [always, nights] : [always]) {
        const times = compile({ cron, calendar: { exclude: calendar.name, move } }, [calendar]);
        const began = performance.now();
        assert.equal(nextFireAfter(times, anchor), null);
        const took = performance.now() - began;
        assert.ok(took < 500, `${cron} ${move} ${calendar.name} took ${took} ms`);
      }
});

const wrong: [schedule: Partial<ScheduleInput>, pointer: string, message: RegExp, code?: string][] = [
  [{ cron: '99 * * * *' }, '/cron', /99/, 'INVALID_CRON'],
  [{ cron: '* * * * *', timezone: 'CST' }, '/timezone', /ambiguous/, 'UNKNOWN_TIMEZONE'],
  [{ rrule: 'FREQ=NEVER' }, '/rrule', /NEVER/, 'INVALID_RRULE'],
  [{ times: [{ at: 0 }, { cron: 'x' }] }, '/times/1/cron', /x/, 'INVALID_CRON'],
  [
    { times: [{ rrule: 'FREQ=DAILY' }, { cron: '@daily', timezone: 'IST' }] },
    '/times/1/timezone',
    /IST/,
    'UNKNOWN_TIMEZONE',
  ],
  [
    { cron: '@daily', calendar: { exclude: ['gone'] } },
    '/calendar/exclude/0',
    /no calendar "gone"/,
    'UNKNOWN_CALENDAR',
  ],
  [{ cron: '@daily', calendar: { only: ['weekend', 'gone'] } }, '/calendar/only/1', /no calendar/, 'UNKNOWN_CALENDAR'],
  [{ cron: '@daily', calendar: { only: 'weekend', exclude: 'weekend' } }, '/calendar/only/0', /nothing would remain/],
  [{ cron: '@daily', start: 2000, end: 1000 }, '/end', /before the start/],
  [{ at: 1000, start: 2000 }, '/at', /before the start/],
  [{ times: [{ at: 5000 }], end: 2000 }, '/times/0/at', /after the end/],
  [{ every: '1h', anchor: 5000, end: 2000 }, '/anchor', /after the end/],
  [{ delay: '5m', count: 3 }, '/count', /not counted/],
  [{ delay: '5m', calendar: { exclude: 'weekend' } }, '/calendar', /no calendar/],
  [{ cron: '* * * * *', calendar: { exclude: 'weekend', move: 'next' } }, '/calendar/move', /more than 24 times a day/],
  [{ cron: '@daily', calendar: { exclude: 'hours', move: 'next' } }, '/calendar/move', /moved by whole days/],
];
for (const [schedule, pointer, message, code = 'VALIDATION_FAILED'] of wrong) {
  test(`the schedule ${JSON.stringify(schedule)} is refused at ${pointer}`, () => {
    const refusal = refusalOf(() => compile(schedule, [weekend, { name: 'hours', hours: ['09:00-10:00'] }]));
    assert.equal(refusal.code, code);
    assert.deepEqual(
      refusal.faults.map((fault) => fault.pointer),
      [pointer],
    );
    assert.match(refusal.faults[0]?.detail ?? '', message);
  });
}

test('all faults are told at once', () => {
  const { faults } = refusalOf(() => compile({ times: [{ cron: 'x' }, { rrule: 'y' }], start: 5, end: 4 }));
  assert.deepEqual(
    faults.map((fault) => fault.pointer),
    ['/end', '/times/0/cron', '/times/1/rrule'],
  );
});

test('the next time of a fixed rate is later than asked and the first such', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 10_000_000 }), fc.integer({ min: -1e9, max: 1e12 }), (every, offset) => {
      const next = nextFireAfter(compile({ every }), anchor + offset);
      assert.ok(next !== null && next > anchor + offset && next > anchor);
      assert.equal((next - anchor) % every, 0);
      assert.ok(next - every <= anchor + offset || next === anchor + every);
    }),
  );
});
