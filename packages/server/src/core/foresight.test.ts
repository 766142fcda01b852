import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calendarDefinitionSchema, type CalendarInput, scheduleSketchSchema } from '@tidewheel/protocol';
import fc from 'fast-check';
import { compileCalendars } from './calendar.ts';
import { foresee } from './foresight.ts';
import { compileTimes } from './schedule-times.ts';

const from = Date.UTC(2026, 9, 1);
const dayMs = 86_400_000;

function compiled(spec: object, calendars: CalendarInput[] = []) {
  const map = compileCalendars(calendars.map((one) => calendarDefinitionSchema.parse(one)));
  return compileTimes(scheduleSketchSchema.parse(spec), from, map);
}

const iso = (at: number) => new Date(at).toISOString().slice(0, 16);

test('times that fire and times that are left out are together what the triggers say, each once', () => {
  const weekdays = fc.subarray(['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const, {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      weekdays,
      fc.constantFrom('0 9 * * *', '0 */5 * * *', '30 8,20 * * *'),
      fc.integer({ min: 1, max: 30 }),
      (days, cron, count) => {
        const off = { name: 'off', weekdays: days };
        const { fires, leftOut, leftOutMore } = foresee(
          compiled({ cron, calendar: { exclude: 'off' } }, [off]),
          from,
          count,
        );
        assert.equal(leftOutMore, false);
        assert.equal(fires.length, count);
        const names = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
        const isOff = (at: number) => days.some((day) => day === names[new Date(at).getUTCDay()]);
        const all = foresee(compiled({ cron }), from, 2000).fires.map(({ at }) => at);
        const within = all.filter((at) => at <= (fires.at(-1)?.at ?? 0));
        assert.deepEqual(
          fires.map(({ at }) => at),
          within.filter((at) => !isOff(at)),
        );
        const out = within.filter(isOff);
        assert.deepEqual(
          leftOut.flatMap(({ first, last }) => out.filter((at) => at >= first && at <= last)),
          out,
        );
        assert.equal(
          leftOut.reduce((sum, one) => sum + one.count, 0),
          out.length,
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('a time that moved tells where it came from, and one that was taken out where it went', () => {
  const off = { name: 'off', ranges: [{ from: '2026-10-03', to: '2026-10-05' }] };
  const spec = { cron: '0 18 * * SAT', calendar: { exclude: 'off', move: 'next' } };
  const { fires, leftOut } = foresee(compiled(spec, [off]), from, 2);
  assert.deepEqual(
    fires.map(({ at, marks, movedFrom }) => [iso(at), marks, movedFrom === null ? null : iso(movedFrom)]),
    [
      ['2026-10-06T18:00', ['moved'], '2026-10-03T18:00'],
      ['2026-10-10T18:00', [], null],
    ],
  );
  assert.deepEqual(
    leftOut.map(({ movedTo, ...one }) => [
      one.calendar,
      iso(one.first),
      one.count,
      movedTo === null ? null : iso(movedTo),
    ]),
    [['off', '2026-10-03T18:00', 1, '2026-10-06T18:00']],
  );
});

test('changes of the clock are marked on cron and on recurrence rules, also among several triggers', () => {
  const timezone = 'America/New_York';
  const times = [{ rrule: 'FREQ=DAILY;BYHOUR=1;BYMINUTE=30' }, { cron: '30 1 * * *', timezone: 'UTC' }];
  const both = { timezone, times, dst: { overlap: 'both' } };
  const after = Date.UTC(2026, 9, 31, 12);
  const found = foresee(compiled(both), after, 4).fires.map(({ at, marks }) => [iso(at), ...marks]);
  assert.deepEqual(found, [
    ['2026-11-01T01:30'],
    ['2026-11-01T05:30', 'repeated-first'],
    ['2026-11-01T06:30', 'repeated-second'],
    ['2026-11-02T01:30'],
  ]);
});

test('where nothing fires any more, what is left out says why, in bounded work', () => {
  const all = { name: 'all', weekdays: ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] } satisfies CalendarInput;
  const end = new Date(from + 10 * dayMs).toISOString();
  const ended = foresee(compiled({ cron: '0 9 * * *', end, calendar: { exclude: 'all' } }, [all]), from, 5);
  assert.deepEqual([ended.fires, ended.leftOut.map((one) => one.count), ended.leftOutMore], [[], [10], false]);
  const endless = foresee(compiled({ cron: '* * * * *', calendar: { exclude: 'all' } }, [all]), from, 5);
  assert.deepEqual([endless.fires.length, endless.leftOutMore, endless.leftOut.length], [0, true, 1]);
});
