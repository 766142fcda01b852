import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LockOrder, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { seedId } from '../store/testing/seed.ts';
import { openBench } from './testing/bench-context.ts';
import { Changes } from './changes.ts';
import { UserLocks } from './user-locks.ts';

const order = (changes: Partial<LockOrder> = {}): LockOrder => ({ hold: seedId(), ttl: 30_000, wait: 0, ...changes });

async function setup() {
  const bench = await openBench();
  const locks = new UserLocks(bench.context, new Changes(bench.clock, bench.context.signals));
  await locks.start();
  const acquire = (owner: string, changes: Partial<LockOrder> = {}, gone?: AbortSignal) =>
    locks.acquire('default', owner, 'door', order(changes), gone);
  return { bench, locks, acquire, clock: bench.clock };
}

const isHeld = (error: unknown): boolean => error instanceof Refusal && error.code === 'LOCK_HELD';

test('a waiter gets the lock as soon as it is released, before those that came later', async () => {
  const { bench, locks, acquire, clock } = await setup();
  const hold = seedId();
  await acquire('ann', { hold });
  const order: string[] = [];
  const waiting = ['bob', 'cid'].map(async (owner) => {
    const mine = seedId();
    const lock = await acquire(owner, { hold: mine, wait: 10_000 });
    order.push(owner);
    await locks.release({ namespace: 'default', name: 'door', owner, hold: mine });
    return lock.token;
  });
  await clock.advance(200);
  assert.deepEqual(order, []);
  await locks.release({ namespace: 'default', name: 'door', owner: 'ann', hold });
  await clock.settle();
  await clock.settle();
  assert.deepEqual(await Promise.all(waiting), [2, 3]);
  assert.deepEqual(order, ['bob', 'cid']);
  await locks.stop();
  await bench.close();
});

test('a waiter gets the lock when its holder does not renew it, though nobody says so', async () => {
  const { bench, locks, acquire, clock } = await setup();
  await acquire('ann', { ttl: 2500 });
  const waiting = acquire('bob', { wait: 10_000 });
  await clock.advance(2400);
  assert.equal((await bench.context.db.query('select owner from lock'))[0]?.['owner'], 'ann');
  await clock.advance(200);
  assert.equal((await waiting).token, 2);
  await locks.stop();
  await bench.close();
});

test('waiting ends with the time asked for, with the caller, and with the master; a hundred waiters ask as often as one', async () => {
  const { bench, locks, acquire, clock } = await setup();
  await acquire('ann');
  await assert.rejects(acquire('bob'), isHeld);
  const gone = new AbortController();
  const short = assert.rejects(acquire('bob', { wait: 2000 }), /held by ann, token 1/);
  const left = assert.rejects(acquire('cid', { wait: 20_000 }, gone.signal), isHeld);
  const stopped = Array.from({ length: 100 }, () => assert.rejects(acquire('dan', { wait: 20_000 }), isHeld));
  await clock.settle();
  const before = bench.statements();
  await clock.advance(2000);
  await short;
  assert.ok(bench.statements() - before <= 4, `${bench.statements() - before} statements in two seconds`);
  gone.abort();
  await left;
  await locks.stop();
  await Promise.all(stopped);
  await bench.close();
});

test('over the limit of waiters a caller is asked to come back', async () => {
  const { bench, locks, acquire } = await setup();
  await acquire('ann');
  const waiting = Array.from({ length: serverLimits.lockWaiters }, () =>
    assert.rejects(acquire('bob', { wait: 20_000 }), isHeld),
  );
  await bench.clock.settle();
  await assert.rejects(acquire('eve', { wait: 20_000 }), { code: 'TOO_MANY_REQUESTS' });
  await locks.stop();
  await Promise.all(waiting);
  await bench.close();
});
