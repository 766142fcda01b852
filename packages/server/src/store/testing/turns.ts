// Runs that wait for each other, and schedules that wait for a run, on either engine.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { OverlapPolicy, ScheduleInput } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Database } from '../../ports/database.ts';
import { DefinitionCache } from '../definition-cache.ts';
import { catchUpPiece } from '../catch-up.ts';
import { firesDecide, firesLockDue } from '../fires.ts';
import { runView } from '../run-views.ts';
import { runsClaim, type ClaimedRun } from '../runs-claim.ts';
import { cancelsOf, runCancel } from '../runs-control.ts';
import { resultsAccept } from '../runs-report.ts';
import { runsPromote, sessionsRescue } from '../runs-sweep.ts';
import { type Freed, turnsHeal } from '../turns.ts';
import { seedId, seedJob, seedSchedule, seedSession, type SeededJob } from './seed.ts';
import type { VirtualStore } from './virtual-store.ts';

interface RunRow {
  id: string;
  state: string;
  fire_at: number;
  due_at: number;
  previous_fire_at: number | null;
  next_fire_at: number | null;
}

class TurnsBench {
  readonly store: VirtualStore;
  readonly deps = {
    masterId: seedId(),
    definitions: new DefinitionCache(),
    fraction: () => 0,
    settings: { catchUpPerSecond: 20 },
    identity: {
      ofFire: (scheduleId: string, fireAt: number) =>
        `${fireAt
          .toString(16)
          .padStart(12, '0')
          .replace(/^(.{8})/, '$1-')}${scheduleId.slice(13)}`,
    },
  };
  readonly job: SeededJob;

  private constructor(store: VirtualStore, job: SeededJob) {
    this.store = store;
    this.job = job;
  }

  static async open(store: VirtualStore): Promise<TurnsBench> {
    return new TurnsBench(store, await seedJob(store.db, { timeout: { start: 60_000 } }));
  }

  get db(): Database {
    return this.store.db;
  }

  schedule(input: Omit<ScheduleInput, 'name'>): Promise<string> {
    return seedSchedule(this.db, this.job, input, 0);
  }

  /** Lets time pass, then fires what is due. Answers the sessions in which something is canceled. */
  async fire(ms = 1000): Promise<string[]> {
    await this.store.advance(ms);
    const decided = await this.db.transaction(async (tx) =>
      firesDecide(tx, this.deps, await firesLockDue(tx, this.deps)),
    );
    if (decided.aside) await this.db.transaction((tx) => catchUpPiece(tx, this.deps));
    return [...decided.cancels];
  }

  /** All runs of a schedule by nominal time, archived ones too. */
  runs(scheduleId: string): Promise<RunRow[]> {
    return this.db.query<RunRow>(
      'select id, state, fire_at, due_at, previous_fire_at, next_fire_at from any_run where schedule_id = $1 order by fire_at, id',
      [scheduleId],
    );
  }

  async states(scheduleId: string): Promise<string> {
    return (await this.runs(scheduleId)).map((run) => run.state).join(' ');
  }

  async ledger(scheduleId: string): Promise<string> {
    const rows = await this.db.query<{ outcome: string; reason: string | null }>(
      'select outcome, reason from fire where schedule_id = $1 order by fire_at',
      [scheduleId],
    );
    return rows.map((row) => row.reason ?? row.outcome).join(' ');
  }

  /** A worker that takes up to so many runs. */
  async claim(count = 1): Promise<ClaimedRun[]> {
    const sessionId = await seedSession(this.db, this.deps.masterId);
    const slots = Array.from({ length: count }, () => ({ sessionId, attemptId: seedId() }));
    return runsClaim(this.db, this.job.laneId, slots);
  }

  async claimOne(): Promise<ClaimedRun> {
    const [claimed] = await this.claim();
    assert.ok(claimed, 'nothing was ready');
    return claimed;
  }

  async end(run: ClaimedRun, outcome: 'succeeded' | 'canceled' = 'succeeded'): Promise<Freed> {
    const { id: runId, attemptId, sessionId } = run;
    const result = { runId, attemptId, sessionId, outcome, output: null, error: null, durationMs: 5 };
    const { freed } = await this.db.transaction((tx) => resultsAccept(tx, this.deps, [{ type: 'result', ...result }]));
    return freed;
  }

  async nextFireAt(scheduleId: string): Promise<number | null> {
    const [row] = await this.db.query<{ state: string; next_fire_at: number | null }>(
      'select state, next_fire_at from schedule where id = $1',
      [scheduleId],
    );
    assert.equal(row?.state, 'enabled');
    return row?.next_fire_at ?? null;
  }
}

export function testTurns(engine: string, open: () => Promise<VirtualStore>): void {
  describe(`turns of runs on ${engine}`, () => {
    testBuffers(open);
    testReplacing(open);
    testDelays(open);
    testNeighbours(open);
  });
}

function benchOf(open: () => Promise<VirtualStore>): () => Promise<TurnsBench> {
  let store: Promise<VirtualStore> | null = null;
  after(async () => (await store)?.close());
  return async () => TurnsBench.open(await (store ??= open()));
}

function testBuffers(open: () => Promise<VirtualStore>): void {
  const bench = benchOf(open);
  const every = (overlap: OverlapPolicy) => ({ every: 1000, overlap });

  test('under buffer-all each run waits for the one before it, and gets its turn in order', async () => {
    const { fire, ...b } = bound(await bench());
    const id = await b.it.schedule(every('buffer-all'));
    for (let n = 0; n < 3; n += 1) await fire();
    assert.equal(await b.it.states(id), 'ready blocked blocked');
    assert.equal(await b.it.ledger(id), 'fired buffered buffered');
    const [first, second, third] = (await b.it.runs(id)).map((run) => run.id);
    const reason = async (run = '') => (await runView(b.it.db, b.it.deps.definitions, 'default', run))?.waitingFor;
    assert.equal(await reason(second), `It waits for run ${first} of its schedule to end.`);
    assert.equal(await reason(third), `It waits for run ${first} of its schedule to end, and for 1 run before it.`);
    for (const states of ['succeeded ready blocked', 'succeeded succeeded ready']) {
      const freed = await b.it.end(await b.it.claimOne());
      assert.deepEqual([...freed.lanes], [b.it.job.laneId]);
      assert.equal(await b.it.states(id), states);
    }
  });

  test('under buffer-one one waits and further ones are skipped, and its start timeout counts from its turn', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule(every('buffer-one'));
    for (let n = 0; n < 3; n += 1) await fire();
    assert.equal(await it.ledger(id), 'fired buffered overlap');
    await it.store.advance(300_000);
    await it.end(await it.claimOne());
    const [row] = await it.db.query<{ left: number }>(
      `select start_deadline - now_ms() as "left" from run where schedule_id = $1`,
      [id],
    );
    assert.equal(row?.left, 60_000);
  });

  test('a run whose previous one is lost for good, canceled, or failed by its start timeout gets its turn', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule(every('buffer-all'));
    for (let n = 0; n < 2; n += 1) await fire();
    const [first] = await it.runs(id);
    assert.ok(first);
    await it.db.transaction((tx) => runCancel(tx, it.deps.masterId, 'default', first.id, 'enough'));
    assert.equal(await it.states(id), 'canceled ready');
    await fire();
    const run = await it.claimOne();
    await it.db.query('update run set cancel_requested_at = now_ms() where id = $1', [run.id]);
    await it.store.advance(61_000);
    const { freed } = await it.db.transaction((tx) => sessionsRescue(tx, it.deps));
    assert.equal(freed.lanes.size, 1);
    assert.equal(await it.states(id), 'canceled canceled ready');
  });

  test('a turn that nobody gave is given by the sweep', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule(every('buffer-all'));
    for (let n = 0; n < 3; n += 1) await fire();
    // As if the transaction that ended it had not seen the ones that wait.
    const [first] = await it.runs(id);
    await it.db.query('delete from run where id = $1', [first?.id ?? '']);
    assert.equal(await it.states(id), 'blocked blocked');
    assert.deepEqual([...(await it.db.transaction((tx) => turnsHeal(tx))).lanes], [it.job.laneId]);
    assert.equal(await it.states(id), 'ready blocked');
    assert.equal((await it.db.transaction((tx) => turnsHeal(tx))).lanes.size, 0);
  });

  test('a run that was put off by jitter waits for its time, and others for it', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule({ every: 10_000, jitter: 9000, overlap: 'skip' });
    await fire(10_000);
    const [run] = await it.runs(id);
    assert.ok(run && run.due_at > run.fire_at && run.due_at <= run.fire_at + 9000);
    assert.equal(run.state, 'scheduled');
    await it.store.advance(run.due_at - it.store.now);
    assert.equal((await runsPromote(it.db)).length, 1);
    await fire(10_000);
    assert.equal(await it.ledger(id), 'fired overlap');
  });
}

function testReplacing(open: () => Promise<VirtualStore>): void {
  const bench = benchOf(open);

  for (const [overlap, graceMs] of [
    ['cancel-previous', null],
    ['kill-previous', 0],
  ] as const) {
    test(`${overlap} cancels what runs, and the newest follows when that has ended`, async () => {
      const { it, fire } = bound(await bench());
      const id = await it.schedule({ every: 1000, overlap });
      await fire();
      const run = await it.claimOne();
      assert.deepEqual(await fire(), [run.sessionId]);
      const [cancel] = await cancelsOf(it.db, [run.sessionId]);
      assert.deepEqual([cancel?.attemptId, cancel?.graceMs], [run.attemptId, graceMs]);
      await fire();
      assert.equal(await it.states(id), 'running skipped blocked');
      assert.equal(await it.ledger(id), 'fired buffered buffered');
      await it.end(run, 'canceled');
      assert.equal(await it.states(id), 'canceled skipped ready');
      // What has not begun makes way at once.
      await fire();
      assert.equal(await it.states(id), 'canceled skipped canceled ready');
    });
  }
}

function testDelays(open: () => Promise<VirtualStore>): void {
  const bench = benchOf(open);

  test('a fixed delay counts from the end of its run, and waits as long as that goes on', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule({ delay: 10_000 });
    await it.db.query('update schedule set next_fire_at = anchor_at + 10000 where id = $1', [id]);
    await fire(10_000);
    assert.equal(await it.nextFireAt(id), null);
    await it.store.advance(3_600_000);
    await fire();
    const freed = await it.end(await it.claimOne());
    assert.equal(freed.schedules, true);
    assert.equal(await it.nextFireAt(id), it.store.now + 10_000);
    await fire(10_000);
    assert.equal(await it.ledger(id), 'fired fired');
  });

  test('a fixed delay counts from the end of a run that was unfinished through more skipped times than are looked at', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule({ every: 1000, overlap: 'skip' });
    for (let second = 0; second < serverLimits.delayFires + 20; second += 1) await fire(1000);
    const wanted = await it.schedule({ delay: 10_000 });
    await it.db.query(
      `update schedule set spec = (select s.spec from schedule s where s.id = $2), next_fire_at = null where id = $1`,
      [id, wanted],
    );
    await it.store.advance(3_600_000);
    await it.end(await it.claimOne());
    assert.equal(await it.nextFireAt(id), it.store.now + 10_000);
    await it.db.query(`update schedule set state = 'paused', next_fire_at = null where id in ($1, $2)`, [id, wanted]);
  });

  test('a fixed delay whose run vanished goes on', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule({ delay: 10_000 });
    await it.db.query('update schedule set next_fire_at = anchor_at + 10000 where id = $1', [id]);
    await fire(10_000);
    await it.db.query('delete from run where schedule_id = $1', [id]);
    assert.equal((await it.db.transaction((tx) => turnsHeal(tx))).schedules, true);
    assert.equal(await it.nextFireAt(id), it.store.now + 10_000);
  });

  test('a missed time of a fixed delay is made up for or skipped, and then counts anew', async () => {
    const { it, fire } = bound(await bench());
    for (const [policy, outcome] of [
      ['skip', 'misfire'],
      ['last', 'catch-up'],
    ] as const) {
      const id = await it.schedule({ delay: 10_000, misfire: { policy } });
      await it.db.query('update schedule set next_fire_at = anchor_at + 10000 where id = $1', [id]);
      await fire(600_000);
      assert.equal(await it.ledger(id), outcome);
      assert.equal(await it.nextFireAt(id), policy === 'skip' ? it.store.now + 10_000 : null);
    }
  });
}

function testNeighbours(open: () => Promise<VirtualStore>): void {
  const bench = benchOf(open);

  test('runs know the nominal times before and after their own, in the archive too', async () => {
    const { it, fire } = bound(await bench());
    const id = await it.schedule({ every: 1000 });
    await fire(2000);
    const runs = await it.runs(id);
    const [first, second] = runs;
    assert.ok(first && second);
    assert.deepEqual(
      runs.map((run) => [run.previous_fire_at, run.next_fire_at]),
      [
        [null, second.fire_at],
        [first.fire_at, second.fire_at + 1000],
      ],
    );
    const [claimed] = await it.claim(2);
    assert.ok(claimed);
    assert.deepEqual([claimed.previousFireAt, claimed.nextFireAt], [null, second.fire_at]);
    await it.end(claimed);
    assert.deepEqual((await it.runs(id))[0]?.next_fire_at, second.fire_at);
  });
}

/** The bench with its own `fire`, so that a test reads in a line. */
function bound(it: TurnsBench) {
  return { it, fire: (ms?: number) => it.fire(ms) };
}
