// A directory and a store of objects keep what the port promises; requests to S3 are signed as the protocol has it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { testBackupTarget } from '../../ports/conformance/backup-target.ts';
import { directoryTarget } from './directory-target.ts';
import { s3Target } from './s3-target.ts';
import { doubleAccess, startS3Double } from './testing/s3-double.ts';

const mayMount = process.getuid?.() === 0 && process.platform === 'linux';

testBackupTarget('directory', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-target-'));
  const root = join(directory, 'root');
  mkdirSync(root);
  // A disk that can be full.
  if (mayMount) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tidewheel-test', root]);
  return {
    target: directoryTarget(root, randomUUID, Date.now),
    fill: () => {
      if (!mayMount) execFileSync('chmod', ['-R', 'a-w', root]);
    },
    close: async () => {
      if (mayMount) execFileSync('umount', [root]);
      else execFileSync('chmod', ['-R', 'u+w', root]);
      rmSync(directory, { recursive: true });
    },
  };
});

testBackupTarget('S3', async () => {
  const double = await startS3Double();
  return {
    target: s3Target({ ...doubleAccess, endpoint: double.endpoint, prefix: 'pre/fix/' }),
    fill: () => {
      double.capacity = 1000;
    },
    close: () => double.close(),
  };
});

test('S3: a passing failure is asked again, a wrong secret and a bucket that is not there are told', async () => {
  const double = await startS3Double();
  const options = { ...doubleAccess, endpoint: double.endpoint, prefix: '' };
  const target = s3Target(options);
  double.failNext = 2;
  await target.put('k', Uint8Array.of(1));
  assert.equal(double.refusals.length, 2);
  const told = (words: RegExp) => (error: unknown) =>
    error instanceof Refusal && error.code === 'BACKUP_TARGET' && words.test(error.message);
  await assert.rejects(s3Target({ ...options, secretAccessKey: 'other' }).get('k'), told(/SignatureDoesNotMatch/));
  await assert.rejects(s3Target({ ...options, bucket: 'other' }).get('k'), told(/no such bucket/));
  await double.close();
  await assert.rejects(target.get('k'), told(/GET/));
});

test('a directory that is not there does not look like an empty one', async () => {
  const target = directoryTarget(join(tmpdir(), 'tidewheel-nowhere'), randomUUID, Date.now);
  await assert.rejects(
    Array.fromAsync(target.list('backups/')),
    (error) => error instanceof Refusal && error.code === 'BACKUP_TARGET',
  );
});
