// The audit on a real store: after fires and changes in any order it is clean, and it finds each kind of planted fault.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { applyRequestSchema, type JobInput, Refusal, type ScheduleInput } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { Definitions } from './definitions.ts';
import { auditFires } from './fire-audit.ts';
import { openBench } from './testing/bench-context.ts';
import { fireDue, testIdentity } from './testing/definitions-bench.ts';

async function setup(t?: TestContext) {
  const bench = await openBench();
  t?.after(() => bench.close());
  const deps = { ...bench.context, identity: testIdentity };
  const definitions = new Definitions(deps, { submit: () => Promise.reject(new Error('not used')) });
  const apply = (...schedules: ScheduleInput[]) => {
    const jobs: JobInput[] = [{ name: 'a', task: 'x', schedules }];
    return definitions.apply('ns', 'ann', applyRequestSchema.parse({ jobs }), { role: 'operator' });
  };
  const fireAll = async () => {
    while ((await fireDue(deps)) > 0);
  };
  const audit = (request: Partial<Parameters<typeof auditFires>[1]> = {}) =>
    auditFires(deps.db, { namespace: 'ns', from: 0, ...request });
  const auditOne = async (request: Parameters<typeof audit>[0] = {}) => {
    const { schedules, clean } = await audit(request);
    assert.equal(schedules.length, 1);
    return { ...schedules[0], clean };
  };
  return { ...bench, deps, db: deps.db, definitions, apply, fireAll, audit, auditOne };
}

const all = { misfire: { policy: 'all', window: '30d', max: 1000 } } as const;

test('what fired on time and what was skipped with a reason is clean', async (t) => {
  const { clock, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '10s', misfire: { policy: 'skip', grace: '15s' } });
  await clock.advance(60_000);
  await fireAll();
  await clock.advance(6000);
  const { expected, fired, skipped, missing, clean } = await auditOne();
  assert.deepEqual(
    { expected, fired, skipped, missing, clean },
    { expected: 6, fired: 2, skipped: 4, missing: 0, clean: true },
  );
});

test('what is not decided yet is not missing', async (t) => {
  const { clock, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '10s' });
  await clock.advance(20_000);
  await fireAll();
  await clock.advance(600_000);
  assert.deepEqual([(await auditOne()).expected, (await auditOne()).clean], [2, true]);
});

test('fires within the grace are left for the next audit', async (t) => {
  const { clock, apply, fireAll, auditOne, audit } = await setup(t);
  await apply({ name: 's', every: '10s' });
  await clock.advance(20_000);
  await fireAll();
  assert.equal((await auditOne()).expected, 1);
  assert.equal((await auditOne({ graceMs: 0 })).expected, 2);
  assert.equal((await audit()).to, clock.wallMs() - 5000);
});

test('a row that was lost is missing, a row too many is unexpected', async (t) => {
  const { clock, db, apply, fireAll, auditOne, audit } = await setup(t);
  await apply({ name: 's', every: '10s', ...all });
  await clock.advance(100_000);
  await fireAll();
  const start = clock.wallMs() - 100_000;
  await db.query('delete from fire where fire_at = $1', [start + 30_000]);
  await db.query('delete from run where fire_at = $1', [start + 30_000]);
  for (const table of ['fire', 'run'])
    await db.query(`update ${table} set fire_at = fire_at + 1 where fire_at = $1`, [start + 50_000]);
  const { missing, unexpected, samples, clean } = await auditOne({ graceMs: 0 });
  assert.deepEqual({ missing, unexpected, clean }, { missing: 2, unexpected: 1, clean: false });
  assert.deepEqual(
    samples?.map((one) => [one.fireAt - start, one.finding]),
    [
      [30_000, 'missing'],
      [50_000, 'missing'],
      [50_001, 'unexpected'],
    ],
  );
  assert.equal((await audit({ graceMs: 0 })).clean, false);
  // Outside of the range that is asked for, it is none of this audit's business.
  assert.equal((await auditOne({ graceMs: 0, from: start + 60_000 })).clean, true);
});

test('nothing is missing while a fixed delay waits for a run of an earlier rule, however many times were skipped since it began', async (t) => {
  const { clock, definitions, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '1s', overlap: 'skip' });
  for (let second = 0; second < serverLimits.delayFires + 20; second += 1) {
    await clock.advance(1000);
    await fireAll();
  }
  await apply({ name: 's', delay: '10s' });
  await clock.advance(60_000);
  await fireAll();
  await definitions.schedulePause('ns', 'ann', 's', 'enough');
  const { fired, missing, clean } = await auditOne({ graceMs: 0 });
  assert.deepEqual({ fired, missing, clean }, { fired: 1, missing: 0, clean: true });
});

test('a run whose ledger row is gone is unexpected besides', async (t) => {
  const { clock, db, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '10s', ...all });
  await clock.advance(10_000);
  await fireAll();
  await db.query('delete from fire');
  const { missing, unexpected } = await auditOne({ graceMs: 0 });
  assert.deepEqual({ missing, unexpected }, { missing: 1, unexpected: 1 });
});

test('a second run of one fire is doubled, finished or not, and a run of a skipped fire is unexpected', async (t) => {
  const { clock, db, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '10s', overlap: 'skip', ...all });
  await clock.advance(30_000);
  await fireAll();
  assert.equal((await auditOne({ graceMs: 0 })).clean, true);
  const start = clock.wallMs() - 30_000;
  const shared = 'namespace, job_id, job_version_id, lane_id, priority, due_at, created_at, trigger_kind, schedule_id';
  let made = 0;
  const again = async (fireAt: number) => {
    made += 1;
    const id = testIdentity.ofFire(`other-${made}`, start + 40_000);
    await db.query(
      `insert into run (id, state, fire_at, ${shared}) select $1, 'ready', $2, ${shared} from run where fire_at = $3 limit 1`,
      [id, fireAt, start + 10_000],
    );
    return id;
  };
  await again(start + 10_000);
  const finished = await again(start + 10_000);
  await db.query(
    `insert into run_archive (id, state, fire_at, attempt, finished_at, attempts, ${shared})
     select id, 'succeeded', fire_at, 1, 1, '[]', ${shared} from run where id = $1`,
    [finished],
  );
  await db.query('delete from run where id = $1', [finished]);
  await again(start + 20_000);
  const { fired, skipped, doubled, unexpected, clean } = await auditOne({ graceMs: 0 });
  assert.deepEqual(
    { fired, skipped, doubled, unexpected, clean },
    { fired: 1, skipped: 2, doubled: 2, unexpected: 1, clean: false },
  );
});

test('a run that is both finished and unfinished is doubled', async (t) => {
  const { clock, db, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '10s', ...all });
  await clock.advance(10_000);
  await fireAll();
  const columns =
    'id, namespace, job_id, job_version_id, lane_id, priority, due_at, created_at, trigger_kind, schedule_id, fire_at, attempt, attempts';
  await db.query(`insert into run_archive (state, finished_at, ${columns}) select 'succeeded', 1, ${columns} from run`);
  assert.equal((await auditOne({ graceMs: 0 })).doubled, 1);
});

test('an audit of one schedule names only that one, and refuses a name that never was', async (t) => {
  const { clock, apply, audit } = await setup(t);
  await apply({ name: 's', every: '10s' }, { name: 'r', every: '10s' });
  await clock.advance(10_000);
  assert.deepEqual(
    (await audit()).schedules.map((one) => one.schedule),
    ['r', 's'],
  );
  assert.deepEqual(
    (await audit({ schedule: 's' })).schedules.map((one) => one.schedule),
    ['s'],
  );
  await assert.rejects(audit({ schedule: 'x' }), (error) => error instanceof Refusal && error.code === 'NOT_FOUND');
});

test('a deleted schedule is audited up to its end, and not in a range after it', async (t) => {
  const { clock, db, definitions, apply, fireAll, auditOne, audit } = await setup(t);
  await apply({ name: 's', every: '10s', ...all });
  await clock.advance(30_000);
  await fireAll();
  await clock.advance(15_000);
  await definitions.deleteJob('ns', 'ann', 'a', { ifMatch: '*' });
  const end = clock.wallMs();
  await clock.advance(60_000);
  assert.deepEqual([(await auditOne()).expected, (await auditOne()).clean], [4, true]);
  await db.query('delete from fire where fire_at = $1', [end - 5000]);
  assert.equal((await auditOne()).missing, 1);
  assert.deepEqual((await audit({ from: end + 1 })).schedules, []);
});

test('thousands of fires and hundreds of versions are read in pages, and every one counts', async (t) => {
  const { clock, db, definitions, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '1s', ...all });
  // One version more, so that the last of a page is one that fires.
  await apply({ name: 's', every: '1s', ...all, description: 'changed' });
  const start = clock.wallMs();
  for (let round = 0; round < serverLimits.auditVersions; round += 1) {
    await clock.advance(10_000);
    await definitions.schedulePause('ns', 'ann', 's', 'x');
    await clock.advance(1000);
    await definitions.scheduleResume('ns', 'ann', 's');
  }
  const paused = serverLimits.auditVersions;
  await clock.advance(2500 * 1000);
  await fireAll();
  const seconds = (clock.wallMs() - start) / 1000;
  assert.equal((await auditOne({ graceMs: 0 })).expected, seconds - paused);
  assert.equal((await auditOne({ graceMs: 0 })).clean, true);
  await db.query('delete from fire where (fire_at - $1) % 700000 = 0', [start]);
  const removed =
    Math.floor(seconds / 700) -
    Array.from({ length: 3 }, (_, index) => (index + 1) * 700).filter((at) => at % 11 === 0 && at <= paused * 11)
      .length;
  assert.equal((await auditOne({ graceMs: 0 })).missing, removed);
});

test('more rows than are expected are read in pages too', async (t) => {
  const { clock, db, apply, fireAll, auditOne } = await setup(t);
  await apply({ name: 's', every: '10s', ...all });
  await clock.advance(30_000);
  await fireAll();
  const start = clock.wallMs() - 30_000;
  const rows = Array.from({ length: serverLimits.auditFires * 2 }, (_, index) => ({ at: start + 1 + index }));
  await db.query(
    `insert into fire (schedule_id, fire_at, outcome, reason, decided_at)
     select s.id, x.at, 'skipped', 'misfire', 0 from ${db.dialect.rows('$1', 'x', { at: 'bigint' })} join schedule s on true`,
    [JSON.stringify(rows)],
  );
  const { expected, fired, unexpected } = await auditOne({ graceMs: 0 });
  assert.deepEqual({ expected, fired, unexpected }, { expected: 3, fired: 3, unexpected: rows.length });
});

test('whatever is fired, changed, paused, resumed and deleted in whatever order, the audit is clean', async () => {
  const specs: ScheduleInput[] = [
    { name: 's', every: '7s' },
    { name: 's', every: '7s', description: 'changed' },
    { name: 's', every: '11s', overlap: 'skip' },
    { name: 's', cron: '*/5 * * * * *', misfire: { policy: 'skip', grace: '3s' } },
    { name: 's', cron: '* * * * *', timezone: 'Asia/Kolkata', misfire: { policy: 'all', max: 2, grace: '0s' } },
    { name: 's', in: '20s' },
    { name: 's', in: '40s', paused: true },
  ];
  const step = fc.oneof(
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
    fc.record({ do: fc.constant('fire' as const) }),
    fc.record({ do: fc.constant('apply' as const), spec: fc.integer({ min: 0, max: specs.length - 1 }) }),
    fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'delete' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { clock, db, definitions, apply, fireAll, audit, close } = await setup();
      for (const one of steps) {
        if (one.do === 'wait') await clock.advance(one.ms);
        else if (one.do === 'fire') await fireAll();
        else if (one.do === 'apply') await apply(specs[one.spec] ?? { name: 's', every: '1m' });
        else {
          const act = {
            pause: () => definitions.schedulePause('ns', 'ann', 's', 'x'),
            resume: () => definitions.scheduleResume('ns', 'ann', 's'),
            delete: () => definitions.deleteJob('ns', 'ann', 'a', { ifMatch: '*' }),
          }[one.do];
          // There may be nothing to act on, or the schedule may be finished.
          await act().catch((error: unknown) => assert.ok(error instanceof Refusal, String(error)));
        }
      }
      await clock.advance(10_000);
      await fireAll();
      const { clean, schedules } = await audit({ graceMs: 0 });
      assert.ok(clean, JSON.stringify(schedules));
      const [ledger] = await db.query<{ rows: number }>('select count(*) as rows from fire');
      assert.equal(
        schedules.reduce((sum, one) => sum + one.expected, 0),
        ledger?.rows,
      );
      await close();
    }),
    { numRuns: 60 },
  );
});
