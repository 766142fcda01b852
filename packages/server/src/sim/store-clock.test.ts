import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreClock } from './store-clock.ts';

test('the clock of the store drifts and steps, and knows what it showed', () => {
  const clock = new StoreClock(1000);
  clock.drift(100, 1.5);
  clock.step(200, 5000);
  clock.step(300, -6000);
  assert.deepEqual(
    [0, 100, 199, 200, 299, 300, 400].map((when) => clock.at(when)),
    [1000, 1100, 1248, 6250, 6398, 400, 550],
  );
  assert.equal(clock.most(0, 199), 1248);
  assert.equal(clock.most(0, 400), 6400);
  assert.equal(clock.least(250, 400), 400);
  assert.equal(clock.forwardMs(0, 400), 5000);
  assert.deepEqual([clock.stepped(201, 299), clock.stepped(201, 300)], [false, true]);
});
