// Advice on resources from the command line, and its patch as Kubernetes would apply it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { applyRequestSchema } from '@tidewheel/protocol';
import { parse } from 'yaml';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { seedId, seedSession } from '../packages/server/src/store/testing/seed.ts';
import { captured } from './support/captured-terminal.ts';
import { type PodSpec, rendered } from './support/deploy-files.ts';
import { kubernetesTools, noTools } from './support/kubernetes-tools.ts';

const home = mkdtempSync(join(tmpdir(), 'tidewheel-advice-'));
const mebi = 1024 ** 2;
let system: System;
let env: Record<string, string>;

before(async () => {
  const flags = { store: `sqlite:${join(home, 'tidewheel.db')}`, listen: '127.0.0.1:0' };
  const config = readConfig({ flags, env: {}, file: null });
  system = await compose(config, { version: 'test', log: silentLog, fatal: (error) => assert.fail(String(error)) });
  const driver = { kind: 'kubernetes', namespace: 'tidewheel', name: 'tidewheel-batch' };
  const pools = [
    { name: 'batch', labels: { pool: 'batch' }, max: 9, enabled: false, driver: { kind: 'none' } },
    { name: 'unknown', labels: { pool: 'unknown' }, max: 9, enabled: false },
  ];
  await system.master.definitions.apply('default', 'test', applyRequestSchema.parse({ jobs: [], pools }), {
    role: 'admin',
  });
  const { db } = system.store;
  // Declared past the check of what this master may scale: nothing is scaled here.
  const [row] = await db.query<{ definition: string }>(`select definition from pool where name = 'batch'`);
  const definition = {
    ...(JSON.parse(row?.definition ?? '{}') as object),
    driver: { workload: 'Deployment', ...driver },
  };
  await db.query(`update pool set definition = $1 where name = 'batch'`, [JSON.stringify(definition)]);
  for (let count = 0; count < 20; count += 1) {
    const id = await seedSession(db, seedId(), 600_000, { worker: `w-${count}`, labels: { pool: 'batch' } });
    const stats = { peakCpu: 0.4, peakMemoryBytes: (count === 19 ? 900 : 400) * mebi };
    await db.query('update session set stats = $2 where id = $1', [id, JSON.stringify(stats)]);
  }
  const { secret } = await system.store.createToken({ name: 'me', role: 'viewer', namespace: 'default' });
  env = { TIDEWHEEL_URL: system.address, TIDEWHEEL_TOKEN: secret };
});
after(async () => {
  await system.stop();
  rmSync(home, { recursive: true });
});

test('advice names what is known, the range, requests and limits', async () => {
  const { stdout, code } = await captured(['pool', 'advise', 'batch'], { env });
  assert.equal(code, 0);
  assert.match(stdout, /By 20 workers of the last day/);
  assert.match(stdout, /requests +cpu 4\d\dm, memory 4\d\dMi/);
  assert.match(stdout, /limits +memory 1035Mi/);
  const json = await captured(['pool', 'advise', 'batch', '-o', 'json'], { env });
  assert.equal((JSON.parse(json.stdout) as { workers: number }).workers, 20);
});

test('the patch changes the resources of the container, and nothing else', { skip: noTools ?? false }, async () => {
  const tools = kubernetesTools();
  const patch = join(home, 'patch.yaml');
  const { code, stderr } = await captured(['pool', 'advise', 'batch', '--patch', patch], { env });
  assert.equal(code, 0, stderr);
  const before = rendered(tools, 'scaler').find(({ kind }) => kind === 'Deployment');
  assert.ok(before);
  const file = join(home, 'deployment.json');
  writeFileSync(file, JSON.stringify(before));
  const patched = tools.kubectl(
    'patch',
    '--local',
    '-f',
    file,
    '--type',
    'strategic',
    '--patch-file',
    patch,
    '-o',
    'json',
  );
  const { spec } = JSON.parse(patched) as { spec: { template: { spec: PodSpec } } };
  const [container] = spec.template.spec.containers;
  const { resources } = (
    parse(readFileSync(patch, 'utf8')) as { spec: { template: { spec: { containers: [{ resources: object }] } } } }
  ).spec.template.spec.containers[0];
  const { spec: was } = before as unknown as { spec: { template: { spec: PodSpec } } };
  assert.deepEqual(container, { ...was.template.spec.containers[0], resources });
  assert.deepEqual({ ...spec.template.spec, containers: [] }, { ...was.template.spec, containers: [] });
});

test('without peaks, or without a workload to patch, it says so', async () => {
  const unknown = await captured(['pool', 'advise', 'unknown'], { env });
  assert.match(unknown.stdout, /No worker of the pool has told of its peaks/);
  const none = await captured(['pool', 'advise', 'unknown', '--patch', '-'], { env });
  assert.notEqual(none.code, 0);
  assert.match(none.stderr, /driver of the pool is none; say what is patched by --workload/);
  const named = await captured(
    ['pool', 'advise', 'batch', '--patch', '-', '--workload', 'statefulset/mine', '--container', 'app'],
    { env },
  );
  assert.partialDeepStrictEqual(parse(named.stdout), { kind: 'StatefulSet', metadata: { name: 'mine' } });
  assert.match(
    (await captured(['pool', 'advise', 'batch', '--patch', '-', '--workload', 'pod/x'], { env })).stderr,
    /expected deployment\/NAME/,
  );
  assert.equal((await captured(['pool', 'advise', 'nothing'], { env })).code, 3);
});
