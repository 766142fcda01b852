import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { StoreUnavailable } from '../ports/database.ts';
import { seedSession } from '../store/testing/seed.ts';
import { Changes } from './changes.ts';
import { PauseWatch } from './pause-watch.ts';
import type { SessionLink } from './session-link.ts';
import { Sweeping } from './sweeping.ts';
import { openBench } from './testing/bench-context.ts';

/** No other server of the store has taken over. */
const unchanged = { isSettled: true, settled: () => Promise.resolve() };

/** A master whose wall clock and loop can stand still apart from the timers of the bench. */
async function setup(t: TestContext) {
  const bench = await openBench();
  t.after(() => bench.close());
  const skipped = { monotonicMs: 0, wallMs: 0 };
  const clock = {
    monotonicMs: () => bench.clock.monotonicMs() + skipped.monotonicMs,
    wallMs: () => bench.clock.wallMs() + skipped.wallMs,
    timer: bench.clock.timer.bind(bench.clock),
  };
  const context = { ...bench.context, clock };
  const connected: Pick<SessionLink, 'sessionId' | 'renewedAtMs'>[] = [];
  let forgotten = 0;
  const watch = new PauseWatch(context, {
    links: () => connected.values() as IterableIterator<SessionLink>,
    forget: () => void (forgotten += 1),
  });
  const sweeping = new Sweeping(context, new Changes(context.clock, context.signals), watch, unchanged);
  t.after(async () => {
    await sweeping.stop();
    await watch.stop();
  });
  const session = async (ttlMs: number, isConnected: boolean) => {
    const sessionId = await seedSession(context.db, context.masterId, ttlMs);
    if (isConnected) connected.push({ sessionId, renewedAtMs: 0 });
    return sessionId;
  };
  const stateOf = async (id: string) => {
    const [row] = await context.db.query<{ state: string }>('select state from session where id = $1', [id]);
    return row?.state;
  };
  /** The store's clock goes on while the master stands still, and no timer fires. */
  const stand = async (ms: number, which: 'monotonicMs' | 'wallMs') => {
    skipped[which] += ms;
    await context.db.query('update session set expires_at = expires_at - $1', [ms]);
  };
  return {
    context,
    clock: bench.clock,
    watch,
    sweeping,
    session,
    stateOf,
    stand,
    forgotten: () => forgotten,
    connected,
  };
}

for (const which of ['monotonicMs', 'wallMs'] as const) {
  test(`after a pause that the ${which === 'wallMs' ? 'wall' : 'monotonic'} clock shows, connected sessions get grace before any rescue, others do not`, async (t) => {
    const { watch, sweeping, clock, session, stateOf, stand, forgotten } = await setup(t);
    const [mine, gone] = [await session(15_000, true), await session(15_000, false)];
    await watch.start();
    await sweeping.start();
    await clock.advance(1000);
    await stand(20_000, which);
    await clock.advance(300);
    await clock.advance(3000);
    assert.deepEqual([await stateOf(mine), await stateOf(gone)], ['live', 'dead']);
    assert.ok(forgotten() > 0);
    await clock.advance(10_000);
    assert.equal(await stateOf(mine), 'dead');
  });
}

test('looks in time, and a wall clock that goes back, are no pause', async (t) => {
  const { watch, clock, session, stand, forgotten, context } = await setup(t);
  await session(15_000, true);
  await watch.start();
  await clock.advance(5000);
  await stand(900, 'monotonicMs');
  await clock.advance(500);
  await stand(-3_600_000, 'wallMs');
  await clock.advance(500);
  assert.equal(forgotten(), 0);
  const [row] = await context.db.query<{ left: number }>('select expires_at - now_ms() as left from session');
  assert.ok((row?.left ?? 0) > 1_000_000);
});

test('a pause between a look and the rescue it leads to is found in time', async (t) => {
  const { watch, clock, session, stand, context } = await setup(t);
  await session(15_000, true);
  await watch.start();
  await stand(20_000, 'monotonicMs');
  const settled = watch.settled();
  await clock.advance(100);
  await settled;
  const [row] = await context.db.query<{ left: number }>('select expires_at - now_ms() as left from session');
  assert.equal(row?.left, 7500);
});

test('grace that the store did not take is owed until it does, and no rescue happens before', async (t) => {
  const { watch, clock, session, stand, stateOf, context, sweeping } = await setup(t);
  const mine = await session(15_000, true);
  await watch.start();
  await stand(20_000, 'monotonicMs');
  const { query } = context.db;
  let refused = 0;
  context.db.query = (sql, params) => {
    if (!sql.includes('set expires_at')) return query(sql, params);
    refused += 1;
    return Promise.reject(new StoreUnavailable('away'));
  };
  await sweeping.start();
  await clock.advance(2000);
  assert.ok(refused > 1);
  assert.equal(await stateOf(mine), 'live');
  context.db.query = query;
  await clock.advance(1000);
  assert.equal(await stateOf(mine), 'live');
});
