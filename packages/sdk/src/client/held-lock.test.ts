// Time is moved by hand; the masters are a list of answers.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type LockView, Refusal } from '@tidewheel/protocol';
import type { WorkerClock } from '../worker/session-ports.ts';
import { HeldLock, type LockEars } from './held-lock.ts';

class HandClock implements WorkerClock {
  now = 1000;
  #timers: { at: number; fire: () => void }[] = [];

  monotonicMs(): number {
    return this.now;
  }

  timer(delayMs: number, fire: () => void) {
    const timer = { at: this.now + delayMs, fire };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      const [next] = this.#timers.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.now = Math.max(this.now, next.at);
      next.fire();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.now = until;
  }
}

const view = { name: 'door', token: 7, ttlMs: 30_000 } as LockView;

function setup(renew: () => Promise<LockView> = () => Promise.resolve(view)) {
  const clock = new HandClock();
  const calls: string[] = [];
  const lock = new HeldLock(
    view,
    'hold',
    clock.now,
    { clock },
    {
      renew: () => {
        calls.push(`renew at ${clock.now - 1000}`);
        return renew();
      },
      release: () => {
        calls.push('release');
        return Promise.resolve(true);
      },
    },
  );
  return { clock, calls, lock };
}

test('a lock renews itself every third of its life, and no more once it is released', async () => {
  const { clock, calls, lock } = setup();
  await clock.pass(25_000);
  assert.deepEqual(calls, ['renew at 10000', 'renew at 20000']);
  assert.ok(lock.held);
  await lock.release();
  await lock.release();
  await clock.pass(100_000);
  assert.deepEqual(calls.slice(2), ['release']);
  assert.deepEqual([lock.held, lock.lost.aborted], [false, false]);
});

test('it goes out of scope by giving itself back', async () => {
  const { calls, lock } = setup();
  {
    await using scoped = lock;
    assert.ok(scoped.held);
  }
  assert.deepEqual(calls, ['release']);
});

test('without an answer it is lost before a master can give it away, counted from the sending of the last renewal', async () => {
  let answer = true;
  const { clock, lock } = setup(() =>
    answer ? Promise.resolve(view) : Promise.reject(new Refusal('UNREACHABLE', 'no')),
  );
  await clock.pass(10_000);
  answer = false;
  await clock.pass(24_900);
  assert.ok(lock.held && !lock.lost.aborted);
  // The renewal sent at 10 s: its lease ends at 40 s, trust in it at 35 s.
  await clock.pass(200);
  assert.ok(!lock.held && lock.lost.aborted);
  await assert.rejects(lock.renew(), { code: 'LOCK_LOST' });
});

test('an answer that comes late extends trust by what was true when the question was sent', async () => {
  const gate = Promise.withResolvers<LockView>();
  const { clock, lock } = setup(() => gate.promise);
  await clock.pass(24_000);
  gate.resolve(view);
  await new Promise((resolve) => setImmediate(resolve));
  await clock.pass(10_900);
  assert.ok(lock.held, 'until 35 s, not until 49 s');
});

test('a renewal that is refused is a loss at once; an aborted lock says why', async () => {
  const { clock, lock } = setup(() => Promise.reject(new Refusal('LOCK_LOST', 'forced')));
  await clock.pass(10_000);
  assert.ok(lock.lost.aborted);
  assert.match(String(lock.lost.reason), /forced/);
});

test('a lock that is taken away is lost at once, with who and why, and nothing is heard after a release', async () => {
  const clock = new HandClock();
  const heard = new Set<LockEars>();
  let renewals = 0;
  const hold = () =>
    new HeldLock(
      view,
      'hold',
      clock.now,
      { clock },
      {
        renew: () => Promise.resolve({ ...view, token: (renewals += 1) }),
        release: () => Promise.resolve(true),
        hear: (ears) => {
          heard.add(ears);
          return () => heard.delete(ears);
        },
      },
    );
  const [taken, kept] = [hold(), hold()];
  const [first, second] = heard;
  second?.unsure();
  await clock.pass(1);
  assert.deepEqual([renewals, kept.held], [1, true], 'who may have missed something asks');
  first?.taken(new Refusal('LOCK_LOST', 'the lock "door" was released by ann: it jams'));
  assert.ok(taken.lost.aborted && !taken.held);
  assert.match(String(taken.lost.reason), /released by ann: it jams/);
  assert.equal(heard.has(first as LockEars), false);
  await kept.release();
  assert.equal(heard.size, 0);
  assert.ok(!kept.lost.aborted);
});
