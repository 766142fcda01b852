import assert from 'node:assert/strict';
import test from 'node:test';
import type { ScalingDecisionRow } from '@tidewheel/protocol';
import { pathOfSteps, stepsOf } from './pool-steps.ts';

const decision = (at: number, live: number, wanted: number): ScalingDecisionRow => ({
  at,
  workers: { live, starting: 0, draining: 0 },
  desired: wanted,
  wanted,
  bounds: [],
  explanation: '',
  inputs: {},
});

test('decisions become levels from the oldest to now', () => {
  const steps = stepsOf([decision(300, 4, 1), decision(100, 0, 4)], { at: 500, wanted: 1, live: 1 });
  assert.deepEqual([steps.from, steps.to, steps.most], [100, 500, 4]);
  assert.deepEqual(
    steps.wanted.map(({ at, workers }) => [at, workers]),
    [
      [100, 4],
      [300, 1],
      [500, 1],
    ],
  );
  assert.equal(pathOfSteps(steps.live, { ...steps, top: 4 }, { width: 400, height: 100 }), 'M0 100H200V0H400V75');
});

test('a pool about which nothing was decided is one level', () => {
  const steps = stepsOf([], { at: 500, wanted: 0, live: 0 });
  assert.deepEqual([steps.from, steps.most], [500, 1]);
  assert.equal(pathOfSteps(steps.wanted, { ...steps, top: 1 }, { width: 400, height: 100 }), 'M0 100');
});
