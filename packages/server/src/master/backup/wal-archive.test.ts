import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkSeal } from '../../drivers/archive/chunk-seal.ts';
import { systemIdentity } from '../../drivers/system/identity.ts';
import { BackupRepository } from './repository.ts';
import { MemoryTarget } from './testing/memory-target.ts';
import { walEntry, walNames, walPush, walRelease } from './wal-archive.ts';

const segment = '000000010000000000000003';

async function* content(byte: number): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3000).fill(byte);
}

test('a piece of the log whose entry is not written yet is not pruned from under it', async () => {
  const target = new MemoryTarget();
  const repository = () => new BackupRepository(target, chunkSeal([], systemIdentity.secret));
  // PostgreSQL archives beside whoever prunes: its pieces are there, its entry comes when the prune has looked.
  const putNew = target.putNew.bind(target);
  const pruned = Promise.withResolvers<number>();
  target.putNew = async (key, bytes) => {
    for (const piece of target.objects.keys()) target.young.add(piece);
    const pruner = repository();
    pruned.resolve(await pruner.prune([], await walRelease(pruner, [])));
    return putNew(key, bytes);
  };
  assert.equal(await walPush(repository(), '7', segment, content(1)), true);
  assert.equal(await pruned.promise, 0);
  const entry = await walEntry(repository(), '7', segment);
  assert.ok(entry !== null);
  const bytes = await Array.fromAsync(repository().read(entry, entry.file));
  assert.equal(Buffer.concat(bytes).length, 3000);
});

test('what nobody holds goes when it is no longer young', async () => {
  const target = new MemoryTarget();
  const repository = new BackupRepository(target, chunkSeal([], systemIdentity.secret));
  await walPush(repository, '7', segment, content(2));
  assert.deepEqual(await walNames(repository, '7'), [segment]);
  await target.delete(`wal/7/${segment}.json`);
  for (const key of target.objects.keys()) target.young.add(key);
  assert.equal(await repository.prune([], []), 0);
  target.young.clear();
  assert.equal(await repository.prune([], []), 1);
  assert.equal(target.objects.size, 0);
});
