// One master makes backups of a bench's store: what it holds of the target, and what it forgets.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { chunkSeal } from '../drivers/archive/chunk-seal.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { type Database, OutcomeUnknown } from '../ports/database.ts';
import { logicalImage } from './backup/logical.ts';
import type { BackupMeans } from './backup/means.ts';
import { BackupRepository } from './backup/repository.ts';
import { MemoryTarget } from './backup/testing/memory-target.ts';
import { Backups } from './backups.ts';
import { openBench } from './testing/bench-context.ts';

const refuses = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.code === code && words.test(error.message);

async function setup(t: TestContext) {
  const bench = await openBench();
  t.after(() => bench.close());
  const target = new MemoryTarget();
  const seal = chunkSeal([], systemIdentity.secret);
  const { db } = bench.context;
  const fate = { begin: 'done', renewals: 'answered' };
  const store: Database = {
    ...db,
    query: (sql, params) =>
      fate.renewals === 'lost' && sql.startsWith('update lease set renewed_at')
        ? Promise.reject(new OutcomeUnknown('no answer'))
        : db.query(sql, params),
    transaction: (work, options) =>
      fate.begin === 'lost' ? Promise.reject(new OutcomeUnknown('no answer')) : db.transaction(work, options),
  };
  const means: BackupMeans = {
    targetName: 'memory',
    everyMs: 1000,
    keep: 1,
    repository: () => new BackupRepository(target, seal),
    image: () => logicalImage(db),
    scratch: () => Promise.reject(new Refusal('BACKUP_FAILED', 'no scratch here')),
  };
  const backups = new Backups({ ...bench.context, db: store, backups: means });
  return { backups, bench, fate, target };
}

test('a backup whose begin has no known outcome lets the target go, so that the next one can be made', async (t) => {
  const { backups, fate } = await setup(t);
  fate.begin = 'lost';
  await assert.rejects(backups.begin({ kind: 'logical', by: 'test' }), OutcomeUnknown);
  fate.begin = 'done';
  await backups.begin({ kind: 'logical', by: 'test' });
  await backups.idle();
});

test('nothing is pruned once the lease of the target may be over, although the store does not say so', async (t) => {
  const { backups, bench, fate, target } = await setup(t);
  await target.put('chunks/plain/aa/unheld', new Uint8Array());
  fate.renewals = 'lost';
  const ageMs = target.ageMs.bind(target);
  // The target is slow: the lease ends before the piece goes.
  target.ageMs = async (key) => {
    await bench.clock.advance(60_000);
    return ageMs(key);
  };
  await assert.rejects(backups.prune(), refuses('BACKUP_FAILED', /lease/));
  assert.equal(target.objects.size, 1);
});

test('nothing goes, the log not either, while a backup cannot be read: what it needs is not known', async (t) => {
  const { backups, target } = await setup(t);
  await target.put('wal/7/000000010000000000000003.json', new Uint8Array());
  await target.put(`backups/${systemIdentity.next()}.json`, new TextEncoder().encode('{'));
  await assert.rejects(backups.prune(), refuses('BACKUP_CORRUPT', /nothing is freed/));
  assert.equal(target.objects.size, 2);
});
