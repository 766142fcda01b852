// A power cut at many moments of a real process that commits: its system calls are recorded, and the disk is put together as it may be
// found after each. What was acknowledged is there, and the file is whole.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from './database.ts';
import { callsOf, Disk } from './testing/disk-after-cut.ts';

const program = join(import.meta.dirname, 'testing/committing-process.ts');
const traced = 'trace=openat,close,pwrite64,write,ftruncate,fsync,fdatasync,unlink';
const transactions = 120;
const cuts = 150;

function straceWorks(): string | false {
  const { status } = spawnSync('strace', ['-e', 'trace=none', 'true'], { stdio: 'ignore' });
  return status === 0 ? false : 'strace is not there, or may not be used';
}

test('nothing that was acknowledged is lost by a power cut, whenever it comes', {
  timeout: 300_000,
  skip: straceWorks(),
}, async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-power-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'store.db');
  const record = join(directory, 'record');
  const node = [process.execPath, '--conditions=source', program, path, String(transactions)];
  const { status, stderr } = spawnSync(
    'strace',
    ['-f', '-xx', '-s', '10000000', '-e', traced, '-e', 'signal=none', '-o', record, ...node],
    { encoding: 'utf8', timeout: 200_000 },
  );
  assert.equal(status, 0, stderr);
  const all = callsOf(readFileSync(record, 'utf8'));
  const calls = all.filter((call) => call.kind !== 'open' || call.path.startsWith(path));
  assert.ok(calls.filter(({ kind }) => kind === 'sync').length >= transactions, 'every commit is synced');

  let state = 20_261_130;
  const chance = (): boolean => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return ((state >>> 16) & 1) === 1;
  };
  const disk = new Disk();
  const step = Math.max(1, Math.floor(calls.length / cuts));
  let looked = 0;
  for (const [index, call] of calls.entries()) {
    disk.play(call);
    if (index % step !== 0 || disk.acknowledged < 0) continue;
    await look(join(directory, `cut-${index}`), disk, chance);
    looked += 1;
  }
  assert.ok(looked > cuts / 2, `${looked} cuts`);
});

async function look(directory: string, disk: Disk, chance: () => boolean): Promise<void> {
  mkdirSync(directory);
  // The index of the log is memory, and is not there after a cut; nor is the lock of the process.
  for (const [path, bytes] of disk.cut(chance))
    if (/\.db(-wal)?$/.test(path)) writeFileSync(join(directory, basename(path)), bytes);
  const db = openSqlite({ path: join(directory, 'store.db'), nowMs: () => 0 });
  try {
    assert.deepEqual(await db.query('pragma integrity_check'), [{ integrity_check: 'ok' }]);
    const rows = await db.query<{ n: number }>('select n from kept order by n');
    assert.ok(rows.length > disk.acknowledged, `${rows.length} rows, acknowledged up to ${disk.acknowledged}`);
    assert.ok(rows.length <= disk.acknowledged + 2, 'no more than the one under way');
    rows.forEach(({ n }, index) => assert.equal(n, index));
  } finally {
    await db.close();
    rmSync(directory, { recursive: true });
  }
}
