import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobDefinitionSchema, Refusal, type ScheduleInput } from '@tidewheel/protocol';
import { checkDefinitions, checkPlan } from './definition-check.ts';
import { nextAnchor, planDefinitions, type StoredJob } from './definition-plan.ts';

const now = Date.UTC(2026, 10, 21);
const jobWith = (schedule: Partial<ScheduleInput>) =>
  jobDefinitionSchema.parse({ name: 'j', shell: { script: 'true' }, schedules: [{ name: 's', ...schedule }] });

function stored(schedule: Partial<ScheduleInput>): StoredJob {
  const { schedules, ...spec } = jobWith(schedule);
  const [only] = schedules;
  assert.ok(only !== undefined);
  const row = {
    id: 's1',
    jobId: 'j1',
    name: 's',
    version: 1,
    spec: only,
    state: 'enabled' as const,
    anchorAt: 7,
    calendars: '{}',
  };
  return { id: 'j1', name: 'j', version: 1, source: 'api', spec, schedules: [row] };
}

const planOf = (before: Partial<ScheduleInput> | null, after: Partial<ScheduleInput>) =>
  planDefinitions(before === null ? [] : [stored(before)], [jobWith(after)], 'api');

function faultsOf(act: () => void): string[] {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error.faults.map(({ pointer, detail }) => `${pointer} ${detail}`);
  }
  return [];
}
const check = (before: Partial<ScheduleInput> | null, after: Partial<ScheduleInput>) =>
  faultsOf(() => checkPlan(planOf(before, after), new Map(), now, '/jobs', new Map()));

test('a new or changed schedule of which no time will ever come is refused at its trigger', () => {
  const past = 'it would never fire: all of its times are in the past';
  assert.deepEqual(check(null, { cron: '0 0 0 1 1 * 2020' }), [`/jobs/0/schedules/0/cron ${past}`]);
  assert.deepEqual(check(null, { rrule: 'FREQ=DAILY;UNTIL=20200101' }), [`/jobs/0/schedules/0/rrule ${past}`]);
  assert.deepEqual(check({ cron: '@daily' }, { times: [{ at: 5 }, { at: 6 }] }), [`/jobs/0/schedules/0/times ${past}`]);
  const bounded = { cron: '0 0 29 2 *', end: '2027-06-01T00:00:00Z' };
  assert.match(check(null, bounded)[0] ?? '', /\/cron it would never fire: its calendars and bounds leave no time/);
});

test('a schedule that is stored already, one that is over on purpose, and a fixed delay are taken', () => {
  const old = { cron: '0 0 0 1 1 * 2020' };
  assert.deepEqual(check(old, { ...old, description: 'kept' }), []);
  assert.deepEqual(check(null, { cron: '@daily', end: '2026-01-01T00:00:00Z' }), []);
  assert.deepEqual(check(null, { delay: '5m' }), []);
  assert.deepEqual(check(null, { cron: '@daily' }), []);
});

test('faults of times point into the request', () => {
  const faults = faultsOf(() =>
    checkDefinitions([jobWith({ times: [{ cron: '@daily' }, { rrule: 'FREQ=X' }] })], '/jobs'),
  );
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? '', /^\/jobs\/0\/schedules\/0\/times\/1\/rrule FREQ: "X"/);
});

test('what counts begins anew when a trigger or the count changes, and keeps its beat otherwise', () => {
  const anchorAfter = (before: Partial<ScheduleInput>, after: Partial<ScheduleInput>) => {
    const [plan] = planOf(before, after)[0]?.schedules ?? [];
    assert.ok(plan !== undefined);
    return nextAnchor(plan, now);
  };
  assert.equal(anchorAfter({ every: '1h' }, { every: '1h', payload: 1, jitter: '5s', end: now + 1 }), 7);
  assert.equal(anchorAfter({ every: '1h' }, { every: '2h' }), now);
  assert.equal(anchorAfter({ rrule: 'FREQ=DAILY;COUNT=3' }, { rrule: 'FREQ=DAILY;COUNT=4' }), now);
  assert.equal(anchorAfter({ cron: '@daily', count: 3 }, { cron: '@daily', count: 4 }), now);
  assert.equal(anchorAfter({ delay: '1h' }, { delay: '2h' }), now);
});
