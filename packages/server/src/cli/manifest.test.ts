import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { type PlacedFault, readManifest } from './manifest.ts';

function faultsIn(...texts: string[]): string[] {
  try {
    readManifest(texts.map((text, index) => ({ path: `${'ab'[index]}.yaml`, text })));
  } catch (error) {
    assert.ok(error instanceof Refusal && error.code === 'INVALID_FILE', String(error));
    return error.faults.map((fault) => `${(fault as PlacedFault).file}:${fault.line}:${fault.column} ${fault.detail}`);
  }
  return [];
}

test('reads one job per document, lists of jobs, several documents and JSON', () => {
  const yaml = 'name: a\ntask: x\n---\njobs:\n  - {name: b, task: x}\n  - {name: c, task: x}\n---\n# nothing\n';
  const json = '{\n\t"jobs": [{ "name": "d", "task": "x", "payload": { "deep": [1, null] } }]\n}';
  const manifest = readManifest([
    { path: 'a.yaml', text: yaml },
    { path: 'b.json', text: json },
  ]);
  assert.deepEqual(
    manifest.jobs.map((job) => job.name),
    ['a', 'b', 'c', 'd'],
  );
  assert.deepEqual(manifest.jobs[3]?.payload, { deep: [1, null] });
});

test('reads calendars beside jobs, and places what a server finds wrong with one', () => {
  const text =
    'calendars:\n  - name: free\n    weekdays: [SAT, SUN]\n    dates:\n      - 2026-02-30\njobs:\n  - {name: a, task: x}\n';
  const manifest = readManifest([{ path: 'a.yaml', text }]);
  assert.deepEqual(
    [manifest.calendars.map((one) => one.name), manifest.jobs.map((job) => job.name)],
    [['free'], ['a']],
  );
  const [fault] = manifest.place([{ pointer: '/calendars/0/dates/0', detail: 'there is no 2026-02-30' }]);
  const { file, line, column, excerpt } = fault as PlacedFault;
  assert.deepEqual([file, line, column, excerpt], ['a.yaml', 5, 9, '      - 2026-02-30']);
  const [whole] = readManifest([{ path: 'b.yaml', text: 'calendars: []\n' }]).place([{ pointer: '', detail: 'x' }]);
  assert.deepEqual(whole, { pointer: '', detail: 'x' });
});

test('lets jobs share parts by anchors and merge keys', () => {
  const text =
    'jobs:\n  - name: a\n    task: x\n    retry: &r {attempts: 3}\n  - name: b\n    task: x\n    retry: {<<: *r, max: 10s}\n';
  const manifest = readManifest([{ path: 'a.yaml', text }]);
  assert.deepEqual(manifest.jobs[1]?.retry, { attempts: 3, max: '10s' });
});

const bad: [what: string, text: string, ...faults: (string | RegExp)[]][] = [
  ['a syntax error', 'name: a\n  task: x\n', /^a\.yaml:1:7 /],
  ['a tab', 'name: a\nshell:\n\targv: [ls]\n', /^a\.yaml:3:1 .*[Tt]abs/],
  ['a key that stands twice', 'name: a\ntask: x\nname: b\n', 'a.yaml:3:1 Map keys must be unique'],
  [
    'a misspelt key',
    'name: a\ntask: x\nshedules: []\n',
    'a.yaml:3:1 unknown key `shedules`; did you mean `schedules`?',
  ],
  [
    'a misspelt key deep inside',
    'name: a\ntask: x\nschedules:\n  - name: s\n    cron: "* * * * *"\n    timzone: UTC\n',
    'a.yaml:6:5 unknown key `timzone`; did you mean `timezone`?',
  ],
  [
    'a foreign key',
    'name: a\ntask: x\nretry: {wibble: 1}\n',
    'a.yaml:3:9 unknown key `wibble`; known are attempts, initial, factor, max, jitter',
  ],
  [
    'a date of a calendar',
    'calendars:\n  - name: c\n    dates: [2026-13-01]\n',
    'a.yaml:3:13 a date is written 2026-10-01, or 12-25 for every year',
  ],
  [
    'a calendar that stands twice',
    'calendars:\n  - {name: c, weekdays: [SUN]}\n  - {name: c, weekdays: [SAT]}\n',
    'a.yaml:3:12 the calendar "c" stands twice; first at a.yaml:2:12',
  ],
  ['a wrong type', 'name: a\ntask: x\npriority: high\n', 'a.yaml:3:11 expected number, received string'],
  [
    'a bad duration',
    'name: a\ntask: x\ntimeout:\n  run: 10 minutes\n',
    'a.yaml:4:8 "10 minutes" is not a duration; write for example 500ms, 10s, 5m or 1h30m',
  ],
  ['a missing name', 'jobs:\n  - task: x\n', 'a.yaml:2:5 `name` is missing'],
  ['no handler', 'name: a\n', 'a.yaml:1:1 give exactly one of task, shell, http'],
  ['two handlers', 'name: a\ntask: x\nshell: {argv: [ls]}\n', 'a.yaml:1:1 give exactly one of task, shell, http'],
  [
    'a name that stands twice',
    'jobs:\n  - name: a\n    task: x\n  - name: a\n    task: x\n',
    'a.yaml:4:11 the job "a" stands twice; first at a.yaml:2:11',
  ],
  [
    'a list at the top',
    '- name: a\n',
    'a.yaml:1:1 a document is one job, or has lists under `jobs:`, `calendars:` and `pools:`',
  ],
  [
    'a pool whose min is above its max',
    'pools:\n  - name: p\n    labels: { a: b }\n    min: 9\n    max: 3\n',
    'a.yaml:4:10 the min of 9 is above the max of 3',
  ],
  [
    'a pool that stands twice',
    'pools:\n  - { name: p, labels: { a: b }, max: 3 }\n  - { name: p, labels: { a: c }, max: 3 }\n',
    'a.yaml:3:13 the pool "p" stands twice; first at a.yaml:2:13',
  ],
  [
    'something beside jobs',
    'jobs: []\nversion: 2\n',
    'a.yaml:2:1 beside `jobs`, `calendars` and `pools` nothing else may stand',
  ],
  [
    'a number that would be rounded',
    'name: a\ntask: x\npayload: {id: 12345678901234567890}\n',
    /^a\.yaml:3:15 .*quotes/,
  ],
  ['a number that JSON does not know', 'name: a\ntask: x\npayload: {id: .inf}\n', /^a\.yaml:3:15 /],
  ['a text where a job should be', 'jobs: [a]\n', 'a.yaml:1:8 expected object, received string'],
];
for (const [what, text, ...expected] of bad) {
  test(`names file, line and column of ${what}`, () => {
    const found = faultsIn(text);
    assert.equal(found.length, expected.length, found.join('\n'));
    expected.forEach((fault, index) => {
      if (typeof fault === 'string') assert.equal(found[index], fault);
      else assert.match(found[index] ?? '', fault);
    });
  });
}

test('finds names that stand twice across files', () => {
  const job = (name: string) => `name: ${name}\ntask: x\nschedules: [{name: hourly, every: 1h}]\n`;
  assert.deepEqual(faultsIn(job('a'), job('b')), [
    'b.yaml:3:20 the schedule "hourly" stands twice; first at a.yaml:3:20',
  ]);
});

test('reports all faults of all files at once', () => {
  const found = faultsIn('name: a\ntask: 5\nqueue: [1]\n', 'name: ""\ntask: x\n');
  assert.deepEqual(
    found.map((fault) => fault.slice(0, 10)),
    ['a.yaml:2:7', 'a.yaml:3:1', 'b.yaml:1:7'],
  );
});

test('puts faults that the server found by JSON pointer back into the file', () => {
  const text =
    'jobs:\n  - name: a\n    task: x\n  - name: b\n    task: x\n    schedules:\n      - name: s\n        cron: "61 * * * *"\n';
  const manifest = readManifest([{ path: 'jobs.yaml', text }]);
  const [placed] = manifest.place([{ pointer: '/jobs/1/schedules/0/cron', detail: 'minute 61' }]) as PlacedFault[];
  assert.deepEqual([placed?.file, placed?.line, placed?.column], ['jobs.yaml', 8, 15]);
  assert.equal(placed?.excerpt, '        cron: "61 * * * *"');
  const [missing] = manifest.place([{ pointer: '/jobs/1/timeout/run', detail: 'x' }]) as PlacedFault[];
  assert.equal(missing?.line, 4);
  assert.deepEqual(manifest.place([{ pointer: '/prune', detail: 'x' }]), [{ pointer: '/prune', detail: 'x' }]);
});

test('refuses an alias bomb', () => {
  const levels = ['a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]'];
  for (let index = 1; index < 9; index += 1) {
    const [name, before] = ['abcdefghij'[index], 'abcdefghij'[index - 1]];
    levels.push(`${name}: &${name} [*${before}, *${before}, *${before}, *${before}, *${before}, *${before}]`);
  }
  assert.match(faultsIn(`name: x\ntask: x\npayload:\n  ${levels.join('\n  ')}\n`).join(), /alias/);
});
