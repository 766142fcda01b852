import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calendarDefinitionSchema } from '@tidewheel/protocol';
import { compileCalendar } from './calendar.ts';
import { dayInCalendar } from './calendar-day.ts';

const calendar = (rules: object) => compileCalendar(calendarDefinitionSchema.parse({ name: 'c', ...rules }), new Map());

test('a day is told to lie in a calendar as a whole, in part with its hours, or not', () => {
  const days = calendar({ dates: ['2026-10-01'], hours: ['22:00-06:00'] });
  assert.equal(dayInCalendar(days, '2026-10-01', 'Asia/Shanghai').inside, 'whole');
  assert.deepEqual(dayInCalendar(days, '2026-10-02', 'Asia/Shanghai'), {
    date: '2026-10-02',
    timezone: 'Asia/Shanghai',
    inside: 'partly',
    hours: [
      { from: '00:00', to: '06:00' },
      { from: '22:00', to: '24:00' },
    ],
  });
  assert.equal(dayInCalendar(calendar({ weekdays: ['SAT', 'SUN'] }), '2026-11-20', 'UTC').inside, 'not');
});

test("the day is that of the calendar's own zone, and as long as its clocks make it", () => {
  const berlin = calendar({ weekdays: ['SUN'], timezone: 'Europe/Berlin' });
  // 23 and 25 hours.
  for (const date of ['2026-03-29', '2026-10-25']) assert.equal(dayInCalendar(berlin, date, 'UTC').inside, 'whole');
  assert.equal(dayInCalendar(berlin, '2026-03-29', 'UTC').timezone, 'Europe/Berlin');
});

test('a day that a zone left out lies in nothing', () => {
  assert.equal(dayInCalendar(calendar({ hours: ['00:00-24:00'] }), '2011-12-30', 'Pacific/Apia').inside, 'not');
});
