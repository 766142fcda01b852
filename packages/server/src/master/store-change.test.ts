import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Database, StoreUnavailable } from '../ports/database.ts';
import type { Lineage, StoreHistory } from '../ports/store-history.ts';
import { masterRenew, sessionEnd } from '../store/sessions.ts';
import { runsInsert } from '../store/runs-submit.ts';
import { newRun, seedJob, seedSession } from '../store/testing/seed.ts';
import type { SessionLink } from './session-link.ts';
import { StoreChange } from './store-change.ts';
import { openBench } from './testing/bench-context.ts';

const first: Lineage = { systemId: '1', timeline: 1, startedAt: 'a' };
const promoted: Lineage = { systemId: '1', timeline: 2, startedAt: 'b' };

async function setup(t: TestContext, lineage = first) {
  const bench = await openBench();
  t.after(() => bench.close());
  const told: string[] = [];
  const graced: number[] = [];
  let hear: (now: Lineage, before: Lineage) => void = () => assert.fail('nobody listens');
  let down = false;
  const history: StoreHistory = {
    lineage,
    watch: (changed) => {
      hear = changed;
      return () => undefined;
    },
    pin: () => undefined,
  };
  const { db } = bench.context;
  const store: Database = {
    dialect: db.dialect,
    history,
    query: (sql, params) => db.query(sql, params),
    transaction: (work) =>
      down ? Promise.reject(new StoreUnavailable('it is still being promoted')) : db.transaction(work),
    close: () => db.close(),
  };
  const links: Partial<SessionLink>[] = [];
  const context = { ...bench.context, db: store };
  const change = new StoreChange(
    context,
    {
      links: () => links.values() as IterableIterator<SessionLink>,
      hold: () => void told.push('hold'),
      goOn: () => void told.push('go on'),
    },
    (what, timeline) => {
      if (what === 'adopted') told.push(`adopted for ${timeline}`);
      else graced.push(timeline);
      return Promise.resolve();
    },
  );
  await change.start();
  t.after(() => change.stop());
  return {
    context,
    change,
    clock: bench.clock,
    links,
    told,
    graced,
    promote: () => hear(promoted, first),
    restart: () => hear({ ...first, startedAt: 'c' }, first),
    setDown: (is: boolean) => (down = is),
    other: (adoptedTimeline: number, gracedTimeline = 0) =>
      masterRenew(
        db,
        { id: 'other', address: 'http://o', version: '1', stats: { adoptedTimeline, gracedTimeline }, wallMs: 0 },
        60_000,
      ),
  };
}

test('after a promotion nothing is dispatched until what workers hold has been adopted', async (t) => {
  const { context, clock, links, told, promote, setDown } = await setup(t);
  const sessionId = await seedSession(context.db, context.masterId);
  const run = newRun(await seedJob(context.db));
  await context.db.transaction((tx) => runsInsert(tx, [run]));
  links.push({
    sessionId,
    held: new Map([['0190aaaa-0000-7000-8000-000000000001', { runId: run.id, attempt: 1, sinceMs: 0 }]]),
  });
  setDown(true);
  promote();
  await clock.advance(1000);
  assert.deepEqual(told, ['hold']);
  setDown(false);
  await clock.advance(1000);
  assert.deepEqual(told, ['hold', 'adopted for 2', 'go on']);
  const [row] = await context.db.query('select state, attempt, session_id as "sessionId" from run where id = $1', [
    run.id,
  ]);
  assert.deepEqual({ ...row }, { state: 'running', attempt: 1, sessionId });
});

test('what is lost with its run is told to stop before dispatch goes on; a fire that was decided anew meanwhile is adopted', async (t) => {
  const { context, clock, links, told, promote, other } = await setup(t);
  const sessionId = await seedSession(context.db, context.masterId);
  const [again, gone] = [newRun(await seedJob(context.db)), newRun(await seedJob(context.db))];
  const attempts = [again, gone].map((run, index) => ({
    runId: run.id,
    attemptId: `0190aaaa-0000-7000-8000-00000000000${index}`,
  }));
  const link = {
    sessionId,
    held: new Map(attempts.map(({ runId, attemptId }) => [attemptId, { runId, attempt: 1, sinceMs: 0 }])),
    send: (message: { type: string }) => void told.push(JSON.stringify(message)),
  };
  links.push(link);
  await other(1);
  promote();
  await clock.advance(500);
  await context.db.transaction((tx) => runsInsert(tx, [again]));
  await other(2);
  await clock.advance(500);
  const stop = JSON.stringify({ type: 'stale', attemptIds: [attempts[1]?.attemptId] });
  assert.deepEqual(told, ['hold', 'adopted for 2', stop, 'go on']);
  assert.deepEqual([...link.held.keys()], [attempts[0]?.attemptId]);
});

test('a version of a schedule that the store has given again, to something else, is read anew after a promotion', async (t) => {
  const { context, clock, promote } = await setup(t);
  const row = (every: string) => ({
    id: '0190aaaa-0000-7000-8000-000000000009',
    namespace: 'default',
    version: 2,
    spec: JSON.stringify({ name: 'tick', every }),
    anchor_at: 0,
    calendars: '{}',
  });
  const everyOf = async (every: string) => {
    const [one] = await context.definitions.compiled(context.db, [row(every)]);
    return one?.compiled.definition.every;
  };
  assert.equal(await everyOf('1m'), '1m');
  promote();
  assert.equal(await everyOf('5m'), '5m');
  await clock.advance(1000);
});

test('other masters are waited for until they have adopted what their workers hold', async (t) => {
  const { clock, told, promote, other } = await setup(t);
  await other(1);
  promote();
  await clock.advance(2000);
  assert.deepEqual(told, ['hold', 'adopted for 2']);
  await other(2);
  await clock.advance(200);
  assert.equal(told.at(-1), 'go on');
});

test('a master that never says that it has adopted is waited for only for a while', async (t) => {
  const { clock, told, promote, other } = await setup(t);
  await other(0);
  promote();
  await clock.advance(4500);
  assert.equal(told.includes('go on'), false);
  await clock.advance(1000);
  assert.equal(told.at(-1), 'go on');
});

test('before anybody is taken for lost in a promoted store, every session that lives gets one more lease: renewals may be lost', async (t) => {
  const { context, change, clock, promote } = await setup(t);
  const { db, settings } = context;
  const [live, dead] = [await seedSession(db, 'other', -1000), await seedSession(db, 'other', -1000)];
  await sessionEnd(db, dead);
  await change.settled();
  assert.equal(change.isSettled, true);
  promote();
  assert.equal(change.isSettled, false);
  await change.settled();
  assert.equal(change.isSettled, true);
  await clock.advance(1000);
  const rows = await db.query<{ id: string; left: number }>('select id, expires_at - now_ms() as left from session');
  const left = new Map(rows.map((row) => [row.id, row.left]));
  assert.ok((left.get(live) ?? 0) > settings.sessionTtlMs - 5000);
  assert.ok((left.get(dead) ?? 0) <= 0);
});

test('a restart of the same primary, which loses nothing, holds nobody up', async (t) => {
  const { clock, told, restart } = await setup(t);
  restart();
  await clock.advance(1000);
  assert.deepEqual(told, []);
});

for (const [what, lineage, known, gives] of [
  ['a master that starts in a promoted store gives the grace that nobody has given there', promoted, 0, true],
  ['a master that starts gives none where another one says that it has', promoted, 2, false],
  ['a master that starts gives none in a store that never had another primary', first, 0, false],
] as const) {
  test(what, async (t) => {
    const { context, change, graced, other } = await setup(t, lineage);
    const { db, settings } = context;
    const session = await seedSession(db, 'gone', -1000);
    await other(0, known);
    assert.equal(change.isSettled, false);
    await change.settled();
    const [row] = await db.query<{ left: number }>('select expires_at - now_ms() as left from session where id = $1', [
      session,
    ]);
    assert.equal((row?.left ?? 0) > settings.sessionTtlMs - 5000, gives);
    assert.deepEqual([change.isSettled, graced], [true, [lineage.timeline]]);
  });
}
