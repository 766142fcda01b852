// Looking ahead from the command line: expressions, files and stored schedules, and the warnings beside a plan.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Preview, ScheduleView } from '@tidewheel/protocol';
import { captured } from './support/captured-terminal.ts';
import { cliBench } from './support/cli-bench.ts';

const bench = cliBench();
const after = ['--after', '2027-03-26T00:00:00Z'];

const declared = `
calendars: [{name: weekend, weekdays: [SAT, SUN]}]
jobs:
  - name: close
    shell: {argv: ["true"]}
    schedules:
      - {name: close, cron: "30 2 * * *", timezone: Europe/Berlin, calendar: {exclude: weekend, move: next}, jitter: 5m}
      - {name: monthly, cron: "0 9 31 * *"}
`;

test('a preview says the expression in words, marks changes of the clock, and warns', async () => {
  const { stdout, code } = await captured(
    ['schedule', 'preview', '30 2 * * *', '--tz', 'Europe/Berlin', '--count', '3', ...after],
    { width: 120 },
  );
  assert.equal(code, 0);
  assert.match(stdout, /^Every day at 02:30 \(Europe\/Berlin\)\n/);
  assert.match(stdout, /^TIME IN Europe\/Berlin +WHEN +NOTE$/m);
  assert.match(stdout, /^2027-03-28 03:00:00 \+02:00 +in \S+ +its wall time does not exist on this day$/m);
  const chinese = await captured(['schedule', 'preview', '0 9 31 * *'], { env: { LANG: 'zh_CN.UTF-8' } });
  assert.match(chinese.stdout, /^每月 31 日.*\nwarning missing-days .*没有 31 日/);
});

test('what is wrong with an expression is said with its place, and what is missing is asked for', async () => {
  const wrong = await captured(['schedule', 'preview', '0 25 * * *']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /INVALID_CRON field 2 \(hour\), "25" at character 3/);
  const none = await captured(['schedule', 'preview']);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /give an expression in quotes, --schedule NAME, or --file FILE/);
  const both = await captured(['schedule', 'preview', '* * * * *', '--schedule', 'hourly']);
  assert.equal(both.code, 2);
});

test('schedules of a file are previewed with the calendars of the file, without a server', async () => {
  const path = bench.file('ahead.yaml', declared);
  const { stdout, code, stderr } = await captured(['schedule', 'preview', '-f', path, '--count', '2', ...after]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^close: Every day at 02:30 \(Europe\/Berlin\), not within "weekend"/);
  assert.match(stdout, /2027-03-27 02:30:00 \+01:00 .*left out by calendar weekend, moved to 2027-03-29/);
  assert.match(stdout, /^monthly: /m);
  const one = await captured(['schedule', 'preview', '-f', path, '--schedule', 'monthly', '-o', 'json', ...after]);
  assert.equal((JSON.parse(one.stdout) as Preview).fires.length, 10);
  const wrong = bench.file('wrong.yaml', declared.replace('0 9 31', '0 9 32'));
  const refused = await captured(['schedule', 'preview', '-f', wrong]);
  assert.match(refused.stderr, /wrong\.yaml:8:\d+ .*32/);
});

test('plan and apply warn of what is seldom meant, with its place, and fail for none of it', async () => {
  const path = bench.file('warned.yaml', declared);
  const plan = await bench.run(['plan', '-f', path, '--source', 'ahead']);
  assert.equal(plan.code, 1);
  assert.match(plan.stderr, /^warning clock-gap .*warned\.yaml:7:\d+: close: On 20\d\d-/m);
  assert.match(plan.stderr, /^warning missing-days .*warned\.yaml:8:\d+: monthly: Day 31/m);
  const applied = await bench.run(['apply', '-f', path, '--source', 'ahead', '--yes']);
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(applied.stderr, /warning missing-days/);
  const again = await bench.run(['plan', '-f', path, '--source', 'ahead']);
  assert.deepEqual([again.code, again.stderr], [0, '']);
});

test('a stored schedule is shown in words with its next fires, and previewed with its own due times', async () => {
  const path = bench.file('stored.yaml', declared);
  assert.equal((await bench.run(['apply', '-f', path, '--source', 'ahead', '--yes'])).code, 0);
  const shown = await bench.run(['schedule', 'show', 'close'], { width: 140 });
  assert.match(shown.stdout, /^in words +Every day at 02:30 \(Europe\/Berlin\), not within "weekend"/m);
  assert.match(shown.stdout, /^warning clock-gap /m);
  assert.match(shown.stdout, /^TIME IN Europe\/Berlin +WHEN +DUE +NOTE$/m);
  const document = JSON.parse((await bench.run(['schedule', 'show', 'close', '-o', 'json'])).stdout) as ScheduleView & {
    warnings: unknown[];
  };
  assert.ok(document.words?.zh.includes('02:30') === true && document.warnings.length > 0);
  const preview = await bench.run([
    'schedule',
    'preview',
    '--schedule',
    'close',
    '--count',
    '1',
    ...after,
    '-o',
    'json',
  ]);
  const [fire] = (JSON.parse(preview.stdout) as Preview).fires;
  assert.ok(fire?.dueAt !== undefined && fire.dueAt >= fire.at && fire.dueAt <= fire.at + 300_000);
  // A calendar that only the server has is asked for there.
  const other = bench.file('other.yaml', declared.replace(/^calendars.*$/m, ''));
  const asked = await bench.run(['schedule', 'preview', '-f', other, '--schedule', 'close', '--count', '1', ...after]);
  assert.match(asked.stdout, /^close: .*"weekend"/, asked.stderr);
});
