// Elections among several masters on one store, with a clock that is moved by hand.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type Database, OutcomeUnknown } from '../ports/database.ts';
import { type PretendConnection, PretendCoordinator } from '../ports/testing/pretend-coordinator.ts';
import { leaseRows } from '../store/lease-rows.ts';
import { asLeader, Deposed, electionsList, type Term, termBegin, termRead } from '../store/terms.ts';
import { seedId } from '../store/testing/seed.ts';
import type { MasterContext } from './deps.ts';
import { Elector } from './elector.ts';
import { openBench } from './testing/bench-context.ts';

interface Candidate {
  elector: Elector;
  context: MasterContext;
  connection: PretendConnection;
  /** What becomes of its calls to the store. */
  store: { answers: boolean };
}

async function setup(t: TestContext, count: number) {
  const bench = await openBench();
  const coordinator = new PretendCoordinator(bench.clock);
  const candidates = Array.from({ length: count }, (): Candidate => {
    const store = { answers: true };
    const connection = coordinator.connect();
    const db = silenceable(bench.context.db, store);
    const context = { ...bench.context, db, masterId: seedId(), coordinator: connection };
    return { elector: new Elector(context), context, connection, store };
  });
  t.after(async () => {
    const stopping = Promise.all(candidates.map(({ elector }) => elector.stop()));
    await bench.clock.advance(10_000);
    await stopping;
    assert.deepEqual(bench.fatal, []);
    await bench.close();
  });
  const { clock } = bench;
  const leaders = () => candidates.filter(({ elector }) => elector.term !== null);
  const leader = (): Candidate => {
    const [one, ...others] = leaders();
    assert.ok(one !== undefined && others.length === 0, `${leaders().length} leaders`);
    return one;
  };
  const start = async () => {
    for (const { elector } of candidates) await elector.start();
    await clock.advance(2000);
    return leader();
  };
  /** Milliseconds until another one leads. */
  const until = async (happens: () => boolean) => {
    const from = clock.monotonicMs();
    while (!happens()) {
      assert.ok(clock.monotonicMs() - from < 60_000, 'it does not happen');
      await clock.advance(50);
    }
    return clock.monotonicMs() - from;
  };
  return { ...bench, candidates, leaders, leader, start, until, db: bench.context.db };
}

function silenceable(db: Database, store: { answers: boolean }): Database {
  const silence = new Promise<never>(() => undefined);
  return {
    dialect: db.dialect,
    query: (sql, params) => (store.answers ? db.query(sql, params) : silence),
    transaction: (work, options) => (store.answers ? db.transaction(work, options) : silence),
    close: () => db.close(),
  };
}

test('a lone master leads at once, and its term is recorded, told and counted', async (t) => {
  const { start, db, clock } = await setup(t, 1);
  const { elector, context } = await start();
  assert.ok(elector.trusted);
  assert.equal(elector.term?.term, 1);
  assert.equal((await termRead(db)).masterId, context.masterId);
  const [election] = await electionsList(db, 10);
  assert.deepEqual([election?.term, election?.masterId, election?.until], [1, context.masterId, null]);
  const events = await db.query<{ action: string }>(`select action from event where action like 'leader.%'`);
  assert.deepEqual(events, [{ action: 'leader.elect' }]);
  await clock.advance(60_000);
  assert.equal(elector.term?.term, 1, 'it stays');
  assert.ok(elector.trusted);
});

test('of three masters one leads, and when it stops another one does within a second', async (t) => {
  const { start, leaders, until, db } = await setup(t, 3);
  const first = await start();
  const stopped = first.elector.stop();
  assert.ok((await until(() => leaders().some((one) => one !== first))) <= 1000);
  await stopped;
  const [second, before] = await electionsList(db, 10);
  assert.deepEqual([second?.term, before?.reason], [2, 'stopped']);
});

test('a leader that dies is followed within four seconds', async (t) => {
  const { start, leaders, until } = await setup(t, 3);
  const dead = await start();
  dead.store.answers = false;
  dead.connection.mode = 'silent';
  assert.ok((await until(() => leaders().some((one) => one !== dead))) <= 4000);
  assert.equal(dead.elector.trusted, false, 'it trusts itself no longer than others wait');
});

test('an outage of the coordinator changes nothing: the leader goes on, untrusted, and is trusted again afterwards', async (t) => {
  const { start, candidates, clock, leader, db } = await setup(t, 3);
  const { elector } = await start();
  const term = elector.term ?? assert.fail();
  for (const { connection } of candidates) connection.mode = 'broken';
  await clock.advance(120_000);
  assert.deepEqual(leader().elector.term, term);
  assert.equal(elector.trusted, false);
  assert.deepEqual([elector.view.standing, elector.view.trouble], ['until-fenced', 'broken']);
  await db.transaction((tx) => asLeader(tx, term));
  for (const { connection } of candidates) connection.mode = 'well';
  await clock.advance(5000);
  assert.ok(leader().elector.trusted);
});

test('a leader that alone cannot reach the coordinator is fenced by the one that follows it', async (t) => {
  const { start, leaders, until, leader, db } = await setup(t, 3);
  const old = await start();
  const term = old.elector.term ?? assert.fail();
  old.connection.mode = 'silent';
  await until(() => leaders().some((one) => one !== old));
  await assert.rejects(
    db.transaction((tx) => asLeader(tx, term)),
    Deposed,
  );
  await until(() => old.elector.term === null);
  assert.notEqual(leader(), old);
  assert.equal((await electionsList(db, 10)).find((one) => one.term === term.term)?.reason, 'superseded');
});

test('a leader whose words arrive but which hears no answer keeps no lease: another one follows', async (t) => {
  const { start, leaders, until, clock, leader } = await setup(t, 3);
  const old = await start();
  old.connection.mode = 'deaf';
  const tookMs = await until(() => leaders().some((one) => one !== old));
  assert.ok(tookMs <= 5000, `${tookMs} ms`);
  await until(() => old.elector.term === null);
  old.connection.mode = 'well';
  const { term } = leader().elector;
  await clock.advance(10_000);
  assert.equal(leader().elector.term, term);
});

test('a leader that missed one answer makes sure that it has its lease, and keeps it', async (t) => {
  const { start, clock, leader } = await setup(t, 3);
  const { elector, connection } = await start();
  const { term } = elector;
  for (let round = 0; round < 10; round += 1) {
    connection.mode = 'deaf';
    await clock.advance(1000);
    connection.mode = 'well';
    await clock.advance(1500);
    assert.ok(leader().elector.trusted);
  }
  assert.equal(elector.term, term);
});

test('a master that cannot reach the store for three seconds resigns, and stays away until it can', async (t) => {
  const { start, leaders, until, clock, candidates } = await setup(t, 2);
  const cut = await start();
  cut.store.answers = false;
  const tookMs = await until(() => leaders().some((one) => one !== cut));
  assert.ok(tookMs >= 2000 && tookMs <= 5000, `${tookMs} ms`);
  assert.equal(cut.elector.term, null);
  const other = candidates.find((one) => one !== cut) ?? assert.fail();
  await other.elector.stop();
  await clock.advance(30_000);
  assert.equal(leaders().length, 0, 'whoever cannot reach the store does not even stand');
  cut.store.answers = true;
  await until(() => cut.elector.term !== null);
});

test('a grant whose answer was lost does not keep its own master from leading', async (t) => {
  const { candidates, until, clock } = await setup(t, 1);
  const [only] = candidates;
  assert.ok(only);
  only.connection.mode = 'deaf';
  await only.elector.start();
  await clock.advance(5000);
  assert.equal(only.elector.term, null);
  only.connection.mode = 'well';
  assert.ok((await until(() => only.elector.term !== null)) <= 2000);
});

test('a term whose recording has no known outcome is read back', async (t) => {
  const bench = await openBench();
  const real = bench.context.db;
  let lost = 0;
  const db: Database = {
    ...real,
    transaction: async (work) => {
      const value = await real.transaction(work);
      lost += 1;
      if (lost > 1) return value;
      throw new OutcomeUnknown('the answer was lost');
    },
  };
  const coordinator = new PretendCoordinator(bench.clock).connect();
  const elector = new Elector({ ...bench.context, db, coordinator });
  await elector.start();
  await bench.clock.advance(1000);
  assert.equal(elector.term?.term, 1);
  assert.equal((await electionsList(real, 10)).length, 1);
  t.after(async () => {
    const stopping = elector.stop();
    await bench.clock.advance(5000);
    await stopping;
    await bench.close();
  });
});

test('a token that is not larger than the last one begins no term, but one of another origin does', async (t) => {
  const { db, context } = await setup(t, 0);
  const begin = (origin: string, token: number): Promise<Term | null> =>
    db.transaction((tx) => termBegin(tx, context.identity, { masterId: seedId(), address: 'http://a', origin, token }));
  assert.equal((await begin('etcd:1', 500))?.term, 1);
  assert.equal(await begin('etcd:1', 500), null);
  assert.equal(await begin('etcd:1', 499), null);
  assert.equal((await begin('store', 3))?.term, 2);
  assert.equal((await begin('etcd:1', 501))?.term, 3);
});

test('who steps down lets others go first, and a named successor before all of them', async (t) => {
  const { start, leader, until, leaders, candidates, clock, db } = await setup(t, 3);
  const first = await start();
  assert.equal(await first.elector.stepDown(), true);
  assert.equal(await first.elector.stepDown(), false);
  assert.ok((await until(() => leaders().length === 1)) <= 1000);
  const second = leader();
  assert.notEqual(second, first);
  await clock.advance(10_000);
  const heir = candidates.find((one) => one !== first && one !== second) ?? assert.fail();
  await second.elector.stepDown(heir.context.masterId);
  assert.ok((await until(() => leaders().length === 1)) <= 1000);
  assert.equal(leader(), heir);
  assert.deepEqual(
    (await electionsList(db, 10)).map(({ reason }) => reason),
    [null, 'transferred', 'stepped-down'],
  );
});

test('lease rows elect like any other coordinator, without signals within six seconds', async (t) => {
  const bench = await openBench();
  const signals = { publish: () => undefined, subscribe: () => () => undefined, close: () => Promise.resolve() };
  const electors = [1, 2].map(() => {
    const coordinator = leaseRows({ db: bench.context.db, signals });
    return new Elector({ ...bench.context, masterId: seedId(), coordinator });
  });
  for (const elector of electors) await elector.start();
  await bench.clock.advance(3000);
  const first = electors.find(({ term }) => term !== null) ?? assert.fail();
  const second = electors.find((one) => one !== first) ?? assert.fail();
  await first.stop();
  let waited = 0;
  for (; second.term === null; waited += 100) await bench.clock.advance(100);
  assert.ok(waited <= 6000, `${waited} ms`);
  t.after(async () => {
    await second.stop();
    await bench.close();
  });
});
