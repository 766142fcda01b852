// Probes through a whole system: they are answered by every worker, seen by no user, and tell when a worker that looks well is not.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '@tidewheel/sdk';
import { compose } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { eventually, Program, programArguments, repositoryRoot, scratch } from './support/tidewheel.ts';

test('probes cross the whole path, and a worker that hangs is found by the one it does not answer', {
  timeout: 120_000,
}, async (t) => {
  const directory = scratch(t);
  const flags = { store: `sqlite:${join(directory, 'db')}`, listen: '127.0.0.1:0' };
  const system = await compose(readConfig({ flags, env: {}, file: null }), {
    version: 'test',
    log: silentLog,
    fatal: (error) => assert.fail(String(error)),
  });
  t.after(() => system.stop());
  const secretOf = async (role: 'admin' | 'worker', namespace: string) =>
    (await system.store.createToken({ name: role, role, namespace })).secret;
  const admin = await secretOf('admin', '*');
  const client = createClient({ address: system.address, token: admin });
  const tasks = join(repositoryRoot, 'test/support/hanging-tasks.ts');
  const worker = new Program(
    [...programArguments, 'worker', `--url=${system.address}`, `--tasks=${tasks}`, '--no-supervise'],
    { env: { TIDEWHEEL_TOKEN: await secretOf('worker', 'default') } },
  );
  t.after(() => worker.end('SIGKILL'));
  await worker.says(/session opened/);
  const ask = async (path: string) =>
    (await fetch(system.address + path, { headers: { authorization: `Bearer ${admin}` } })).text();

  const sum = await eventually(
    'a probe comes back',
    async () => /^tidewheel_probe_seconds_sum\{namespace="default"\} (\S+)/m.exec(await ask('/metrics'))?.[1],
    40_000,
  );
  t.diagnostic(`the first probes took ${sum} s together`);
  assert.ok(Number(sum) < 3);
  const late = async () => {
    const { checks } = JSON.parse(await ask('/v1/self-check')) as { checks: { check: string; samples: string[] }[] };
    return checks.find(({ check }) => check === 'probe-late')?.samples[0];
  };
  assert.equal(await late(), undefined);

  // Nobody who does not ask for it sees anything of it.
  assert.doesNotMatch(await ask('/v1/namespaces'), /"tidewheel"/);
  assert.doesNotMatch(await ask('/v1/namespaces/default/workers'), /probe/);
  assert.deepEqual((await client.runs.list().page()).items, []);

  await client.trigger('hang', { journal: join(directory, 'journal') });
  const hungAt = performance.now();
  const said = await eventually('the probe is late', late, 40_000);
  t.diagnostic(`hung worker found by a probe after ${Math.round(performance.now() - hungAt)} ms: ${said}`);
  assert.match(said, /^default: (not dispatched|claimed, and not begun)/);
});
