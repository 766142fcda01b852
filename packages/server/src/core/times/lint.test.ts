import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calendarDefinitionSchema, type ScheduleInput, scheduleDefinitionSchema } from '@tidewheel/protocol';
import { compileCalendars } from '../calendar.ts';
import { lintTimes } from './lint.ts';

const fromMs = Date.UTC(2026, 10, 21);
const calendars = compileCalendars(
  [
    { name: 'past', dates: ['2020-01-01'] },
    { name: 'weekend', weekdays: ['SAT' as const, 'SUN' as const] },
    { name: 'always', ranges: [{ from: '01-01', to: '12-31' }] },
  ].map((calendar) => calendarDefinitionSchema.parse(calendar)),
);
const codes = (schedule: Partial<ScheduleInput>) =>
  lintTimes(scheduleDefinitionSchema.parse({ name: 's', ...schedule }), { anchorAt: fromMs, fromMs, calendars }).map(
    ({ code }) => code,
  );

const cases: [schedule: Partial<ScheduleInput>, codes: string[]][] = [
  [{ every: '10m', jitter: '5m' }, []],
  [{ every: '10m', jitter: '11m' }, ['jitter-longer']],
  [{ every: '10m', end: '2026-01-01T00:00:00Z' }, ['never']],
  [{ every: '10m', dst: { gap: 'skip' } }, ['dst-idle']],
  [{ at: '2027-01-01T00:00:00Z', count: 3 }, ['count-idle']],
  [{ every: '1d', calendar: { exclude: 'past' } }, ['calendar-idle']],
  [{ every: '1d', calendar: { exclude: 'weekend' } }, []],
  [{ every: '1d', calendar: { exclude: 'always' } }, ['never']],
  [{ rrule: 'FREQ=DAILY' }, []],
  [{ rrule: 'FREQ=DAILY;UNTIL=20200101' }, ['never']],
  [{ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }, ['never']],
  [{ rrule: 'FREQ=MONTHLY;BYMONTHDAY=31' }, ['missing-days']],
  [{ rrule: 'FREQ=MONTHLY;BYMONTHDAY=31,-1' }, []],
  [{ rrule: 'DTSTART:20260131T090000\nRRULE:FREQ=MONTHLY' }, ['missing-days']],
  [{ rrule: 'DTSTART:20260131T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO' }, ['start-left-out']],
  [{ cron: '0 0 0 1 1 * 2020' }, ['never']],
];
for (const [schedule, expected] of cases) {
  test(`the schedule ${JSON.stringify(schedule)} has the warnings [${expected.join()}]`, () => {
    assert.deepEqual(codes(schedule), expected);
  });
}

test('what two cron expressions have in common is said once, in both languages', () => {
  const spec = scheduleDefinitionSchema.parse({ name: 's', times: [{ cron: '0 0 31 * *' }, { cron: '0 0 31 * *' }] });
  const found = lintTimes(spec, { anchorAt: fromMs, fromMs });
  assert.deepEqual(
    found.map(({ code }) => code),
    ['missing-days'],
  );
  assert.match(found[0]?.zh ?? '', /[一-鿿]/);
});
