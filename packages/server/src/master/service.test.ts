// The loop that all services are made of: when it looks, how it is woken, what it does when the store or the code fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantBroken } from '../core/invariant.ts';
import { StoreUnavailable } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { ManualClock } from '../ports/testing/manual-clock.ts';
import { Loop } from './service.ts';

function setup(work: () => Promise<number>) {
  const clock = new ManualClock();
  const fatal: unknown[] = [];
  const loop = new Loop('test', { clock, log: silentLog, fatal: (error) => fatal.push(error) }, work);
  return { clock, loop, fatal };
}

test('a loop looks at its start and then after the time that it asked for', async () => {
  let looks = 0;
  const { clock, loop } = setup(() => Promise.resolve(((looks += 1), 100)));
  await loop.start();
  await clock.settle();
  assert.equal(looks, 1);
  await clock.advance(99);
  assert.equal(looks, 1);
  await clock.advance(1);
  assert.equal(looks, 2);
  await loop.stop();
});

test('a wake looks at once, and a wake during a look makes it look once more', async () => {
  let looks = 0;
  const gates: (() => void)[] = [];
  const { clock, loop } = setup(async () => {
    looks += 1;
    await new Promise<void>((resolve) => gates.push(resolve));
    return 10_000;
  });
  await loop.start();
  loop.wake();
  loop.wake();
  assert.equal(looks, 1);
  gates.shift()?.();
  await clock.advance(0);
  assert.equal(looks, 2);
  gates.shift()?.();
  await clock.settle();
  loop.wake();
  assert.equal(looks, 3);
  gates.shift()?.();
  await loop.stop();
});

test('a loop backs off while the store fails, ignores wakes meanwhile, and recovers', async () => {
  let looks = 0;
  const { clock, loop, fatal } = setup(() => {
    looks += 1;
    return looks <= 3 ? Promise.reject(new StoreUnavailable('gone')) : Promise.resolve(1000);
  });
  await loop.start();
  await clock.settle();
  loop.wake();
  assert.equal(looks, 1);
  await clock.advance(100);
  assert.equal(looks, 2);
  await clock.advance(200);
  assert.equal(looks, 3);
  await clock.advance(400);
  assert.equal(looks, 4);
  loop.wake();
  assert.equal(looks, 5);
  assert.deepEqual(fatal, []);
  await loop.stop();
});

test('a defect is handed to the owner once and the loop ends', async () => {
  let looks = 0;
  const { clock, loop, fatal } = setup(() => {
    looks += 1;
    return Promise.reject(new InvariantBroken('two runs of one fire'));
  });
  await loop.start();
  await clock.advance(10_000);
  loop.wake();
  assert.equal(looks, 1);
  assert.equal(fatal.length, 1);
  await loop.stop();
});

test('stop waits for the look in flight, is safe twice and before start, and nothing happens after it', async () => {
  let looks = 0;
  let finish = () => {};
  const { clock, loop } = setup(async () => {
    looks += 1;
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return 0;
  });
  await loop.start();
  let stopped = false;
  const stopping = loop.stop().then(() => {
    stopped = true;
  });
  await clock.settle();
  assert.equal(stopped, false);
  finish();
  await stopping;
  await loop.stop();
  await loop.start();
  await clock.advance(10_000);
  assert.equal(looks, 1);
  const never = setup(() => Promise.resolve(1));
  await never.loop.stop();
  await never.loop.start();
  assert.equal(never.clock.waiting, 0);
});
