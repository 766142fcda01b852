// A standby of the store is promoted: terms end with the timeline, what workers hold is adopted, what was acknowledged is there when commits
// waited for the standby, and what the cluster says of its durability is true. On two servers of PostgreSQL that stream.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { type PostgresCluster, startPostgres } from '../../../../test/support/postgres.ts';
import { durabilityFault, durabilityOf, rpoText } from '../core/durability.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Database } from '../ports/database.ts';
import { silentLog } from '../ports/log.ts';
import { storeFacts } from './cluster-views.ts';
import { migrate } from './migrate.ts';
import { type HeldRun, runsAdopt } from './runs-adopt.ts';
import { runsInsert } from './runs-submit.ts';
import { asLeader, Deposed, electionsList, termBegin, termRead } from './terms.ts';
import { newRun, seedJob, seedSession } from './testing/seed.ts';

const shared = { clock: systemClock, identity: systemIdentity, log: silentLog, poolSize: 4 };
const standbyName = 'two';

let one: PostgresCluster;
let two: PostgresCluster;
let db: Database;

async function admin(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: '-c synchronous_commit=local' });
  await client.connect();
  for (const sql of statements) await client.query(sql);
  await client.end();
}

function waitFor(standby: string): Promise<void> {
  return admin(
    one.url,
    `alter system set synchronous_standby_names = '${standby}'`,
    `alter system set wal_sender_timeout = '3s'`,
    'select pg_reload_conf()',
  );
}

/** As soon as the store says so; a deadline of the test fails it. */
async function saidOnce(mode: string): Promise<{ rpo: string; fault: string | null }> {
  for (;;) {
    const facts = await storeFacts(db);
    const now = durabilityOf(facts.replication, 'synchronous');
    if (now.mode === mode) return { rpo: rpoText(now), fault: durabilityFault(now) };
  }
}

const term = (token: number, masterId = systemIdentity.next()) =>
  db.transaction((tx) => termBegin(tx, systemIdentity, { masterId, address: 'http://a', origin: 'store', token }));

describe('a store whose standby is promoted', { timeout: 240_000 }, () => {
  before(async () => {
    one = await startPostgres();
    two = await startPostgres({ standbyOf: { cluster: one, name: standbyName } });
    const { host } = new URL(two.url);
    db = await openPostgres({
      ...shared,
      url: one.url.replace(new URL(one.url).host, `${new URL(one.url).host},${host}`),
    });
    await migrate(db);
  });
  after(async () => {
    await db.close();
    await two.stop();
    await one.stop();
  });

  test('what the loss of the primary would cost is told as it is', async () => {
    const asynchronous = await saidOnce('asynchronous');
    assert.match(asynchronous.rpo, /^up to \d+\.\d s \(\d+ bytes\), asynchronous$/);
    assert.match(asynchronous.fault ?? '', /without a standby/);
    await waitFor(standbyName);
    assert.deepEqual(await saidOnce('synchronous'), { rpo: '0: synchronous to one standby', fault: null });
    const facts = await storeFacts(db);
    assert.deepEqual([facts.role, facts.timeline], ['primary', 1]);
    assert.ok((facts.connectionsAllowed ?? 0) > 100);
    await two.kill();
    const blocked = await saidOnce('blocked');
    assert.match(blocked.fault ?? '', /they wait until one is/);
    await two.restart();
    await saidOnce('synchronous');
  });

  test('a term ends with the timeline, a run whose claim was lost goes to who holds it, and what was acknowledged is there', async () => {
    const worker = await seedSession(db, systemIdentity.next(), 600_000);
    const run = newRun(await seedJob(db));
    await db.transaction((tx) => runsInsert(tx, [run]));
    const old = await term(1);
    assert.ok(old !== null);
    await db.transaction((tx) => asLeader(tx, old));
    await one.kill();
    await admin(
      two.url,
      `alter system set synchronous_standby_names = ''`,
      'select pg_reload_conf()',
      'select pg_promote()',
    );
    for (;;) {
      const recorded = await termRead(db).catch(() => null);
      if (recorded?.holds === false) {
        assert.deepEqual([recorded.term, recorded.masterId], [old.term, old.masterId]);
        break;
      }
    }
    await assert.rejects(
      db.transaction((tx) => asLeader(tx, old)),
      Deposed,
    );
    const next = await term(2, old.masterId);
    assert.ok(next !== null && next.term === old.term + 1);
    await db.transaction((tx) => asLeader(tx, next));
    assert.deepEqual(
      (await electionsList(db, 2)).map(({ term: number, timeline }) => [number, timeline]),
      [
        [next.term, 2],
        [old.term, 1],
      ],
    );
    // The claim was made on the old primary and never reached the new one: there the run waits as before.
    const held: HeldRun = { runId: run.id, attempt: 1, attemptId: systemIdentity.random(), sessionId: worker };
    const adopt = (one: HeldRun) => db.transaction((tx) => runsAdopt(tx, [one]));
    assert.deepEqual(await adopt({ ...held, sessionId: systemIdentity.next() }), []);
    assert.deepEqual(await adopt(held), [held.attemptId]);
    assert.deepEqual(await adopt({ ...held, attemptId: systemIdentity.random() }), []);
    assert.deepEqual(
      await db.query(
        'select state, attempt, attempt_id as "attemptId", session_id as "sessionId" from run where id = $1',
        [run.id],
      ),
      [{ state: 'running', attempt: 1, attemptId: held.attemptId, sessionId: worker }],
    );
  });
});
