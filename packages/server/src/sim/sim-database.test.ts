import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { ConstraintViolated, OutcomeUnknown, StoreUnavailable, type Tx } from '../ports/database.ts';
import { Random } from './random.ts';
import { SimDatabase } from './sim-database.ts';
import { SimProcess } from './sim-process.ts';
import { calmStore, type StoreMix, StoreServer } from './store-server.ts';
import { copyStore, putBack } from './store-copy.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

async function setup(mix: Partial<StoreMix> = {}) {
  const time = new VirtualTime(new Random(1), new Trace());
  const real = openSqlite({ path: ':memory:', nowMs: () => 1_000_000 + time.now });
  await real.query('create table item (id integer not null primary key)');
  const server = new StoreServer(real, time, new Random(2), { ...calmStore, ...mix });
  const process = (name: string): SimProcess => {
    const one = new SimProcess(name, time, new Random(3), 0, { rate: 1, wallSkewMs: 0 });
    one.start();
    return one;
  };
  const first = process('first');
  const second = process('second');
  const stored = async (): Promise<number[]> =>
    (await real.query<{ id: number }>('select id from item order by id')).map((row) => row.id);
  return {
    time,
    server,
    first,
    second,
    db: new SimDatabase(server, first),
    other: new SimDatabase(server, second),
    stored,
  };
}

type Settled = 'pending' | 'done' | Error;

function watch(promise: Promise<unknown>): { state: Settled } {
  const watched: { state: Settled } = { state: 'pending' };
  promise.then(
    () => {
      watched.state = 'done';
    },
    (error: Error) => {
      watched.state = error;
    },
  );
  return watched;
}

const insert = (id: number) => (tx: Tx) => tx.query('insert into item (id) values ($1)', [id]);

test('a transaction takes virtual time, commits, and its answer comes after', async () => {
  const { time, db, stored } = await setup({ latencyMs: [10, 10] });
  const watched = watch(db.transaction(insert(1)));
  // Begin arrives at 10, is told at 20, the insert arrives at 30, is told at 40, COMMIT arrives at 50, is told at 60.
  await time.run(55);
  assert.deepEqual([watched.state, await stored()], ['pending', [1]]);
  await time.run(100);
  assert.equal(watched.state, 'done');
});

test('an answer that is lost leaves the caller without knowledge, whether the commit was done or not', async () => {
  for (const [mix, expected] of [
    [{ doneUnheard: 1 }, [1]],
    [{ undoneUnheard: 1 }, []],
  ] as const) {
    const { time, db, stored } = await setup(mix);
    const transaction = watch(db.transaction(insert(1)));
    await time.run(10_000);
    assert.ok(transaction.state instanceof OutcomeUnknown);
    assert.deepEqual(await stored(), expected);
    const single = watch(db.query('insert into item (id) values (2)'));
    await time.run(20_000);
    assert.ok(single.state instanceof OutcomeUnknown);
    assert.equal((await stored()).includes(2), expected.length > 0);
  }
});

test("a deadlock's victim is rolled back and run again, a bounded number of times", async () => {
  const { time, db, stored } = await setup({ deadlock: 1 });
  let runs = 0;
  const watched = watch(
    db.transaction((tx) => {
      runs += 1;
      return insert(runs)(tx);
    }),
  );
  await time.run(1000);
  assert.deepEqual([watched.state, runs, await stored()], ['done', 4, [4]]);
});

test('a process that dies within its transaction leaves nothing, and the next one gets its turn', async () => {
  const { time, first, db, other, stored } = await setup({ latencyMs: [5, 5] });
  const dead = watch(
    db.transaction(async (tx) => {
      await insert(1)(tx);
      await insert(2)(tx);
    }),
  );
  const waiting = watch(other.transaction(insert(3)));
  time.after(21, 'crash', () => first.crash());
  await time.run(5000);
  assert.deepEqual([dead.state, waiting.state, await stored()], ['pending', 'done', [3]]);
});

test('a process that dies when its COMMIT is on the way has committed', async () => {
  const { time, first, db, stored } = await setup({ latencyMs: [5, 5] });
  void db.transaction(insert(1));
  // Begin arrives at 5, is told at 10, the insert arrives at 15, is told at 20, COMMIT arrives at 25.
  time.after(22, 'crash', () => first.crash());
  await time.run(1000);
  assert.deepEqual(await stored(), [1]);
});

test('a paused process loses its transaction to the idle limit and learns of it when it wakes', async () => {
  const { time, first, db, other, stored } = await setup({ latencyMs: [5, 5], idleMs: [1000, 1000] });
  const paused = watch(
    db.transaction(async (tx) => {
      await insert(1)(tx);
      await insert(2)(tx);
    }),
  );
  const waiting = watch(other.transaction(insert(3)));
  time.after(12, 'pause', () => first.pause());
  time.after(8000, 'resume', () => first.resume());
  await time.run(7000);
  assert.deepEqual([paused.state, waiting.state, await stored()], ['pending', 'done', [3]]);
  await time.run(20_000);
  assert.ok(paused.state instanceof StoreUnavailable);
  assert.deepEqual(await stored(), [3]);
});

test('a process that is cut off from the store is refused, others are not', async () => {
  const { time, server, first, db, other, stored } = await setup();
  server.cutOff(first, 1000);
  const refused = watch(db.transaction(insert(1)));
  const served = watch(other.transaction(insert(2)));
  await time.run(900);
  assert.ok(refused.state instanceof StoreUnavailable || refused.state === 'pending');
  assert.deepEqual([served.state, await stored()], ['done', [2]]);
  await time.run(5000);
  assert.ok(refused.state instanceof StoreUnavailable);
  const later = watch(db.transaction(insert(3)));
  await time.run(6000);
  assert.equal(later.state, 'done');
});

test('when another server takes over, what was open or waits is lost, and everybody hears of it before anything is done there', async () => {
  const { time, server, db, other, stored } = await setup({ latencyMs: [5, 5] });
  const told: number[] = [];
  db.history.watch(({ timeline }, before) => void told.push(before.timeline, timeline));
  const open = watch(db.transaction(insert(1)));
  const waiting = watch(other.transaction(insert(2)));
  time.after(17, 'fail-over', () => void server.takeOver(() => Promise.resolve()));
  await time.run(2000);
  assert.ok(open.state instanceof StoreUnavailable || open.state instanceof OutcomeUnknown);
  assert.ok(waiting.state instanceof StoreUnavailable);
  assert.deepEqual([told, await stored()], [[], []]);
  const late = watch(db.transaction(insert(3)));
  await time.run(4000);
  assert.ok(late.state instanceof StoreUnavailable, 'its connection was one to the old server');
  assert.deepEqual(told, [1, 2]);
  const again = watch(db.transaction(insert(4)));
  await time.run(6000);
  assert.deepEqual([again.state, await stored()], ['done', [4]]);
});

test('a copy that is put back takes everything along that happened since', async () => {
  const { server, stored } = await setup();
  await server.real.query('create table sim_history (seq integer primary key)');
  const add = (id: number) => server.real.query('insert into item (id) values ($1)', [id]);
  await add(1);
  const copy = await copyStore(server.real);
  await add(2);
  await putBack(server.real, copy);
  assert.deepEqual(await stored(), [1]);
});

test('after a failed statement a transaction takes no other, as in PostgreSQL', async () => {
  const { time, db, stored } = await setup();
  await Promise.all([db.query('insert into item (id) values (1)'), time.run(100)]);
  let inside: unknown;
  const watched = watch(
    db.transaction(async (tx) => {
      await insert(1)(tx).catch(() => undefined);
      await insert(2)(tx).catch((error: unknown) => {
        inside = error;
        throw error;
      });
    }),
  );
  const plain = watch(db.transaction(insert(1)));
  await time.run(1000);
  assert.match(String(inside), /aborted/);
  assert.match(String(watched.state), /aborted/);
  assert.ok(plain.state instanceof ConstraintViolated);
  assert.deepEqual(await stored(), [1]);
});
