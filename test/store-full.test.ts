// A disk that is really full, not a pretended one: a file system in memory with little room. New runs are refused with a code and a time to
// come back, what was promised goes on, and nothing that was accepted is lost. Takes the right to mount.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Problem, StoreStatus } from '@tidewheel/protocol';
import { Dev, eventually } from './support/tidewheel.ts';

const mayMount = process.getuid?.() === 0;
/** With the reserve of 256 MiB there is room for some fifty MiB. */
const diskMib = 320;

test('on a disk that fills up new runs are refused, fires and results go on, and nothing that was accepted is lost', {
  timeout: 300_000,
  skip: mayMount ? false : 'only root may mount',
}, async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-full-'));
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}m,mode=700`, 'tidewheel-test', disk]);
  let dev: Dev | null = null;
  context.after(async () => {
    await dev?.end('SIGKILL');
    execFileSync('umount', ['-l', disk]);
    rmSync(directory, { recursive: true });
  });
  const jobs = join(directory, 'jobs.yaml');
  const argv = ['true'];
  writeFileSync(
    jobs,
    JSON.stringify({
      jobs: [
        { name: 'beat', shell: { argv }, schedules: [{ name: 'beat', cron: '* * * * * *' }] },
        { name: 'heavy', shell: { argv } },
      ],
    }),
  );
  dev = await Dev.start(join(disk, 'data'), ['--jobs', jobs]);
  await dev.says(/✓ beat /);
  const { client, access } = dev;
  const accepted: string[] = [];
  const body = JSON.stringify({ job: 'heavy', payload: 'x'.repeat(200_000) });
  // Not by the client, which would wait and ask again.
  const trigger = (): Promise<Response> =>
    fetch(`${access.url}/v1/namespaces/default/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
      body,
    });
  let answer = await trigger();
  for (; answer.ok && accepted.length < 1000; answer = await trigger())
    accepted.push(((await answer.json()) as { runId: string }).runId);
  assert.equal(((await answer.json()) as Problem).code, 'STORE_FULL');
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [507, '30']);
  assert.ok(accepted.length > 20, `${accepted.length} runs were taken before`);
  // What is under way ends, and schedules fire.
  const said = dev.output.length;
  const output = (): string => dev?.output ?? '';
  await eventually('three more fires', () => Promise.resolve(output().slice(said).split('✓ beat').length > 3));
  const told = await dev.command(['store', 'status', '-o', 'json']);
  assert.equal(told.code, 1, told.stderr);
  const status = JSON.parse(told.stdout) as StoreStatus;
  assert.deepEqual([status.level, status.freeOf], ['full', 'disk']);
  const { degraded } = await client.cluster.status();
  assert.ok(degraded.some(({ what }) => what === 'store-full'));
  for (const id of accepted) assert.equal((await client.runs.get(id)).state, 'succeeded');
  const audit = await dev.command(['audit', 'fires', '-o', 'json']);
  assert.equal(audit.code, 0, audit.stdout);
});
