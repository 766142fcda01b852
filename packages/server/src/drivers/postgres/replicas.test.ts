// Reads from real standbys that stream: which of them are read from while they are paused, stopped, promoted.

import assert from 'node:assert/strict';
import test, { after, describe } from 'node:test';
import { type PostgresCluster, startPostgres } from '../../../../../test/support/postgres.ts';
import { type Change } from '../../core/change.ts';
import { storeUrls } from '../../core/store-address.ts';
import { type Database, StoreUnavailable } from '../../ports/database.ts';
import { silentLog } from '../../ports/log.ts';
import type { Reads, Replica } from '../../ports/reads.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { openPostgres } from './database.ts';
import { openReplicas } from './replicas.ts';
import { admin, caughtUp, together } from './testing/several-servers.ts';

const world = { clock: systemClock, identity: systemIdentity, log: silentLog };
const staleMs = 2000;

interface Bench {
  readonly one: PostgresCluster;
  readonly standbys: readonly [PostgresCluster, PostgresCluster];
  readonly db: Database;
  readonly reads: Reads;
  stop(): Promise<void>;
}

async function setup(): Promise<Bench> {
  const one = await startPostgres();
  const two = await startPostgres({ standbyOf: { cluster: one, name: 'two' } });
  const three = await startPostgres({ standbyOf: { cluster: one, name: 'three' } });
  const url = together(one.url, two.url, three.url);
  const db = await openPostgres({ url, ...world });
  const urls = storeUrls(url);
  assert.ok(typeof urls !== 'string');
  const reads = openReplicas({ db, urls, staleMs, poolSize: 3, ...world });
  await db.query('create table note (id integer not null primary key)');
  return {
    one,
    standbys: [two, three],
    db,
    reads,
    stop: async () => {
      await reads.close();
      await db.close();
      for (const cluster of [three, two, one]) await cluster.stop();
    },
  };
}

const nameOf = (cluster: PostgresCluster): string => `${new URL(cluster.url).host}/postgres`;
const troubleOf = (reads: Reads, cluster: PostgresCluster): string | null | undefined =>
  reads.replicas.find(({ name }) => name === nameOf(cluster))?.trouble;

/** Until it holds after a look at the replicas. Reads go on meanwhile, or they would be looked at seldom. */
async function until(reads: Reads, holds: () => boolean): Promise<void> {
  while (!holds()) {
    void reads.replica(null);
    await looked(reads);
  }
}

function looked(reads: Reads): Promise<void> {
  return new Promise((resolve) => {
    const unwatch = reads.watch(() => {
      unwatch();
      resolve();
    });
  });
}

const allServe = ({ reads, standbys }: Bench) =>
  until(reads, () => standbys.every((standby) => troubleOf(reads, standby) === null));

async function insert(db: Database, id: number): Promise<void> {
  await db.query('insert into note (id) values ($1)', [id]);
}

const notes = (replica: Replica | null) => replica?.query<{ id: number }>('select id from note order by id');

let lasting: Promise<Bench> | undefined;
const shared = (): Promise<Bench> => (lasting ??= setup());
after(async () => (await lasting)?.stop());

describe('reads from replicas', { timeout: 240_000 }, () => {
  test('reads go by turns to all replicas that are well, and never to the primary', async () => {
    const bench = await shared();
    const { reads, standbys, one } = bench;
    await allServe(bench);
    assert.equal(reads.replicas.length, 2, 'the primary is none of them');
    const wanted = standbys.map(nameOf);
    const names = new Set<string>();
    // On a machine that stands still for a moment nobody is fit.
    while (names.size < wanted.length) {
      await allServe(bench);
      const replica = await reads.replica(null);
      assert.ok(replica !== null && wanted.includes(replica.name));
      names.add(replica.name);
    }
    assert.equal(troubleOf(reads, one), undefined);
  });

  test('the least busy replica is read from', async () => {
    const bench = await shared();
    const { reads } = bench;
    await allServe(bench);
    const busy = await reads.replica(null);
    const slow = busy?.query('select pg_sleep(0.3)');
    for (let n = 0; n < 6; n += 1) assert.notEqual((await reads.replica(null))?.name, busy?.name);
    await slow;
  });

  test('while nothing is written replicas go on serving, however old their last transaction is', async () => {
    const bench = await shared();
    const { reads, standbys } = bench;
    await allServe(bench);
    const sinceMs = systemClock.monotonicMs();
    await until(reads, () => systemClock.monotonicMs() - sinceMs > 2.5 * staleMs);
    for (const standby of standbys) {
      assert.equal(troubleOf(reads, standby), null);
      const [{ old } = { old: 0 }] = await admin<{ old: number }>(
        standby.url,
        'select (extract(epoch from now() - pg_last_xact_replay_timestamp()) * 1000)::integer as old',
      );
      assert.ok(old > staleMs, `${old} ms`);
    }
  });

  test('a replica that lags is left out at the bound, and comes back when it has caught up', async () => {
    const bench = await shared();
    const { db, reads, standbys } = bench;
    const [two, three] = standbys;
    await allServe(bench);
    await admin(two.url, 'select pg_wal_replay_pause()');
    await insert(db, 1);
    const pausedMs = systemClock.monotonicMs();
    await until(reads, () => troubleOf(reads, two) === 'behind');
    const tookMs = systemClock.monotonicMs() - pausedMs;
    assert.ok(tookMs < 2 * staleMs, `${tookMs} ms`);
    for (let n = 0; n < 4; n += 1) assert.equal((await reads.replica(null))?.name, nameOf(three));
    await admin(two.url, 'select pg_wal_replay_resume()');
    await allServe(bench);
  });

  test('a change is read only from a replica that holds it, and from none while none does', async () => {
    const bench = await shared();
    const { db, reads, standbys } = bench;
    const [two, three] = standbys;
    await allServe(bench);
    await admin(two.url, 'select pg_wal_replay_pause()');
    await insert(db, 2);
    const change = await reads.change();
    await caughtUpTo(three, change);
    for (let n = 0; n < 4; n += 1) {
      const replica = await reads.replica(change);
      assert.equal(
        replica?.name,
        nameOf(three),
        'it is asked how far it is, though it was looked at before the change',
      );
      assert.ok((await notes(replica))?.some(({ id }) => id === 2));
    }
    await admin(three.url, 'select pg_wal_replay_pause()');
    await insert(db, 3);
    assert.equal(await reads.replica(await reads.change()), null);
    for (const standby of standbys) await admin(standby.url, 'select pg_wal_replay_resume()');
    await allServe(bench);
  });

  test('what one replica has shown is not read from one that does not hold it yet', async () => {
    const bench = await shared();
    const { db, reads, standbys } = bench;
    const [two, three] = standbys;
    await allServe(bench);
    await admin(two.url, 'select pg_wal_replay_pause()');
    await insert(db, 5);
    await caughtUpTo(three, await reads.change());
    const shown = [await reads.replica(null), await reads.replica(null)].find((one) => one?.name === nameOf(three));
    await notes(shown ?? null);
    const place = (await shown?.place()) ?? null;
    assert.ok(place !== null);
    for (let n = 0; n < 4; n += 1) assert.equal((await reads.replica(place))?.name, nameOf(three));
    await admin(two.url, 'select pg_wal_replay_resume()');
    await allServe(bench);
  });

  test('changes that are asked for at once share a question, but never one that was asked before', async () => {
    const bench = await shared();
    const { db, reads } = bench;
    const early = await reads.change();
    await insert(db, 4);
    const under = reads.change();
    const [later, latest] = await Promise.all([reads.change(), reads.change()]);
    assert.ok(later.position > early.position);
    assert.notEqual(later, await under);
    assert.equal(later, latest);
  });

  test('a change of another history, or one that could not be learned, is read from the primary', async () => {
    const bench = await shared();
    const { reads } = bench;
    await allServe(bench);
    const change = await reads.change();
    assert.equal(reads.current(change), true);
    for (const other of [
      { ...change, timeline: 9 },
      { ...change, systemId: '1' },
    ]) {
      assert.equal(reads.current(other), false);
      assert.equal(await reads.replica(other), null);
    }
  });

  test('a replica that is killed in the middle of a read fails it, is left out, and comes back when it runs again', async () => {
    const bench = await shared();
    const { reads, standbys } = bench;
    const [two, three] = standbys;
    await allServe(bench);
    const picked = await reads.replica(null);
    const victim = picked?.name === nameOf(two) ? two : three;
    const reading = picked?.query('select pg_sleep(60)');
    const failed = assert.rejects(reading ?? Promise.resolve(), StoreUnavailable);
    await victim.kill();
    await failed;
    await until(reads, () => troubleOf(reads, victim) === 'silent');
    assert.notEqual((await reads.replica(null))?.name, nameOf(victim));
    await victim.restart();
    await allServe(bench);
  });

  test('a replica that hangs is left out, and reads that wait for it fail', async () => {
    const bench = await shared();
    const { reads, standbys } = bench;
    await allServe(bench);
    const picked = await reads.replica(null);
    const victim = standbys.find((standby) => nameOf(standby) === picked?.name);
    assert.ok(picked !== null && victim !== undefined);
    // One connection is open already; its process is what stops.
    const [{ pid } = { pid: 0 }] = await picked.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pids = await admin<{ pid: number }>(
      victim.url,
      `select pid from pg_stat_activity where application_name in ('tidewheel read', 'tidewheel look')`,
    );
    assert.ok(pids.some((one) => one.pid === pid));
    for (const one of pids) process.kill(one.pid, 'SIGSTOP');
    try {
      await assert.rejects(picked.query('select 1 as one'), StoreUnavailable);
    } finally {
      for (const one of pids) process.kill(one.pid, 'SIGCONT');
    }
    await allServe(bench);
  });

  test('after a promotion the new primary is no replica, and one that does not follow it is left out', async () => {
    const bench = await setup();
    const { one, standbys, db, reads } = bench;
    const [two, three] = standbys;
    try {
      await allServe(bench);
      await insert(db, 1);
      const before = await reads.change();
      await caughtUp(one);
      await one.kill();
      await until(
        reads,
        () => troubleOf(reads, three) === 'not-streaming' || troubleOf(reads, three) === 'primary-silent',
      );
      assert.equal(await reads.replica(null), null);
      const left = reads.left(60_000);
      assert.ok(left !== null && left.ageMs > 0 && reads.left(0) === null);
      assert.deepEqual(await notes(left.replica), [{ id: 1 }]);
      await admin(two.url, 'select pg_promote()');
      await until(reads, () => troubleOf(reads, two) === undefined && !reads.current(before));
      assert.equal(await reads.replica(before), null);
      await until(reads, () => troubleOf(reads, three) === 'not-streaming');
      assert.equal(await reads.replica(null), null);
      const { port, password } = new URL(two.url);
      await admin(
        three.url,
        `alter system set primary_conninfo = 'host=127.0.0.1 port=${port} user=postgres password=${password}'`,
      );
      await admin(three.url, 'select pg_reload_conf()');
      await until(reads, () => troubleOf(reads, three) === null);
      await insert(db, 2);
      const change = await reads.change();
      assert.equal(change.timeline, before.timeline + 1);
      await caughtUpTo(three, change);
      assert.deepEqual(await notes(await reads.replica(change)), [{ id: 1 }, { id: 2 }]);
    } finally {
      await bench.stop();
    }
  });
});

async function caughtUpTo(standby: PostgresCluster, { position }: Change): Promise<void> {
  const sql = `select (pg_last_wal_replay_lsn() - '0/0')::text as position`;
  for (;;) {
    const [row] = await admin<{ position: string }>(standby.url, sql);
    if (row !== undefined && BigInt(row.position) >= position) return;
  }
}
