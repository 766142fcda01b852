// Terms on both engines: what the tests of elections show of decisions, this shows of the statements and their locks.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { serverLimits } from '../core/limits.ts';
import type { Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { electionsPage, mastersView, storeFacts } from './cluster-views.ts';
import { migrate } from './migrate.ts';
import { masterRenew } from './sessions.ts';
import { asLeader, Deposed, electionsList, type Term, termBegin, termEnd, termRead } from './terms.ts';

interface Opened {
  db: Database;
  close(): Promise<void>;
}

async function openPg(): Promise<Opened> {
  const database = await createDatabase();
  const shared = { clock: systemClock, identity: systemIdentity, log: silentLog };
  const db = await openPostgres({ ...shared, url: database.url, poolSize: 4 });
  const close = async (): Promise<void> => {
    await db.close();
    await database.drop();
  };
  return { db, close };
}

function openLite(): Promise<Opened> {
  const db = openSqlite({ path: ':memory:', nowMs: () => systemClock.wallMs() });
  return Promise.resolve({ db, close: () => db.close() });
}

let token = 0;
function begin(db: Database, masterId = systemIdentity.next()): Promise<Term | null> {
  token += 1;
  const candidate = { masterId, address: 'http://a', origin: 'store', token };
  return db.transaction((tx) => termBegin(tx, systemIdentity, candidate));
}

async function begun(db: Database): Promise<Term> {
  return (await begin(db)) ?? assert.fail('no term began');
}

function tests(open: () => Promise<Opened>): void {
  let opened: Opened;
  let db: Database;
  before(async () => {
    opened = await open();
    db = opened.db;
    await migrate(db);
  });
  after(() => opened.close());

  test('writes of the newest term pass, those of an older or ended one are refused whole', async () => {
    const old = await begun(db);
    await db.transaction((tx) => asLeader(tx, old));
    const next = await begun(db);
    assert.equal(next.term, old.term + 1);
    const write = (term: Term) =>
      db.transaction(async (tx) => {
        await asLeader(tx, term);
        await tx.query('insert into meta (key, value) values ($1, $2)', [`of ${term.term}`, '']);
      });
    await assert.rejects(write(old), Deposed);
    await write(next);
    await assert.rejects(write({ ...next, token: next.token - 1 }), Deposed);
    await db.transaction((tx) => termEnd(tx, systemIdentity, next, { reason: 'stopped' }));
    await assert.rejects(
      db.transaction((tx) => asLeader(tx, next)),
      Deposed,
    );
    assert.deepEqual(await db.query(`select key from meta where key like 'of %'`), [{ key: `of ${next.term}` }]);
    assert.equal((await termRead(db)).masterId, null);
  });

  test('ending a term twice, or one that is over, changes nothing', async () => {
    const first = await begun(db);
    await db.transaction((tx) => termEnd(tx, systemIdentity, first, { reason: 'stepped-down' }));
    const second = await begun(db);
    await db.transaction((tx) => termEnd(tx, systemIdentity, first, { reason: 'fenced' }));
    assert.equal((await termRead(db)).masterId, second.masterId);
    const [, ended] = await electionsList(db, 2);
    assert.equal(ended?.reason, 'stepped-down');
  });

  test('the history is bounded, and read in pages from the newest on', async () => {
    for (let round = 0; round < serverLimits.electionsKept + 5; round += 1) await begun(db);
    const kept = await db.query<{ count: number }>('select count(*) as count from election');
    assert.equal(kept[0]?.count, serverLimits.electionsKept);
    const { term } = await termRead(db);
    const first = await electionsPage(db, null, 2);
    const second = await electionsPage(db, first.next, serverLimits.electionsKept);
    assert.deepEqual(
      first.items.map((one) => one.term),
      [term, term - 1],
    );
    assert.deepEqual([second.items[0]?.term, second.items.length, second.next], [term - 2, 198, null]);
  });

  test('masters are seen with what they say of themselves, the store with its role', async () => {
    const self = { id: systemIdentity.next(), address: 'http://a', version: '1' };
    await masterRenew(db, { ...self, stats: { firesPerSecond: 2.5, storeMs: 1 }, wallMs: 0 }, 15_000);
    await masterRenew(db, { ...self, stats: { firesPerSecond: 3.5, storeMs: 1 }, wallMs: 0 }, 15_000);
    const [master, ...others] = await mastersView(db);
    assert.equal(others.length, 0);
    assert.deepEqual([master?.id, master?.firesPerSecond, master?.sessions], [self.id, 3.5, 0]);
    assert.ok(master !== undefined && master.silentMs >= 0 && master.silentMs < 15_000);
    const store = await storeFacts(db);
    assert.deepEqual([store.role, store.replicas], [db.dialect.engine === 'sqlite' ? 'single' : 'primary', []]);
  });
}

describe('terms on SQLite', { timeout: 60_000 }, () => tests(openLite));
describe('terms on PostgreSQL', { timeout: 60_000 }, () => {
  tests(openPg);

  test('a new term waits for a write of the old one, and one that hangs is ended', async () => {
    const { db, close } = await openPg();
    await migrate(db);
    const old = await begun(db);
    const order: string[] = [];
    const { promise: written, resolve: wrote } = Promise.withResolvers<void>();
    const holding = Promise.withResolvers<void>();
    const write = db.transaction(async (tx) => {
      await asLeader(tx, old);
      wrote();
      await holding.promise;
      order.push('old write');
    });
    await written;
    const next = begin(db).then((term) => {
      order.push('new term');
      return term;
    });
    holding.resolve();
    await write;
    assert.ok(await next);
    assert.deepEqual(order, ['old write', 'new term']);

    const current = await begun(db);
    const hung = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const never = db.transaction(async (tx) => {
      await asLeader(tx, current);
      locked.resolve();
      await hung.promise;
      await tx.query('select 1 as one');
    });
    const refused = assert.rejects(never);
    await locked.promise;
    const startedMs = performance.now();
    assert.ok(await begin(db));
    const waitedMs = performance.now() - startedMs;
    assert.ok(waitedMs > 1000 && waitedMs < 4000, `${waitedMs} ms`);
    hung.resolve();
    await refused;
    await close();
  });
});
