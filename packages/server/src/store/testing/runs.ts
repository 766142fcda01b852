// What the run statements promise, on any engine: submit, claim, report, cancel, sweep. Test code only.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '../../ports/database.ts';
import { DefinitionCache } from '../definition-cache.ts';
import { runsClaim, runsInSlots, type ClaimedRun } from '../runs-claim.ts';
import { cancelsOf, runCancel } from '../runs-control.ts';
import { logsAppend, resultsAccept, runsStarted, type SessionResult } from '../runs-report.ts';
import { idempotencyForget, idempotencyTake, runsInsert } from '../runs-submit.ts';
import { nothingFreed } from '../turns.ts';
import { runsExpireStart, runsPromote, sessionsRescue, sweepOutlook } from '../runs-sweep.ts';
import { sessionEnd, sessionGone, sessionResume, sessionsGrace, sessionsRenew } from '../sessions.ts';
import { newRun, seedId, seedJob, seedSession, stateOf, type SeededJob } from './seed.ts';

export interface RunsSetup {
  db: Database;
  /** Moves the store's clock on; engines with a real clock wait instead. */
  advance: (ms: number) => Promise<void>;
  close: () => Promise<void>;
}

export function testRuns(engine: string, open: () => Promise<RunsSetup>): void {
  describe(`runs on ${engine}`, () => {
    let setup: RunsSetup;
    let db: Database;
    const masterId = seedId();
    const definitions = new DefinitionCache();
    const deps = { masterId, definitions, fraction: () => 0.5 };

    before(async () => {
      setup = await open();
      db = setup.db;
    });
    after(() => setup.close());

    function report(run: ClaimedRun, changes: Partial<SessionResult> = {}): SessionResult {
      return {
        type: 'result',
        runId: run.id,
        attemptId: run.attemptId,
        sessionId: run.sessionId,
        outcome: 'succeeded',
        output: '{"done":true}',
        error: null,
        durationMs: 5,
        ...changes,
      };
    }

    function accept(...results: SessionResult[]) {
      return db.transaction((tx) => resultsAccept(tx, deps, results));
    }

    async function claimOne(job: SeededJob, sessionId: string): Promise<ClaimedRun> {
      const [claimed] = await runsClaim(db, job.laneId, [{ sessionId, attemptId: seedId() }]);
      assert.ok(claimed);
      return claimed;
    }

    async function running(input: Parameters<typeof seedJob>[1] = {}) {
      const job = await seedJob(db, input);
      const sessionId = await seedSession(db, masterId);
      const run = newRun(job);
      await runsInsert(db, [run]);
      return { job, sessionId, run, claimed: await claimOne(job, sessionId) };
    }

    test('a claim takes at most as many as there are slots, by priority and then by due time', async () => {
      const job = await seedJob(db);
      const sessionId = await seedSession(db, masterId);
      const low = newRun(job, { priority: -1 });
      const first = newRun(job);
      const second = newRun(job);
      const high = newRun(job, { priority: 5 });
      await runsInsert(db, [low, first, second, high]);
      const order: string[] = [];
      for (let taken = 0; taken < 4; taken += 1) order.push((await claimOne(job, sessionId)).id);
      assert.deepEqual(order, [high.id, first.id, second.id, low.id]);
      assert.deepEqual(await runsClaim(db, job.laneId, [{ sessionId, attemptId: seedId() }]), []);
    });

    test('a claim gives each run the attempt and session of one slot', async () => {
      const job = await seedJob(db);
      const sessions = [await seedSession(db, masterId), await seedSession(db, masterId)];
      await runsInsert(db, [newRun(job), newRun(job)]);
      const slots = sessions.map((sessionId) => ({ sessionId, attemptId: seedId() }));
      const claimed = await runsClaim(db, job.laneId, slots);
      assert.deepEqual(
        new Set(claimed.map((run) => `${run.sessionId} ${run.attemptId}`)),
        new Set(slots.map((slot) => `${slot.sessionId} ${slot.attemptId}`)),
      );
      assert.deepEqual((await runsInSlots(db, slots)).map((run) => run.id).sort(), claimed.map((run) => run.id).sort());
    });

    test('a dead session gets no claim', async () => {
      const job = await seedJob(db);
      const sessionId = await seedSession(db, masterId);
      await runsInsert(db, [newRun(job)]);
      await sessionEnd(db, sessionId);
      assert.deepEqual(await runsClaim(db, job.laneId, [{ sessionId, attemptId: seedId() }]), []);
    });

    test('a run with an offer is inserted running, unless older work waits or the session is dead', async () => {
      const job = await seedJob(db);
      const sessionId = await seedSession(db, masterId);
      const offer = () => ({ sessionId, attemptId: seedId() });
      const [direct] = await runsInsert(db, [newRun(job, { offer: offer() })]);
      assert.equal(direct?.state, 'running');
      await runsInsert(db, [newRun(job)]);
      const [behind] = await runsInsert(db, [newRun(job, { offer: offer() })]);
      assert.equal(behind?.state, 'ready');
      const other = await seedJob(db);
      await sessionEnd(db, sessionId);
      const [unserved] = await runsInsert(db, [newRun(other, { offer: offer() })]);
      assert.equal(unserved?.state, 'ready');
    });

    test('a success is archived once with its attempt, and said again it is a duplicate', async () => {
      const { run, claimed } = await running();
      const first = await accept(report(claimed));
      assert.equal(first.verdicts.get(claimed.attemptId), 'accepted');
      assert.equal(await stateOf(db, run.id), 'succeeded');
      const again = await accept(report(claimed, { outcome: 'failed' }));
      assert.equal(again.verdicts.get(claimed.attemptId), 'duplicate');
      assert.equal(await stateOf(db, run.id), 'succeeded');
      const [archived] = await db.query<{ output: string; attempts: string; attempt_id: string }>(
        'select output, attempts, attempt_id from run_archive where id = $1',
        [run.id],
      );
      assert.equal(archived?.output, '{"done":true}');
      assert.equal(archived?.attempt_id, claimed.attemptId);
      assert.equal((JSON.parse(archived?.attempts ?? '[]') as unknown[]).length, 1);
      assert.deepEqual(await db.query('select id from run where id = $1', [run.id]), []);
    });

    test('a result of an attempt that lost its right is refused and kept as an orphan', async () => {
      const { job, run, claimed, sessionId } = await running();
      await sessionEnd(db, sessionId);
      await db.transaction((tx) => sessionsRescue(tx, deps));
      const next = await claimOne(job, await seedSession(db, masterId));
      assert.equal(next.id, run.id);
      assert.equal(next.attempt, 2);
      const late = await accept(report(claimed));
      assert.equal(late.verdicts.get(claimed.attemptId), 'stale');
      assert.equal(await stateOf(db, run.id), 'running');
      const orphans = await db.query('select run_id from orphan where attempt_id = $1', [claimed.attemptId]);
      assert.equal(orphans.length, 1);
      assert.equal((await accept(report(next))).verdicts.get(next.attemptId), 'accepted');
    });

    test('a result from another session than the attempt belongs to is stale', async () => {
      const { run, claimed } = await running();
      const forged = await accept(report(claimed, { sessionId: await seedSession(db, masterId) }));
      assert.equal(forged.verdicts.get(claimed.attemptId), 'stale');
      assert.equal(await stateOf(db, run.id), 'running');
    });

    test('a failure goes back with backoff, then fails for good', async () => {
      const { job, run, claimed, sessionId } = await running({ retry: { attempts: 2, initial: 50, jitter: 'none' } });
      const error = { kind: 'exit', message: 'exit code 1' };
      const first = await accept(report(claimed, { outcome: 'failed', output: null, error }));
      assert.equal(first.delayed, true);
      assert.equal(await stateOf(db, run.id), 'scheduled');
      await setup.advance(60);
      assert.deepEqual((await runsPromote(db)).filter((moved) => moved.id === run.id).length, 1);
      const second = await claimOne(job, sessionId);
      await accept(report(second, { outcome: 'failed', output: null, error }));
      assert.equal(await stateOf(db, run.id), 'failed');
    });

    test('results that come twice in one batch count once', async () => {
      const { claimed } = await running();
      const reported = await accept(report(claimed), report(claimed));
      assert.equal(reported.finished.length, 1);
    });

    test('logs of the current attempt are kept once and in order, those of others are not', async () => {
      const { run, claimed } = await running();
      const line = {
        type: 'log' as const,
        runId: run.id,
        attemptId: claimed.attemptId,
        stream: 'stdout' as const,
        offsetMs: 1,
      };
      await logsAppend(db, [
        { ...line, seq: 1, text: 'one' },
        { ...line, seq: 2, text: 'two' },
      ]);
      await logsAppend(db, [
        { ...line, seq: 2, text: 'again' },
        { ...line, seq: 3, text: 'three', attemptId: seedId() },
      ]);
      const rows = await db.query<{ text: string }>('select text from log_chunk where run_id = $1 order by seq', [
        run.id,
      ]);
      assert.deepEqual(
        rows.map((row) => row.text),
        ['one', 'two'],
      );
    });

    test('a start is noted for the current attempt only', async () => {
      const { run, claimed } = await running();
      await runsStarted(db, [{ runId: run.id, attemptId: seedId(), agoMs: 0 }]);
      const startedAt = async () =>
        (await db.query<{ started_at: number | null }>('select started_at from run where id = $1', [run.id]))[0]
          ?.started_at;
      assert.equal(await startedAt(), null);
      await runsStarted(db, [{ runId: run.id, attemptId: claimed.attemptId, agoMs: 10 }]);
      assert.equal(typeof (await startedAt()), 'number');
    });

    test('a cancel ends what waits at once and asks for what runs', async () => {
      const job = await seedJob(db);
      const waiting = newRun(job);
      await runsInsert(db, [waiting]);
      const cancel = (id: string) => db.transaction((tx) => runCancel(tx, masterId, 'default', id, 'enough'));
      assert.deepEqual(await cancel(waiting.id), { kind: 'canceled', freed: nothingFreed() });
      assert.deepEqual(await cancel(waiting.id), { kind: 'finished', state: 'canceled' });
      assert.deepEqual(await cancel(seedId()), { kind: 'unknown' });
      const { run, claimed, sessionId } = await running();
      assert.deepEqual(await cancel(run.id), { kind: 'requested', sessionId, attemptId: claimed.attemptId });
      assert.deepEqual(await cancelsOf(db, [sessionId]), [
        { sessionId, attemptId: claimed.attemptId, reason: 'enough', graceMs: null },
      ]);
      await accept(report(claimed, { outcome: 'canceled', output: null }));
      assert.equal(await stateOf(db, run.id), 'canceled');
    });

    test('an expired session is never renewed or resumed, and its runs are given away', async () => {
      const { run, claimed, sessionId } = await running();
      const short = await seedSession(db, masterId, 30);
      await setup.advance(50);
      assert.deepEqual(await sessionsRenew(db, masterId, [{ sessionId: short, stats: {} }], 1000), []);
      const hello = { incarnation: short, handlers: [], queues: [], slots: 1 };
      assert.equal(await sessionResume(db, hello as never, { masterId, namespace: 'default', ttlMs: 1000 }), null);
      const outlook = await sweepOutlook(db);
      assert.ok((outlook.leaseEndsAt ?? Number.POSITIVE_INFINITY) <= outlook.now);
      const rescued = await db.transaction((tx) => sessionsRescue(tx, deps));
      assert.ok(rescued.sessions.some((session) => session.id === short));
      assert.ok(!rescued.sessions.some((session) => session.id === sessionId));
      assert.equal(await stateOf(db, run.id), 'running');
      assert.equal(claimed.sessionId, sessionId);
    });

    test('a session that its supervisor has seen end gives its runs away at once, and they tell why', async () => {
      const { run, sessionId } = await running();
      const how = { reason: 'hung', detail: 'at spin' } as const;
      assert.equal(await sessionGone(db, 'another', sessionId, how), false);
      assert.equal((await sweepOutlook(db)).stranded, false);
      assert.equal(await sessionGone(db, 'default', sessionId, how), true);
      assert.equal(await sessionGone(db, 'default', sessionId, { reason: 'crashed', detail: null }), true);
      assert.deepEqual(await sessionsRenew(db, masterId, [{ sessionId, stats: {} }], 1000), []);
      await db.transaction((tx) => sessionsRescue(tx, deps));
      assert.equal(await stateOf(db, run.id), 'ready');
      const [row] = await db.query<{ attempts: string }>('select attempts from run where id = $1', [run.id]);
      const [attempt] = JSON.parse(row?.attempts ?? '[]') as { error: { kind: string; stack: string } }[];
      assert.deepEqual([attempt?.error.kind, attempt?.error.stack], ['worker-hung', 'at spin']);
    });

    test('grace of a master that stood still lengthens leases of its own sessions, ended ones included, and shortens none', async () => {
      const [ended, long, dead, foreign] = [
        await seedSession(db, masterId, 30),
        await seedSession(db, masterId, 600_000),
        await seedSession(db, masterId, 30),
        await seedSession(db, seedId(), 30),
      ];
      await sessionEnd(db, dead);
      await setup.advance(50);
      await sessionsGrace(db, masterId, [ended, long, dead, foreign], 7000);
      const rows = await db.query<{ id: string; left: number }>(
        'select id, expires_at - now_ms() as left from session',
      );
      const left = new Map(rows.map((row) => [row.id, row.left]));
      assert.ok((left.get(ended) ?? 0) > 4000 && (left.get(ended) ?? 0) <= 7000);
      assert.ok((left.get(long) ?? 0) > 500_000);
      assert.ok((left.get(dead) ?? 0) <= 0 && (left.get(foreign) ?? 0) <= 0);
    });

    test('an at-most-once run whose worker is lost ends as lost', async () => {
      const { run, sessionId } = await running({ delivery: 'at-most-once' });
      await sessionEnd(db, sessionId);
      assert.equal((await sweepOutlook(db)).stranded, true);
      await db.transaction((tx) => sessionsRescue(tx, deps));
      assert.equal(await stateOf(db, run.id), 'lost');
    });

    test('an attempt that its worker has forgotten, because the store lost its result, counts as lost', async () => {
      const error = { kind: 'forgotten', message: 'it is over' };
      for (const [delivery, state] of [
        ['at-least-once', 'ready'],
        ['at-most-once', 'lost'],
      ] as const) {
        const { run, claimed } = await running({ delivery, retry: { attempts: 3 } });
        const reported = await accept(report(claimed, { outcome: 'failed', output: null, error }));
        assert.equal(reported.verdicts.get(claimed.attemptId), 'accepted');
        assert.equal(await stateOf(db, run.id), state);
        const [row] = await db.query<{ attempts: string }>('select attempts from any_run where id = $1', [run.id]);
        const [attempt] = JSON.parse(row?.attempts ?? '[]') as { outcome: string }[];
        assert.equal(attempt?.outcome, 'lost');
      }
    });

    test('a run that nobody starts in time fails', async () => {
      const job = await seedJob(db);
      const run = newRun(job, { startTimeoutMs: 30 });
      await runsInsert(db, [run]);
      await setup.advance(50);
      await db.transaction((tx) => runsExpireStart(tx, masterId));
      assert.equal(await stateOf(db, run.id), 'failed');
    });

    test('an idempotency key belongs to its first run until it expires', async () => {
      const claim = { namespace: 'default', key: `key-${seedId()}`, runId: seedId(), fingerprint: 'f' };
      assert.equal((await idempotencyTake(db, [claim], 30))[0]?.fresh, true);
      const second = await idempotencyTake(db, [{ ...claim, runId: seedId() }], 30);
      assert.deepEqual([second[0]?.fresh, second[0]?.runId], [false, claim.runId]);
      await setup.advance(50);
      assert.equal((await idempotencyTake(db, [{ ...claim, runId: seedId() }], 30))[0]?.fresh, true);
      await setup.advance(50);
      assert.ok((await idempotencyForget(db, 100)) >= 1);
    });

    test('finished runs are counted per minute and state', async () => {
      const total = async () =>
        (
          await db.query<{ runs: number }>(
            `select coalesce(sum(runs), 0) as runs from run_stat where state = 'succeeded'`,
          )
        )[0]?.runs ?? 0;
      const before = await total();
      const first = await running();
      const second = await running();
      await accept(report(first.claimed), report(second.claimed));
      assert.equal((await total()) - before, 2);
    });
  });
}
