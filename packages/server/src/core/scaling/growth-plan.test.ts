import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolDefinitionSchema } from '@tidewheel/protocol';
import { costShares } from './cost-shares.ts';
import { grownWork, growthPlan } from './growth-plan.ts';
import { replayWork, type ReplayRun } from './replay-work.ts';

const definition = poolDefinitionSchema.parse({
  name: 'a',
  labels: { pool: 'a' },
  slots: 2,
  max: 3,
  policy: { wait: '5s' },
  cost: { perWorkerHour: 4 },
});
const lanes = [
  { queue: 'reports', handler: 'shell', selector: {} },
  { queue: 'mail', handler: 'shell', selector: {} },
];
const noon = Date.UTC(2026, 10, 30, 12);
const steady = (perSecond: number, seconds: number): ReplayRun[] =>
  Array.from({ length: perSecond * seconds }, (_, index) => ({
    at: noon + Math.round((index * 1000) / perSecond),
    lane: 0,
    durationMs: 2000,
  }));

test('work grows evenly by the factor, and its copies are due soon after their pattern', () => {
  const work = replayWork(lanes, steady(1, 100));
  const grown = grownWork(work, 1.5);
  assert.equal(grown.at.length, 150);
  assert.equal(grownWork(work, 3).at.length, 300);
  assert.equal(grownWork(work, 1).at.length, 100);
  const inHalf = grown.at.filter((at) => at < noon + 50_000).length;
  assert.ok(Math.abs(inHalf - 75) <= 1, `${inHalf} in the first half`);
});

test('a plan says what the growth takes, and whether the maximum is enough for it', () => {
  const seconds = 1800;
  const asked = { definition, work: replayWork(lanes, steady(2, seconds)), from: noon, to: noon + seconds * 1000 };
  const [now, grown, free] = growthPlan({ ...asked, startupMs: 5000 }, 4);
  assert.ok(now && grown && free);
  assert.ok(now.waits.held > 0.95, `${now.waits.held}`);
  assert.deepEqual([grown.max, grown.most], [3, 3]);
  assert.ok(grown.waits.p95Ms > 60_000, 'three workers cannot do four times the work');
  assert.ok(free.most > 6 && free.waits.held > 0.95, `${free.most} workers, ${free.waits.held}`);
  assert.ok(free.workerHours > 2 * now.workerHours);
});

test('cost is shared by the time that runs held slots, and what nobody used is told apart', () => {
  const runs: ReplayRun[] = [
    { at: noon, lane: 0, job: 0, durationMs: 1_800_000 },
    { at: noon, lane: 0, job: 1, durationMs: 900_000 },
    { at: noon, lane: 1, job: 1, durationMs: 900_000 },
  ];
  const work = replayWork(lanes, runs);
  const shares = costShares(definition, work, ['daily', 'hourly'], 3_600_000, 'job');
  assert.deepEqual(
    shares.map(({ queue, job, runs: count, slotHours, cost }) => [queue, job, count, slotHours, cost]),
    [
      ['reports', 'daily', 1, 0.5, 1],
      ['reports', 'hourly', 1, 0.25, 0.5],
      ['mail', 'hourly', 1, 0.25, 0.5],
      [null, null, 0, 1, 2],
    ],
  );
  const byQueue = costShares(definition, work, ['daily', 'hourly'], 0, 'queue');
  assert.deepEqual(
    byQueue.map(({ queue, job, runs: count }) => [queue, job, count]),
    [
      ['reports', null, 2],
      ['mail', null, 1],
    ],
  );
});
