// Closed loops: the policy sees what it did itself. Oscillation is a number here: how often per hour the size of the pool turns from growing to
// shrinking or back, beyond the turns that the load itself makes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PoolInput } from '@tidewheel/protocol';
import { replayWork, type ReplayRun } from './replay-work.ts';
import { arrivals, cronPeaks, hour, noon, pool } from './testing/loads.ts';
import { whatIf } from './what-if.ts';

/** Turns per hour that are not the load's own. */
const turnsAllowed = 4;
const lanes = [{ queue: 'default', handler: 'task', selector: {} }];
const hours = 3;

interface Loop {
  readonly runs: readonly ReplayRun[];
  readonly seconds?: number;
  /** Of the load. */
  readonly turns: number;
  readonly pool?: Partial<PoolInput>;
}

function loop({ runs, seconds = hours * hour, turns, pool: over }: Loop) {
  const to = noon + seconds * 1000;
  const outcome = whatIf({ definition: pool(over), work: replayWork(lanes, runs), from: noon, to, startupMs: 30_000 });
  const excess = (outcome.turns - turns) / (seconds / hour);
  assert.ok(excess <= turnsAllowed, `${outcome.turns} turns for ${turns} of the load: ${excess} more per hour`);
  assert.equal(outcome.unserved, 0);
  return outcome;
}

const load = (perSecond: (second: number) => number, seed = 1) =>
  arrivals({ seconds: hours * hour, perSecond, runMs: 5000, seed });
const busyHours = (runs: readonly ReplayRun[]) =>
  runs.reduce((sum, { durationMs }) => sum + durationMs, 0) / 3_600_000 / 8;

test('a steady load is held by a steady number of workers', () => {
  const runs = load(() => 20);
  const { waits, turns, workerHours } = loop({ runs, turns: 0 });
  assert.ok(waits.held >= 0.99, `${waits.held}`);
  assert.ok(turns <= 2 * hours);
  assert.ok(workerHours < 1.6 * busyHours(runs), 'utilisation of 80 %, and room for chance');
});

test('a step is followed once, without swinging', () => {
  const up = loop({ runs: load((second) => (second < hour ? 5 : 50)), turns: 0 });
  assert.ok(up.waits.held >= 0.98, `${up.waits.held}`);
  const down = loop({ runs: load((second) => (second < hour ? 50 : 5)), turns: 1 });
  assert.ok(down.waits.held >= 0.98, `${down.waits.held}`);
});

test('a ramp is followed upwards and downwards', () => {
  const runs = load((second) => 60 - Math.abs(second - 1.5 * hour) / 90);
  const { waits, workerHours } = loop({ runs, turns: 1 });
  assert.ok(waits.held >= 0.99, `${waits.held}`);
  assert.ok(workerHours < 1.5 * busyHours(runs));
});

test('a sawtooth is followed tooth by tooth', () => {
  const { waits } = loop({ runs: load((second) => 5 + ((second % 1800) / 1800) * 50), turns: 11 });
  assert.ok(waits.held >= 0.98, `${waits.held}`);
});

test('a slow square is followed, a fast one is held at its top', () => {
  const slow = loop({ runs: load((second) => (second % 3600 < 1800 ? 5 : 50)), turns: 5 });
  assert.ok(slow.waits.held >= 0.95, `${slow.waits.held}`);
  const fast = loop({ runs: load((second) => (second % 120 < 60 ? 5 : 50)), turns: 0 });
  assert.ok(fast.waits.held >= 0.98, `${fast.waits.held}`);
  assert.ok(fast.turns <= 3, 'the window keeps what the next minute needs again');
});

test('peaks of the calendar find their workers ready, and turn the pool only twice each', () => {
  const runs = [...load(() => 1), ...cronPeaks(hours * hour, 1800, 500, 20_000)];
  const { waits } = loop({ runs, turns: 10 });
  assert.ok(waits.held >= 0.99, `${waits.held}`);
  const blind = loop({ runs, turns: 10, pool: { policy: { forecast: { enabled: false } } } });
  assert.ok(blind.waits.held < 0.9, `${blind.waits.held}: else the forecast would not be what holds it`);
});

test('a maximum binds and the pool stays there', () => {
  const { most, turns } = loop({ runs: load((second) => (second < 1800 ? 40 : 2)), turns: 1, pool: { max: 10 } });
  assert.equal(most, 10);
  assert.ok(turns <= 4);
});

test('a pool without work costs nothing and comes back from nothing', () => {
  const runs = [0, 1.5 * hour, 2.5 * hour].map((second) => ({ at: noon + second * 1000, lane: 0, durationMs: 60_000 }));
  const { waits, workerHours } = loop({ runs, turns: 5 });
  assert.ok(waits.maxMs <= 31_000, `${waits.maxMs}: a start and a decision`);
  assert.ok(workerHours < 0.3, `${workerHours}`);
});

test('whatever the levels of a load and whatever the policy, the pool does not swing', () => {
  const policies = fc.record({
    utilisation: fc.constantFrom(0.5, 0.8, 1),
    hysteresis: fc.constantFrom(0.1, 0.2, 0.4),
    wait: fc.constantFrom('2s', '10s', '1m'),
    in: fc.record({ stabilize: fc.constantFrom('2m', '5m'), step: fc.constantFrom(2, '20%', '100%') }),
  });
  const levels = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(levels, policies, fc.integer(), (steps, policy, seed) => {
      const runs = load((second) => steps[Math.floor(second / 2700)] ?? 0, seed);
      loop({ runs, turns: 3, pool: { policy } });
    }),
    { numRuns: 12, seed: 7 },
  );
});
