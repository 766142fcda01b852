// Definitions as people write them: defaults, durations, and faults with their place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from './duration.ts';
import { faultsOf } from './refusal.ts';
import { handlerKey, jobDefinitionSchema } from './job.ts';
import { limits } from './limits.ts';

const huge = 'x'.repeat(limits.definitionChars);

test('a minimal job is completed with defaults', () => {
  const job = jobDefinitionSchema.parse({
    name: 'a',
    shell: { script: 'date' },
    schedules: [{ name: 's', cron: '* * * * *' }],
  });
  assert.equal(job.queue, 'default');
  assert.deepEqual(job.retry, { attempts: 1, initial: 1000, factor: 2, max: 300_000, jitter: 'full' });
  assert.deepEqual(job.shell?.interpreter, ['/bin/sh', '-e']);
  assert.equal(job.schedules[0]?.timezone, 'UTC');
  assert.equal(job.schedules[0]?.misfire.policy, 'last');
  assert.equal(handlerKey(job), 'shell');
});

test('a definition that was completed is complete: parsing it again changes nothing', () => {
  const once = jobDefinitionSchema.parse({
    name: 'a/b.c',
    http: { url: 'http://127.0.0.1:1/x', body: { a: 1 } },
    timeout: { run: '1m30s' },
    schedules: [{ name: 's', every: '10s' }],
  });
  assert.equal(once.timeout.run, 90_000);
  assert.deepEqual(jobDefinitionSchema.parse(structuredClone(once)), once);
});

for (const [what, input, pointer] of [
  ['no handler', { name: 'a' }, ''],
  ['two handlers', { name: 'a', task: 't', shell: { script: 'x' } }, ''],
  ['argv and script', { name: 'a', shell: { script: 'x', argv: ['y'] } }, '/shell'],
  ['an unknown field', { name: 'a', task: 't', retires: 3 }, ''],
  ['a bad duration', { name: 'a', task: 't', timeout: { run: 'soon' } }, '/timeout/run'],
  ['a bad name', { name: '-a', task: 't' }, '/name'],
  [
    'two triggers',
    { name: 'a', task: 't', schedules: [{ name: 's', cron: '* * * * *', every: '5s' }] },
    '/schedules/0',
  ],
  [
    'a schedule twice',
    {
      name: 'a',
      task: 't',
      schedules: [
        { name: 's', every: '5s' },
        { name: 's', every: '6s' },
      ],
    },
    '/schedules/1/name',
  ],
  ['a rate below a second', { name: 'a', task: 't', schedules: [{ name: 's', every: '10ms' }] }, '/schedules/0/every'],
  ['more text than a worker may be sent', { name: 'a', shell: { argv: ['x'], env: { LONG: huge } } }, ''],
  ['a heartbeat of less than a second', { name: 'a', task: 't', timeout: { heartbeat: '10ms' } }, '/timeout/heartbeat'],
  [
    'a heartbeat of an HTTP call',
    { name: 'a', http: { url: 'https://example.com' }, timeout: { heartbeat: '5s' } },
    '/timeout/heartbeat',
  ],
  ['a file address', { name: 'a', http: { url: 'file:///etc/passwd' } }, '/http/url'],
] as const) {
  test(`a job with ${what} is refused at its place`, () => {
    const parsed = jobDefinitionSchema.safeParse(input);
    assert.equal(parsed.success, false);
    const faults = faultsOf(parsed.error?.issues ?? []);
    assert.ok(
      faults.some((fault) => fault.pointer === pointer),
      JSON.stringify(faults),
    );
  });
}

test('durations are read and written', () => {
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('250ms'), 250);
  assert.equal(parseDuration('2w'), 1_209_600_000);
  for (const bad of ['', '5', '1.5h', '-1s', '1h 30m', '9999999d']) assert.equal(parseDuration(bad), null, bad);
  for (const ms of [0, 1, 999, 1000, 61_000, 5_400_000, 90_061_001])
    assert.equal(parseDuration(formatDuration(ms)), ms);
});
