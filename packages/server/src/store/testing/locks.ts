// What locks of users promise, for every engine. Test code only.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '../../ports/database.ts';
import { DefinitionCache } from '../definition-cache.ts';
import {
  lockAcquire,
  type LockClaim,
  lockForce,
  lockRelease,
  lockRenew,
  lockTaken,
  locksForget,
  locksPage,
  lockView,
} from '../locks.ts';
import { runsClaim } from '../runs-claim.ts';
import { runsInsert } from '../runs-submit.ts';
import { sessionsRescue } from '../runs-sweep.ts';
import { sessionEnd } from '../sessions.ts';
import { newRun, seedId, seedJob, seedSession } from './seed.ts';

export interface LockBench {
  db: Database;
  advance: (ms: number) => Promise<void>;
  close: () => Promise<void>;
}

const force = { by: 'eve', reason: 'it is stuck' };

export function testLocks(engine: string, open: () => Promise<LockBench>): void {
  describe(`locks on ${engine}`, () => {
    let bench: LockBench;
    let db: Database;
    before(async () => {
      bench = await open();
      ({ db } = bench);
    });
    after(() => bench.close());

    const claim = (name: string, changes: Partial<LockClaim> = {}): LockClaim => ({
      namespace: 'default',
      name,
      owner: 'ann',
      hold: seedId(),
      ttl: 60_000,
      ...changes,
    });
    const take = async (wanted: LockClaim) => {
      const answer = await lockAcquire(db, wanted);
      assert.equal(answer.kind, 'acquired');
      return answer.kind === 'acquired' ? answer.lock : assert.fail();
    };

    test('one holder at a time; the next has a larger token, also after a release', async () => {
      const first = claim('one');
      const held = await take(first);
      assert.deepEqual([held.state, held.owner, held.token], ['held', 'ann', 1]);
      const refused = await lockAcquire(db, claim('one', { owner: 'bob' }));
      assert.ok(refused.kind === 'held' && refused.lock?.owner === 'ann');
      assert.ok(refused.remainingMs > 0 && refused.remainingMs <= 60_000);
      assert.equal(await lockRelease(db, first), true);
      assert.equal(await lockRelease(db, first), false);
      assert.equal((await lockView(db, 'default', 'one'))?.state, 'free');
      assert.equal((await take(claim('one', { owner: 'bob' }))).token, 2);
      assert.equal((await take(claim('one', { namespace: 'other' }))).token, 1);
    });

    test('asking again for the same hold keeps the token; another owner cannot use that hold', async () => {
      const mine = claim('again');
      const { token } = await take(mine);
      assert.equal((await take(mine)).token, token);
      const thief = { ...mine, owner: 'eve' };
      assert.equal((await lockAcquire(db, thief)).kind, 'held');
      assert.equal(await lockRenew(db, thief, token), null);
      assert.equal(await lockRelease(db, thief), false);
    });

    test('a lock that has run out is never renewed, and the same hold gets a new token', async () => {
      const mine = claim('short', { ttl: 1000 });
      const { token } = await take(mine);
      assert.equal((await lockRenew(db, mine, token))?.token, token);
      assert.equal(await lockRenew(db, mine, token + 1), null);
      await bench.advance(1100);
      assert.equal(await lockRenew(db, mine, token), null);
      assert.equal((await take(mine)).token, token + 1);
      assert.equal(await lockRenew(db, mine, token), null, 'the older token stays lost');
    });

    test('a lock bound to an attempt is free as soon as its worker is dead, and the rescue says so', async () => {
      const job = await seedJob(db);
      const [sessionId, ended] = [await seedSession(db, seedId(), 1000), await seedSession(db, seedId())];
      await runsInsert(db, [newRun(job), newRun(job)]);
      const [run, second] = await runsClaim(db, job.laneId, [
        { sessionId, attemptId: seedId() },
        { sessionId: ended, attemptId: seedId() },
      ]);
      assert.ok(run && second);
      const [bound, boundToo] = [run, second].map((one) => ({ runId: one.id, attemptId: one.attemptId }));
      assert.ok(bound && boundToo);
      assert.equal((await take(claim('bound', { attempt: bound }))).sessionId, run.sessionId);
      await take(claim('bound too', { attempt: boundToo }));
      const foreign = claim('foreign', { attempt: { ...bound, attemptId: seedId() } });
      assert.equal((await lockAcquire(db, foreign)).kind, 'attempt-over');
      await sessionEnd(db, ended);
      const freeName = run.sessionId === ended ? 'bound' : 'bound too';
      assert.equal((await take(claim(freeName, { owner: 'bob' }))).token, 2, 'without waiting for the rescue');
      await bench.advance(1100);
      const rescued = await db.transaction((tx) =>
        sessionsRescue(tx, { masterId: seedId(), definitions: new DefinitionCache() }),
      );
      assert.deepEqual(rescued.locks, [`default ${freeName === 'bound' ? 'bound too' : 'bound'}`]);
    });

    test('a forced release takes it from its holder, who then cannot renew', async () => {
      const mine = claim('forced');
      const { token } = await take(mine);
      const before = await db.transaction((tx) => lockForce(tx, 'default', 'forced', force));
      assert.deepEqual([before?.owner, before?.token], ['ann', token]);
      assert.equal(await lockRenew(db, mine, token), null);
      const told = { name: 'forced', token, ...force };
      assert.deepEqual(await lockTaken(db, 'default', 'forced', token), told);
      assert.equal(await db.transaction((tx) => lockForce(tx, 'default', 'forced', force)), null);
      const next = await take(claim('forced', { owner: 'bob' }));
      assert.deepEqual(await lockTaken(db, 'default', 'forced', token), told, 'also when somebody has it again');
      assert.equal(await lockTaken(db, 'default', 'forced', next.token), null);
    });

    test('pages show what is held, by name', async () => {
      for (const name of ['b', 'a', 'c']) await take(claim(name, { namespace: 'pages' }));
      await lockForce(db, 'pages', 'b', force);
      const page = (all: boolean, after: string | null, limit = 10) =>
        locksPage(db, { namespace: 'pages', all, after, limit });
      const names = (slice: Awaited<ReturnType<typeof page>>) => slice.items.map((lock) => lock.name);
      assert.deepEqual(names(await page(false, null)), ['a', 'c']);
      assert.deepEqual(names(await page(true, 'a')), ['b', 'c']);
      assert.deepEqual((await page(true, null, 2)).next, 'b');
    });

    test('forgetting a lock never lets its token come again', async () => {
      const mine = claim('forgotten', { ttl: 1000 });
      await take(mine);
      await lockRelease(db, mine);
      const { token } = await take(mine);
      await lockRelease(db, mine);
      await bench.advance(2100);
      while ((await db.transaction((tx) => locksForget(tx, 1000, 2))) > 0);
      assert.equal(await lockView(db, 'default', 'forgotten'), null);
      assert.ok((await take(mine)).token > token);
    });
  });
}
