// Looking ahead over the API: what a stored or a supposed schedule would fire, in words and in times.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';
import type { Preview, ScheduleView } from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

test('a preview of a thought-of schedule tells its words, what clock changes do, and what calendars take out', async () => {
  const off = { name: 'off', weekdays: ['SAT', 'SUN'] };
  await door.call('POST', 'apply', { body: { jobs: [], calendars: [off], source: 'preview' } });
  const after = Date.UTC(2027, 2, 18, 12);
  const schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin', calendar: { exclude: 'off', move: 'next' } };
  const preview = async (body: object) =>
    (await door.call('POST', 'schedules/preview', { body: { after, ...body } })).json<Preview>();
  const moved = await preview({ schedule, count: 2 });
  assert.deepEqual(
    moved.fires.map(({ local, marks, movedFrom }) => [local.slice(0, 16), marks, movedFrom?.local.slice(0, 10)]),
    [
      ['2027-03-19T02:30', [], undefined],
      ['2027-03-22T02:30', [], undefined],
    ],
  );
  assert.deepEqual(
    moved.leftOut.map((one) => [
      one.calendar,
      one.first.local.slice(0, 10),
      one.count,
      one.movedTo?.local.slice(0, 10),
    ]),
    [['off', '2027-03-20', 2, '2027-03-22']],
  );
  assert.match(moved.words.en, /^Every day at 02:30 .*Europe\/Berlin.*"off"/);
  assert.match(moved.words.zh, /off/);
  assert.ok(moved.warnings.some((one) => one.code === 'clock-gap' && one.zh !== ''));
  const plain = await preview({ schedule: { cron: '30 2 * * *', timezone: 'Europe/Berlin' }, count: 11 });
  assert.deepEqual(
    plain.fires.flatMap(({ local, marks }) => (marks.length === 0 ? [] : [local, ...marks])),
    ['2027-03-28T03:00:00+02:00', 'gap'],
  );
  const weekly = { ...schedule, cron: '30 2 * * FRI' };
  const own = await preview({ schedule: weekly, calendars: [{ name: 'off', dates: ['2027-03-19'] }], count: 1 });
  assert.deepEqual(own.fires[0]?.marks, ['moved']);
  assert.equal(own.fires[0]?.movedFrom?.local.slice(0, 10), '2027-03-19');
  for (const [body, pointer] of [
    [{ schedule: { cron: '61 * * * *' } }, '/schedule/cron'],
    [{ schedule: { cron: '* * * * *', calendar: { exclude: 'none' } } }, '/schedule/calendar/exclude/0'],
    [{ schedule, calendars: [{ name: 'off', dates: ['2027-02-30'] }] }, '/calendars/0/dates/0'],
    [{ cron: '* * * * *', schedule }, ''],
  ] as const) {
    const refused = await door.call('POST', 'schedules/preview', { body });
    assert.deepEqual([refused.status, refused.problem().errors?.[0]?.pointer], [422, pointer]);
  }
});

test('a preview of a stored schedule has its own due times and calendars', async () => {
  const schedules = [
    { name: 'spread', cron: '0 * * * *', jitter: '10m', calendar: { exclude: 'nights' } },
    { name: 'after', delay: '1h' },
  ];
  const calendars = [{ name: 'nights', hours: ['22:00-06:00'] }];
  const jobs = [{ name: 'ahead', task: 'noop', schedules }];
  await door.call('POST', 'apply', { body: { jobs, calendars, source: 'ahead' } });
  const after = Date.UTC(2027, 0, 4, 20, 30);
  const preview = (await door.call('GET', `schedules/spread/preview?count=2&after=${after}`)).json<Preview>();
  assert.deepEqual(
    preview.fires.map((one) => one.local.slice(11, 16)),
    ['21:00', '06:00'],
  );
  const late = preview.fires.map((one) => (one.dueAt ?? 0) - one.at);
  assert.ok(late.every((ms) => ms >= 0 && ms <= 600_000) && new Set(late).size === 2);
  const [left] = preview.leftOut;
  assert.deepEqual([left?.calendar, left?.count, preview.leftOutMore, preview.jitter], ['nights', 8, false, 600_000]);
  const { definition, words, nextFireAt } = (await door.call('GET', 'schedules/after')).json<ScheduleView>();
  assert.equal(definition['delay'], 3_600_000);
  assert.equal(words?.en, '1 hour after the previous run has ended');
  const delayed = (await door.call('GET', 'schedules/after/preview')).json<Preview>();
  assert.deepEqual(
    delayed.fires.map((one) => one.at),
    [nextFireAt],
  );
  assert.equal((await door.call('GET', 'schedules/none/preview')).problem().code, 'NOT_FOUND');
});
