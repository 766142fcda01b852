import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CalendarDay, CalendarDays, CalendarImported, CalendarView, Page } from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
});
after(() => door.close());

const fresh = { 'if-none-match': '*' };
const put = (name: string, body: object, headers: Record<string, string> = fresh) =>
  door.call('PUT', `calendars/${name}`, { body: { name, ...body }, headers });

test('a calendar is made, shown with its ETag, changed under it, listed and deleted', async () => {
  const made = await put('weekends', { weekdays: ['SAT', 'SUN'] });
  assert.deepEqual([made.status, made.headers.get('etag')], [201, '"1"']);
  const shown = await door.call('GET', 'calendars/weekends', { headers: { 'if-none-match': '"1"' } });
  assert.equal(shown.status, 304);
  const changed = await put('weekends', { weekdays: ['FRI', 'SAT'] }, { 'if-match': '"1"' });
  assert.deepEqual([changed.status, changed.json<CalendarView>().version], [200, 2]);
  await put(encodeURIComponent('nothing/else'), { name: 'nothing/else', calendars: ['weekends'] });
  const page = (await door.call('GET', 'calendars?limit=1')).json<Page<CalendarView>>();
  assert.deepEqual(
    page.items.map((one) => one.name),
    ['nothing/else'],
  );
  const rest = (await door.call('GET', `calendars?cursor=${page.nextCursor}`)).json<Page<CalendarView>>();
  assert.deepEqual(
    rest.items.map((one) => [one.name, one.usedBy]),
    [['weekends', [{ kind: 'calendar', name: 'nothing/else' }]]],
  );
  const inUse = await door.call('DELETE', 'calendars/weekends', { headers: { 'if-match': '*' } });
  assert.deepEqual([inUse.status, inUse.problem().code], [409, 'CALENDAR_IN_USE']);
  for (const name of ['nothing%2Felse', 'weekends']) {
    const gone = await door.call('DELETE', `calendars/${name}`, { headers: { 'if-match': '*' } });
    assert.equal(gone.status, 204);
  }
  assert.equal((await door.call('GET', 'calendars/weekends')).status, 404);
});

test('faults of a calendar point into the body', async () => {
  const wrong = await put('c', { dates: ['2026-13-01'] });
  assert.deepEqual([wrong.status, wrong.problem().errors?.[0]?.pointer], [422, '/dates/0']);
  const impossible = await put('c', { dates: ['2026-02-30'] });
  assert.deepEqual([impossible.status, impossible.problem().errors?.[0]?.pointer], [422, '/dates/0']);
  const unknown = await put('c', { except: { calendars: ['nowhere'] }, weekdays: ['SUN'] });
  assert.deepEqual(
    [unknown.problem().code, unknown.problem().errors?.[0]?.pointer],
    ['UNKNOWN_CALENDAR', '/except/calendars/0'],
  );
  const renamed = await put('c', { name: 'd', weekdays: ['SUN'] });
  assert.equal(renamed.problem().errors?.[0]?.pointer, '/name');
});

test('what of a day lies in a calendar is told, in its zone or in the one that was asked for', async () => {
  await put('nights', { hours: ['22:00-06:00'] });
  const day = await door.call('GET', 'calendars/nights/days/2026-10-01?timezone=Asia/Shanghai');
  const { timezone, inside, hours } = day.json<CalendarDay>();
  assert.deepEqual([timezone, inside, hours.length], ['Asia/Shanghai', 'partly', 2]);
  assert.equal((await door.call('GET', 'calendars/nights/days/2026-02-30')).status, 404);
  const range = await door.call('GET', 'calendars/nights/days?from=2026-10-01&to=2026-10-02&timezone=Asia/Shanghai');
  const days = range.json<CalendarDays>();
  assert.deepEqual([days.timezone, days.days[0]], ['Asia/Shanghai', { date: '2026-10-01', inside, hours }]);
  for (const query of ['from=2026-10-02&to=2026-10-01', 'from=2026-01-01&to=2027-12-31']) {
    assert.equal((await door.call('GET', `calendars/nights/days?${query}`)).problem().errors?.[0]?.pointer, '/to');
  }
  assert.equal(
    (await door.call('GET', 'calendars/nights/days/2026-02-01?timezone=CST')).problem().code,
    'UNKNOWN_TIMEZONE',
  );
});

const ics = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//test//EN', ...events, 'END:VCALENDAR'].join('\r\n');
const event = (...lines: string[]) => ['BEGIN:VEVENT', 'UID:1', ...lines, 'END:VEVENT'].join('\r\n');

test('an iCalendar file becomes a calendar, is only read by a dry run, and replaces what was there', async () => {
  const christmas = event('DTSTART;VALUE=DATE:20261225', 'DTEND;VALUE=DATE:20261227', 'RRULE:FREQ=YEARLY');
  const body = { text: ics(christmas), from: '2026-01-01', to: '2027-12-31' };
  const dry = await door.call('POST', 'calendars/feasts/import', { body: { ...body, dryRun: true } });
  const read = dry.json<CalendarImported>();
  const ranges = [
    { from: '2026-12-25', to: '2026-12-26' },
    { from: '2027-12-25', to: '2027-12-26' },
  ];
  assert.deepEqual([dry.status, read.calendar, read.events, read.definition['ranges']], [200, null, 1, ranges]);
  assert.equal((await door.call('GET', 'calendars/feasts')).status, 404);
  const made = await door.call('POST', 'calendars/feasts/import', { body, headers: fresh });
  assert.deepEqual([made.status, made.headers.get('etag')], [201, '"1"']);
  const again = await door.call('POST', 'calendars/feasts/import', { body });
  assert.equal(again.status, 428);
  const replaced = await door.call('POST', 'calendars/feasts/import', {
    body: { text: ics(event('DTSTART;VALUE=DATE:20260501')) },
    headers: { 'if-match': '"1"' },
  });
  assert.deepEqual(replaced.json<CalendarImported>().calendar?.definition['dates'], ['2026-05-01']);
  const broken = await door.call('POST', 'calendars/feasts/import', {
    body: { text: ics(event('DTSTART;VALUE=DATE:20261325')), dryRun: true },
  });
  assert.deepEqual(
    [broken.status, broken.problem().code, broken.problem().errors?.[0]?.line],
    [422, 'INVALID_FILE', 6],
  );
});
