// The store over several servers of PostgreSQL, of which one is the primary: it is found by its own answer, followed when another one is
// promoted, and what has fallen silent is given up within five seconds.

import assert from 'node:assert/strict';
import test, { after, describe } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { TcpProxy } from '../../../../../test/faults/tcp-proxy.ts';
import { type PostgresCluster, startPostgres } from '../../../../../test/support/postgres.ts';
import { openStore } from '../../compose.ts';
import { type Database, OutcomeUnknown, StoreUnavailable } from '../../ports/database.ts';
import { silentLog } from '../../ports/log.ts';
import { type Lineage, sameTimeline } from '../../ports/store-history.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { openPostgres } from './database.ts';
import { cuttingProxy } from './testing/cutting-proxy.ts';
import { admin, caughtUp, together } from './testing/several-servers.ts';

const world = { clock: systemClock, identity: systemIdentity, log: silentLog };
const insert = 'insert into note (id) values ($1)';
const silenceFoundMs = 5000;

function portOf(url: string): number {
  return Number(new URL(url).port);
}

interface Pair {
  readonly one: PostgresCluster;
  readonly two: PostgresCluster;
  readonly stop: () => Promise<void>;
}

async function startPair(): Promise<Pair> {
  const one = await startPostgres();
  const two = await startPostgres({ standbyOf: { cluster: one, name: 'two' } });
  return {
    one,
    two,
    stop: async () => {
      await two.stop();
      await one.stop();
    },
  };
}

let lasting: Promise<Pair> | undefined;

interface Bench extends Pair {
  open(url?: string): Promise<Database>;
}

/** `promotes`: the pair is this test's own; else it is as before afterwards, but for its databases. */
async function withPair(use: (bench: Bench) => Promise<void>, { promotes }: { promotes: boolean }): Promise<void> {
  lasting ??= promotes ? undefined : startPair();
  const pair = await (promotes ? startPair() : (lasting ?? startPair()));
  const opened: Database[] = [];
  try {
    const open = async (url = together(pair.one.url, pair.two.url)): Promise<Database> => {
      const db = await openPostgres({ url, ...world });
      opened.push(db);
      return db;
    };
    await use({ ...pair, open });
  } finally {
    for (const db of opened) await db.close();
    if (promotes) await pair.stop();
  }
}

/** Tried again until the store takes it; how often it was unknown whether it did. */
async function insist(db: Database, id: number): Promise<void> {
  for (;;) {
    try {
      await db.query(`${insert} on conflict do nothing`, [id]);
      return;
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable || error instanceof OutcomeUnknown, String(error));
    }
  }
}

after(async () => (await lasting)?.stop());

describe('a store on several servers', { timeout: 300_000 }, () => {
  test('the primary is found among its standbys, in whatever order they are named', () =>
    withPair(
      async ({ one, two, open }) => {
        const db = await open(together(two.url, one.url));
        await db.query('create table note (id integer not null primary key)');
        await db.query(insert, [1]);
        assert.deepEqual(await admin(one.url, 'select id from note'), [{ id: 1 }]);
        assert.equal(db.history?.lineage?.timeline, 1);
      },
      { promotes: false },
    ));

  test('after a promotion writes go to the new primary, listeners hear of the timeline, and the old one is not taken again', () =>
    withPair(
      async ({ one, two, open }) => {
        const db = await open();
        const heard: [Lineage, Lineage][] = [];
        db.history?.watch((now, before) => heard.push([now, before]));
        await db.query('create table note (id integer not null primary key)');
        await db.query(insert, [1]);
        await caughtUp(one);
        await one.kill();
        await admin(two.url, 'select pg_promote()');
        await insist(db, 2);
        assert.deepEqual(await admin(two.url, 'select id from note order by id'), [{ id: 1 }, { id: 2 }]);
        const [now, before] = heard[0] ?? [];
        assert.ok(now !== undefined && before !== undefined && heard.length === 1);
        assert.deepEqual([before.timeline, now.timeline, sameTimeline(now, before)], [1, 2, false]);
        assert.equal(now.systemId, before.systemId);
        // The old primary comes back and does not know that it is none.
        await one.restart();
        await two.kill();
        for (let why = ''; !/old primary: it is at timeline 1, and 2 has begun/.test(why); ) {
          const asking = db.query('select 1 as one').then(
            () => assert.fail('the old primary has answered'),
            (error: unknown) => error,
          );
          const error = await asking;
          assert.ok(error instanceof StoreUnavailable, String(error));
          why = error.message;
        }
        await two.restart();
        await insist(db, 3);
        assert.deepEqual(await admin(one.url, 'select id from note where id = 3'), []);
      },
      { promotes: true },
    ));

  test('a primary that goes silent is given up within five seconds, and another one is found', () =>
    withPair(
      async ({ one, two, open }) => {
        const proxy = await TcpProxy.open({ host: '127.0.0.1', port: portOf(one.url) });
        try {
          const through = new URL(one.url);
          through.port = String(proxy.port);
          const db = await open(together(through.href, two.url));
          await db.query('create table note (id integer not null primary key)');
          await caughtUp(one);
          proxy.set({ silent: ['toServer', 'toClient'] });
          const began = performance.now();
          await assert.rejects(db.query(insert, [1]), OutcomeUnknown);
          const tookMs = performance.now() - began;
          assert.ok(tookMs < silenceFoundMs, `${tookMs} ms`);
          await admin(two.url, 'select pg_promote()');
          await insist(db, 2);
          assert.deepEqual(await admin(two.url, 'select id from note'), [{ id: 2 }]);
        } finally {
          await proxy.close();
        }
      },
      { promotes: true },
    ));

  test('one connection that is half-open is given up within five seconds, while a slow statement beside it goes on', () =>
    withPair(
      async ({ one, open }) => {
        const proxy = await cuttingProxy(one.url);
        try {
          const db = await open(proxy.url);
          await db.query('create table note_half (id integer not null primary key)');
          const slow = db.query('select pg_sleep(7) is not null as slept');
          void proxy.cutAt('commit\0', 'silence');
          const began = performance.now();
          await assert.rejects(
            db.transaction((tx) => tx.query('insert into note_half (id) values (1)')),
            OutcomeUnknown,
          );
          const tookMs = performance.now() - began;
          assert.ok(tookMs < silenceFoundMs, `${tookMs} ms`);
          assert.deepEqual(await db.query('select id from note_half'), [{ id: 1 }]);
          assert.deepEqual(await slow, [{ slept: 1 }]);
        } finally {
          await proxy.close();
        }
      },
      { promotes: false },
    ));

  test('standbys alone are refused by their code, and so is one that is named alone', () =>
    withPair(
      async ({ two }) => {
        await assert.rejects(
          openStore({ engine: 'postgres', url: two.url, poolSize: 2 }, silentLog),
          (error) =>
            error instanceof Refusal && error.code === 'STORE_IS_REPLICA' && /is a standby/.test(error.message),
        );
      },
      { promotes: false },
    ));

  test('primaries of different databases in one URL are refused', () =>
    withPair(
      async ({ one }) => {
        const other = await startPostgres();
        try {
          const url = one.url.replace(`:${portOf(one.url)}`, `:${portOf(one.url)},127.0.0.1:${portOf(other.url)}`);
          // Both let us in: only then they can be compared.
          const { password } = new URL(one.url);
          await admin(other.url, `alter role postgres password '${password}'`);
          await assert.rejects(
            openStore({ engine: 'postgres', url, poolSize: 2 }, silentLog),
            (error) => error instanceof Refusal && error.code === 'STORE_OTHER_CLUSTER',
          );
        } finally {
          await other.stop();
        }
      },
      { promotes: false },
    ));

  test('a server with the data of another cluster is refused while a master runs, and nothing is written to it', async () => {
    const one = await startPostgres();
    const other = await startPostgres();
    const proxy = await TcpProxy.open({ host: '127.0.0.1', port: portOf(one.url) });
    try {
      const { password } = new URL(one.url);
      await admin(other.url, `alter role postgres password '${password}'`);
      const otherUrl = `postgres://postgres:${password}@127.0.0.1:${portOf(other.url)}/postgres`;
      await (await openStore({ engine: 'postgres', url: otherUrl, poolSize: 2 }, silentLog)).close();
      const url = new URL(one.url);
      url.port = String(proxy.port);
      const store = await openStore({ engine: 'postgres', url: url.href, poolSize: 2 }, silentLog);
      proxy.lead({ host: '127.0.0.1', port: portOf(other.url) });
      proxy.reset();
      const refused = async (): Promise<string> => {
        for (;;) {
          try {
            await store.db.query(`insert into meta (key, value) values ('astray', '')`);
            return 'written';
          } catch (error) {
            if (error instanceof StoreUnavailable && error.code === 'STORE_OTHER_CLUSTER') return error.message;
          }
        }
      };
      assert.match(await refused(), /holds the data of the cluster .*; this is the cluster/);
      assert.deepEqual(await admin(otherUrl, `select key from meta where key = 'astray'`), []);
      await store.close();
    } finally {
      await proxy.close();
      await other.stop();
      await one.stop();
    }
  });
});
