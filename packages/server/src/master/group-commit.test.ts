// Group commit: what shares a transaction, what a refusal does to others, where the bound is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { GroupCommit } from './group-commit.ts';

function setup(limits: { batchMost: number; waitingMost: number } = { batchMost: 100, waitingMost: 1000 }) {
  const batches: number[][] = [];
  const gates: (() => void)[] = [];
  const commits = new GroupCommit<number, string>({
    ...limits,
    size: () => 1,
    commit: async (batch) => {
      batches.push([...batch]);
      await new Promise<void>((resolve) => gates.push(resolve));
      return batch.map((item) => (item < 0 ? new Refusal('CONFLICT', `no ${item}`) : `done ${item}`));
    },
  });
  const next = async () => {
    while (gates.length === 0) await Promise.resolve();
    gates.shift()?.();
  };
  return { commits, batches, next };
}

test('what arrives while a commit is in flight shares the next one', async () => {
  const { commits, batches, next } = setup();
  const first = commits.submit(1);
  while (batches.length === 0) await Promise.resolve();
  const others = [commits.submit(2), commits.submit(3)];
  await next();
  await next();
  assert.deepEqual([await first, ...(await Promise.all(others))], ['done 1', 'done 2', 'done 3']);
  assert.deepEqual(batches, [[1], [2, 3]]);
});

test('a refused item harms no other of its batch', async () => {
  const { commits, next } = setup();
  const good = commits.submit(1);
  const bad = commits.submit(-1);
  await next();
  assert.equal(await good, 'done 1');
  await assert.rejects(bad, /no -1/);
});

test('a batch stays within its bound', async () => {
  const { commits, batches, next } = setup({ batchMost: 2, waitingMost: 10 });
  const all = [1, 2, 3, 4, 5].map((item) => commits.submit(item));
  for (let batch = 0; batch < 3; batch += 1) await next();
  await Promise.all(all);
  assert.deepEqual(batches, [[1, 2], [3, 4], [5]]);
});

test('over the bound of waiting items callers are refused, and room comes back', async () => {
  const { commits, next } = setup({ batchMost: 2, waitingMost: 2 });
  const taken = [commits.submit(1), commits.submit(2)];
  await assert.rejects(commits.submit(3), (error) => error instanceof Refusal && error.code === 'TOO_MANY_REQUESTS');
  await next();
  await Promise.all(taken);
  const later = commits.submit(4);
  await next();
  assert.equal(await later, 'done 4');
});

test('drained waits for everything that was submitted', async () => {
  const { commits, next } = setup({ batchMost: 1, waitingMost: 10 });
  const done: string[] = [];
  for (const item of [1, 2]) void commits.submit(item).then((text) => done.push(text));
  const drained = commits.drained();
  await next();
  await next();
  await drained;
  assert.deepEqual(done, ['done 1', 'done 2']);
});
