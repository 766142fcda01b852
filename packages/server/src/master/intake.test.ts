// What is asked for becomes runs: once under one key, all of a request or none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { finish, openMaster, submitOne } from './testing/bench-master.ts';

test('the same idempotency key makes one run; for another request it is refused', async () => {
  const { bench, master, clock } = await openMaster();
  const first = await submitOne(master, clock, { job: 'noop', idempotencyKey: 'k', payload: 1 });
  const second = await submitOne(master, clock, { job: 'noop', idempotencyKey: 'k', payload: 1 });
  assert.deepEqual(second, { runId: first.runId, created: false });
  await assert.rejects(
    master.intake.submit('default', [{ job: 'noop', idempotencyKey: 'k', payload: 2 }]),
    (error) => error instanceof Refusal && error.code === 'IDEMPOTENCY_MISMATCH',
  );
  const together = await Promise.all(
    [1, 2].map(() => master.intake.submit('default', [{ job: 'noop', idempotencyKey: 'both' }])),
  );
  assert.equal(new Set(together.map(([result]) => result?.runId)).size, 1);
  assert.deepEqual(together.map(([result]) => result?.created).filter(Boolean), [true]);
  await finish(bench, master);
});

test('a request under one key makes its runs once; those with keys of their own keep to them', async () => {
  const { bench, master, clock } = await openMaster();
  const { runId: earlier } = await submitOne(master, clock, { job: 'noop', idempotencyKey: 'own', payload: 1 });
  const requests = [
    { job: 'noop', idempotencyKey: 'own', payload: 1 },
    { job: 'noop', payload: 2 },
    { job: 'noop', idempotencyKey: 'new', payload: 3 },
    { job: 'noop', payload: 4 },
  ];
  const submit = () => master.intake.submit('default', requests, { key: 'all' });
  const [first, second] = await Promise.all([submit(), submit()]);
  const third = await submit();
  const ids = first.map(({ runId }) => runId);
  assert.equal(ids[0], earlier);
  assert.equal(new Set(ids).size, 4);
  for (const again of [second, third])
    assert.deepEqual(
      again.map(({ runId }) => runId),
      ids,
    );
  assert.deepEqual(
    [first, second, third].map((answers) => answers.filter(({ created }) => created).length),
    [3, 0, 0],
  );
  const runs = await bench.context.db.query<{ id: string }>('select id from any_run');
  assert.deepEqual(runs.map(({ id }) => id).toSorted(), ids.toSorted());
  const keys = await bench.context.db.query<{ key: string }>('select key from idempotency order by key');
  assert.deepEqual(
    keys.map(({ key }) => key),
    ['all/0', 'new', 'own'],
  );
  await assert.rejects(
    master.intake.submit('default', requests.slice(1), { key: 'all' }),
    (error) => error instanceof Refusal && error.code === 'IDEMPOTENCY_MISMATCH' && error.message.includes('"all"'),
  );
  await finish(bench, master);
});

test('a batch with one unknown job is refused whole, and harms no request beside it', async () => {
  const { bench, master } = await openMaster();
  const bad = master.intake.submit('default', [{ job: 'noop' }, { job: 'nope' }]);
  const good = master.intake.submit('default', [{ job: 'noop' }]);
  await assert.rejects(
    bad,
    (error) => error instanceof Refusal && error.code === 'UNKNOWN_JOB' && error.faults[0]?.pointer === '/runs/1/job',
  );
  const [result] = await good;
  const runs = await bench.context.db.query<{ id: string }>('select id from any_run');
  assert.deepEqual(
    runs.map((run) => run.id),
    [result?.runId],
  );
  await finish(bench, master);
});
