import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';
import { SimProcess } from './sim-process.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

function setup(): { time: VirtualTime; process: SimProcess; seen: string[] } {
  const time = new VirtualTime(new Random(1), new Trace());
  const process = new SimProcess('one', time, new Random(2), 1_700_000_000_000, { rate: 1, wallSkewMs: 0 });
  process.start();
  return { time, process, seen: [] };
}

test('a promise chain of any depth ends before the next event begins', async () => {
  const { time, seen } = setup();
  const deep = async (): Promise<void> => {
    for (let hop = 0; hop < 5000; hop += 1) await Promise.resolve();
    seen.push('chain');
  };
  time.after(1, 'first', () => void deep());
  time.after(1, 'second', () => void deep());
  time.after(2, 'third', () => seen.push('third'));
  await time.run(10);
  assert.deepEqual(seen, ['chain', 'chain', 'third']);
  assert.equal(time.now, 10);
});

test('whoever goes round without waiting is named instead of hanging the simulation', async () => {
  const { time, process } = setup();
  const round = (): void => void process.after(0, 'a poll without a pause', round);
  round();
  await assert.rejects(time.run(10), /time stands still: one goes round in a poll without a pause/);
});

test('nothing of a crashed life happens any more, and the next life begins afresh', async () => {
  const { time, process, seen } = setup();
  const clock = process.clock();
  clock.timer(5, () => seen.push('timer of the first life'));
  process.after(5, 'reply', () => seen.push('reply to the first life'));
  process.crash();
  clock.timer(1, () => seen.push('timer set by the dead'));
  process.start();
  process.clock().timer(5, () => seen.push('timer of the second life'));
  await time.run(20);
  assert.deepEqual(seen, ['timer of the second life']);
});

test('a pause holds everything back and gives it all at once, without what was canceled meanwhile', async () => {
  const { time, process, seen } = setup();
  const clock = process.clock();
  const at = (what: string) => (): void => void seen.push(`${what} at ${time.now}`);
  process.after(1, 'a', at('a'));
  const timer = clock.timer(2, at('canceled'));
  process.after(3, 'b', at('b'));
  process.pause();
  time.after(2, 'cancel', () => timer.cancel());
  time.after(50, 'resume', () => process.resume());
  await time.run(100);
  assert.deepEqual(seen.toSorted(), ['a at 50', 'b at 50']);
  assert.deepEqual(process.pauses, [{ from: 0, to: 50 }]);
});

test('a fast clock fires its timers sooner by true time, and its wall clock may be wrong', async () => {
  const time = new VirtualTime(new Random(1), new Trace());
  const process = new SimProcess('fast', time, new Random(2), 1_700_000_000_000, { rate: 2, wallSkewMs: -5000 });
  process.start();
  const clock = process.clock();
  const from = clock.monotonicMs();
  let firedAt = 0;
  clock.timer(1000, () => {
    firedAt = time.now;
  });
  await time.run(2000);
  assert.equal(firedAt, 500);
  assert.equal(clock.monotonicMs() - from, 4000);
  assert.equal(clock.wallMs(), 1_700_000_000_000 + 2000 - 5000);
});

test('the trace hash depends on every event and on their order', () => {
  const hashOf = (...events: [number, string, string][]): string => {
    const trace = new Trace();
    for (const event of events) trace.add(...event);
    return trace.hash;
  };
  const base = hashOf([1, 'a', 'x'], [2, 'b', 'y']);
  assert.equal(base, hashOf([1, 'a', 'x'], [2, 'b', 'y']));
  assert.notEqual(base, hashOf([2, 'b', 'y'], [1, 'a', 'x']));
  assert.notEqual(base, hashOf([1, 'a', 'x'], [2, 'b', 'z']));
  assert.notEqual(base, hashOf([1, 'a', 'x']));
});
