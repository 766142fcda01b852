import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolDefinitionSchema } from '@tidewheel/protocol';
import { FiredLately } from './fired-lately.ts';
import { LaneRates } from './lane-rates.ts';
import { signalsOf } from './pool-signals.ts';

const peakAt = 100_000;

test('of the rate after a peak of the calendar, little is left as unforeseen, and less with time', () => {
  const fired = new FiredLately();
  const rates = new LaneRates();
  const coming = [{ from: 90_000, bucketMs: 5000, workMs: [0, 0, 2000], runs: [0, 0, 2000] }];
  const leftAt = (now: number): number => {
    // All of them arrive at once and run for long.
    const unfinished = now >= peakAt ? 2000 : 0;
    const all = rates.take(now, [{ laneId: 'a', unfinished, completionsPerSecond: 0 }]).get('a') ?? 0;
    return all === 0 ? 0 : (all - Math.min(all, fired.perSecond('a', coming, now))) / all;
  };
  assert.equal(leftAt(95_000), 0);
  for (let now = peakAt; now <= peakAt + 60_000; now += 5000) assert.ok(leftAt(now) < 0.05, `${now}: ${leftAt(now)}`);
});

test('what fired before a new forecast is remembered, faded, and then forgotten', () => {
  const fired = new FiredLately();
  const peak = [{ from: peakAt, bucketMs: 5000, workMs: [300], runs: [300] }];
  fired.keep(new Map([['a', peak]]), peakAt + 1000);
  assert.equal(fired.perSecond('a', [], peakAt + 30_000).toFixed(2), (10 / Math.E).toFixed(2));
  assert.equal(fired.perSecond('b', [], peakAt), 0);
  fired.keep(new Map(), peakAt + 200_000);
  assert.equal(fired.perSecond('a', [], peakAt + 200_000), 0);
  fired.keep(new Map([['a', peak]]), peakAt - 1);
  assert.equal(fired.perSecond('a', [], peakAt), 0, 'what has not begun has not fired');
});

test('a lane tells what was foreseen of its arrivals also when nothing is coming any more', () => {
  const lane = {
    laneId: 'a',
    namespace: 'n',
    queue: 'default',
    handler: 'task:t',
    selector: {},
    ready: 5,
    oldestDueAt: 1,
  };
  const facts = { now: 9, sessions: [], lanes: [lane], held: [], history: new Map(), orders: new Map() };
  const definition = poolDefinitionSchema.parse({ name: 'p', labels: { pool: 'p' }, max: 1 });
  const pool = { id: 'p', namespace: 'n', definition, startupMs: null };
  const [signal] = signalsOf(pool, facts, [], { of: () => [], foreseenPerSecond: () => 7 }).lanes;
  assert.deepEqual([signal?.foreseenPerSecond, signal?.coming], [7, undefined]);
});
