// Calendars and backfills as people use them: declared in files, looked at and carried out by a server that runs, and by one that
// is killed in the midst of it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BackfillPreview, BackfillView, Page, RunSummary } from '@tidewheel/protocol';
import { cliBench } from './support/cli-bench.ts';
import { Dev, eventually, repositoryRoot, scratch } from './support/tidewheel.ts';

const bench = cliBench();

const declared = `
calendars:
  - name: off
    timezone: Asia/Shanghai
    weekdays: [SAT, SUN]
    ranges: [{from: 2026-10-01, to: 2026-10-07}]
    except: {dates: [2026-10-10]}
jobs:
  - name: settle
    shell: {argv: ["true"]}
    schedules: [{name: settle, cron: "0 18 * * *", timezone: Asia/Shanghai, calendar: {exclude: off}}]
`;

test('a calendar is declared beside the job that uses it, and the schedule leaves its days out', async () => {
  const path = bench.file('calendars.yaml', declared);
  const plan = await bench.run(['plan', '-f', path, '--source', 'calendars']);
  assert.match(plan.stdout, /^\+ calendar off\n\+ job settle\n\+ schedule settle\n3 to create\n$/);
  assert.equal((await bench.run(['apply', '-f', path, '--source', 'calendars', '--yes'])).code, 0);
  assert.equal((await bench.run(['plan', '-f', path, '--source', 'calendars'])).code, 0);
  const listed = await bench.run(['calendar', 'list'], { width: 120 });
  assert.match(
    listed.stdout,
    /^NAME +RULES +USED BY .*\noff +weekdays SAT SUN, 1 range, except dates 2026-10-10 +settle/,
  );
  const days = await Promise.all(
    ['2026-10-01', '2026-10-08', '2026-10-10', '2026-10-11'].map(async (date) => {
      const { stdout } = await bench.run(['calendar', 'check', 'off', date]);
      return stdout.includes('does not lie') ? 'works' : 'off';
    }),
  );
  assert.deepEqual(days, ['off', 'works', 'works', 'off']);
  const week = ['--from', '2025-10-01T00:00:00+08:00', '--to', '2025-10-08T00:00:00+08:00'];
  const preview = await bench.run(['schedule', 'backfill', 'settle', ...week, '--dry-run', '-o', 'json']);
  const { total, fires } = JSON.parse(preview.stdout) as BackfillPreview;
  assert.deepEqual(
    [total, fires[0]?.local],
    [5, '2025-10-01T18:00:00+08:00'],
    'only the weekend: the range is another year',
  );
  const inUse = await bench.run(['calendar', 'delete', 'off']);
  assert.equal(inUse.code, 4);
  assert.match(inUse.stderr, /CALENDAR_IN_USE.*schedule "settle"/s);
  const gone = bench.file('none.yaml', 'jobs: []\n');
  const pruned = await bench.run(['apply', '-f', gone, '--source', 'calendars', '--prune', '--yes']);
  assert.match(pruned.stdout, /3 deleted/);
  assert.equal((await bench.run(['calendar', 'show', 'off'])).code, 3);
});

test('a fault of a calendar is told with file, line and column, also when only the server can know it', async () => {
  const wrong = declared.replace('{dates: [2026-10-10]}', '{calendars: [nowhere], dates: [2026-02-30]}');
  const path = bench.file('wrong.yaml', wrong);
  const { code, stderr } = await bench.run(['apply', '-f', path, '--yes']);
  assert.equal(code, 1);
  assert.match(stderr, /wrong\.yaml:7:\d+ .*there is no 2026-02-30/);
  assert.match(stderr, /wrong\.yaml:7:\d+ .*there is no calendar "nowhere"/);
});

test('an iCalendar file is imported after a look at it, and its faults have file and line', async () => {
  const head = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', 'BEGIN:VEVENT', 'UID:1', 'DTSTART;VALUE=DATE:20261225'];
  const text = `${head.join('\n')}\nRRULE:FREQ=YEARLY\nEND:VEVENT\nEND:VCALENDAR\n`;
  const path = bench.file('feasts.ics', text);
  const order = ['calendar', 'import', path, '--name', 'feasts', '--from', '2026-01-01', '--to', '2027-12-31'];
  const dry = await bench.run([...order, '--dry-run']);
  assert.match(dry.stderr, /^1 events, 2 single days and 0 ranges: makes the calendar feasts\n/);
  assert.match(dry.stdout, /dates:\n {2}- 2026-12-25\n {2}- 2027-12-25\n/);
  assert.equal((await bench.run(order)).code, 2, 'nobody can be asked');
  assert.equal((await bench.run(order, { answer: 'n', width: 80 })).code, 1);
  assert.equal((await bench.run(['calendar', 'show', 'feasts'])).code, 3);
  assert.equal((await bench.run([...order, '--yes'])).code, 0);
  assert.match((await bench.run([...order, '--yes'])).stderr, /replaces the calendar feasts, version 1/);
  bench.file('feasts.ics', text.replace('20261225', '20261325'));
  const broken = await bench.run([...order, '--yes']);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /feasts\.ics:6:1/);
});

test('the examples of calendars are accepted', async () => {
  for (const file of ['china-calendar.yaml', 'calendars.yaml']) {
    const plan = await bench.run(['plan', '-f', join(repositoryRoot, 'examples', file), '--source', 'examples']);
    assert.match(plan.stdout, /\+ calendar /, plan.stderr);
  }
});

test('a backfill is counted, carried out to its end, listed and shown', async () => {
  const begin = ['schedule', 'backfill', 'hourly', '--from', '2026-03-01T00:00:00Z', '--to', '2026-03-01T06:00:00Z'];
  const preview = await bench.run([...begin, '--dry-run', '--order', 'newest']);
  assert.match(preview.stdout, /^6 nominal times of hourly\n2026-03-01T13:00:00\+08:00\n/);
  const done = await bench.run([...begin, '--active', '3', '--wait', '--wait-timeout', '60s', '-o', 'json']);
  assert.equal(done.code, 0, done.stderr);
  const backfill = JSON.parse(done.stdout) as BackfillView;
  assert.deepEqual([backfill.state, backfill.total, backfill.succeeded], ['done', 6, 6]);
  const { stdout } = await bench.run(['run', 'list', '--schedule', 'hourly', '-o', 'json']);
  const runs = (JSON.parse(stdout) as Page<RunSummary>).items.filter((run) => run.trigger === 'backfill');
  const hours = runs.map((run) => new Date(run.fireAt ?? 0).toISOString().slice(0, 13)).toSorted();
  assert.deepEqual(
    hours,
    [0, 1, 2, 3, 4, 5].map((hour) => `2026-03-01T0${hour}`),
  );
  const missing = await bench.run([...begin, '--missing-only', '--wait']);
  assert.match(missing.stdout, /decided +6 of 6, 6 left out/);
  const listed = await bench.run(['backfill', 'list', '--schedule', 'hourly'], { width: 140 });
  assert.match(listed.stdout, /^ID +SCHEDULE +STATE +DECIDED +OPEN .*\n.*hourly +done +6\/6 +0/);
  const audit = await bench.run(['audit', 'fires', '--from', '2026-03-01T00:00:00Z']);
  assert.equal(audit.code, 0, audit.stdout);
});

test('a run of a backfill knows its own time and the times before and after it', async () => {
  const script = 'echo "$TIDEWHEEL_PREVIOUS_FIRE_AT $TIDEWHEEL_FIRE_AT $TIDEWHEEL_NEXT_FIRE_AT $TIDEWHEEL_PAYLOAD"';
  const schedules = [{ name: 'interval', cron: '0 6 * * 1', payload: { a: 1 } }];
  await bench.dev.client.apply({ jobs: [{ name: 'interval', shell: { script }, schedules }], source: 'interval' });
  const range = ['--from', '2026-03-02T00:00:00Z', '--to', '2026-03-03T00:00:00Z'];
  const done = await bench.run(['schedule', 'backfill', 'interval', ...range, '--wait', '--wait-timeout', '60s']);
  assert.equal(done.code, 0, done.stderr);
  const [run] = await bench.dev.client.runs.list({ schedule: 'interval' }).take(1);
  assert.equal(run?.trigger, 'backfill');
  const logs = await bench.run(['run', 'logs', run?.id ?? '']);
  assert.match(logs.stdout, /2026-02-23T06:00:00.000Z 2026-03-02T06:00:00.000Z 2026-03-09T06:00:00.000Z \{"a":1\}/);
});

test('a backfill is canceled with its runs, and refused for the future', async () => {
  const path = bench.file(
    'slow.yaml',
    'name: slow\nshell: {argv: [sleep, "60"]}\ntimeout: {kill: 100ms}\nschedules: [{name: slow, cron: "0 * * * *"}]\n',
  );
  assert.equal((await bench.run(['apply', '-f', path, '--source', 'slow', '--yes'])).code, 0);
  const begun = await bench.run(['schedule', 'backfill', 'slow', '--from', '10h', '--active', '4', '-o', 'name']);
  const id = begun.stdout.trim();
  const { client } = bench.dev;
  await eventually('four runs are under way', async () => (await client.backfills.get(id.slice(9))).unfinished === 4);
  assert.equal((await bench.run(['backfill', 'cancel', id, '--runs', '--reason', 'not needed'])).code, 0);
  const shown = await bench.run(['backfill', 'show', id, '--wait', '--wait-timeout', '60s']);
  assert.equal(shown.code, 11);
  assert.match(shown.stdout, /unfinished +0\n/);
  const future = await bench.run(['schedule', 'backfill', 'slow', '--from', '1h', '--to', '2090-01-01T00:00:00Z']);
  assert.equal(future.code, 1);
  assert.match(future.stderr, /lies in the future/);
});

test('a server that is killed in the midst of a backfill goes on with it: each time one run', async (context) => {
  const directory = scratch(context);
  const data = join(directory, 'data');
  const jobs = bench.file(
    'past.yaml',
    'name: past\nshell: {argv: ["true"]}\nschedules: [{name: past, cron: "* * * * *", paused: true}]\n',
  );
  const first = await Dev.start(data, ['--jobs', jobs]);
  const from = Date.parse('2026-02-01T00:00:00Z');
  const { id, total } = await first.client.backfills.begin('past', { from, to: from + 40 * 60_000, active: 4 });
  await eventually('some are done', async () => (await first.client.backfills.get(id)).succeeded > 5);
  await first.end('SIGKILL');
  const second = await Dev.start(data, ['--jobs', jobs]);
  context.after(() => second.end('SIGKILL'));
  const { client } = second;
  const done = await eventually(
    'the backfill is done',
    async () => {
      const view = await client.backfills.get(id);
      return view.state === 'done' && view;
    },
    60_000,
  );
  assert.deepEqual([done.total, done.decided, done.unfinished], [total, 40, 0]);
  const times: number[] = [];
  for await (const run of client.runs.list({ schedule: 'past' })) if (run.fireAt !== null) times.push(run.fireAt);
  assert.deepEqual(
    times.toSorted((a, b) => a - b),
    Array.from({ length: 40 }, (_, index) => from + index * 60_000),
  );
});
