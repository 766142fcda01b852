// What any place for backups must do.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import type { BackupTarget } from '../backup-target.ts';

export interface OpenTarget {
  readonly target: BackupTarget;
  /** No more fits. */
  readonly fill: () => void;
  readonly close: () => Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (found: Uint8Array | null): string | null => (found === null ? null : new TextDecoder().decode(found));

async function keys(target: BackupTarget, prefix: string): Promise<string[]> {
  return (await Array.fromAsync(target.list(prefix))).toSorted();
}

export function testBackupTarget(name: string, open: () => Promise<OpenTarget>): void {
  const tests: Record<string, (opened: OpenTarget) => Promise<void>> = {
    'what was put is there, and is replaced when it is put again': async ({ target }) => {
      assert.equal(await target.get('a/b/c'), null);
      await target.put('a/b/c', bytes('one'));
      assert.equal(textOf(await target.get('a/b/c')), 'one');
      await target.put('a/b/c', bytes('two'));
      assert.equal(textOf(await target.get('a/b/c')), 'two');
      await target.put('empty', new Uint8Array());
      assert.equal((await target.get('empty'))?.length, 0);
    },
    'what is put as new takes no name that is taken, also when many try at once': async ({ target }) => {
      const won = await Promise.all(Array.from({ length: 8 }, (_, n) => target.putNew('one/name', bytes(`${n}`))));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(textOf(await target.get('one/name')), `${won.indexOf(true)}`);
      assert.deepEqual(await keys(target, 'one/'), ['one/name']);
    },
    'lists hold every key that begins so, and no other, over all pages': async ({ target }) => {
      assert.deepEqual(await keys(target, 'x/'), []);
      const made = ['x/1', 'x/2', 'x/a/3', 'x/a/b/4', 'x/odd & <name>+ü', 'xy/5', 'y/x/6', 'x/7', 'x/8'];
      for (const key of made) await target.put(key, bytes(key));
      assert.deepEqual(await keys(target, 'x/'), made.filter((key) => key.startsWith('x/')).toSorted());
      assert.equal(textOf(await target.get('x/odd & <name>+ü')), 'x/odd & <name>+ü');
    },
    'what was deleted is gone, and deleting it again is fine': async ({ target }) => {
      await target.put('k', bytes('v'));
      await target.delete('k');
      await target.delete('k');
      assert.equal(await target.get('k'), null);
      assert.deepEqual(await keys(target, ''), []);
    },
    'the age of what was put just now is told, and that there is none': async ({ target }) => {
      await target.put('young', bytes('x'));
      const ageMs = await target.ageMs('young');
      assert.ok(ageMs !== null && Math.abs(ageMs) < 60_000, `${ageMs}`);
      assert.equal(await target.ageMs('absent'), null);
    },
    'a place that is full says so, and keeps no part': async ({ target, fill }) => {
      await target.put('before', bytes('x'));
      fill();
      await assert.rejects(
        target.put('large', new Uint8Array(8 * 1024 * 1024).fill(7)),
        (error) => error instanceof Refusal && error.code === 'BACKUP_TARGET',
      );
      assert.equal(await target.get('large'), null);
      assert.deepEqual(await keys(target, ''), ['before']);
    },
  };
  describe(`backup target ${name}`, { timeout: 60_000 }, () => {
    for (const [title, run] of Object.entries(tests))
      test(title, async () => {
        const opened = await open();
        try {
          await run(opened);
        } finally {
          await opened.close();
        }
      });
  });
}
