import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScalerEnds } from '../../ports/conformance/scaler.ts';
import { testScaler } from '../../ports/conformance/scaler.ts';
import { silentLog } from '../../ports/log.ts';
import type { ScaledPool } from '../../ports/scaler.ts';
import { systemClock } from '../system/clock.ts';
import { ProcessScaler } from './process-scaler.ts';

const program = join(import.meta.dirname, 'testing/present-worker.ts');

function poolNamed(name: string): ScaledPool {
  const driver: ScaledPool['driver'] = { kind: 'process', arguments: [] };
  return { id: name, namespace: 'default', name, queues: ['default'], labels: { pool: name }, slots: 2, driver };
}

function setup() {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-processes-'));
  let changes = 0;
  let refuses = false;
  const scaler = new ProcessScaler({
    program: [process.execPath, program, directory, 'worker'],
    environment: { PATH: process.env['PATH'] },
    address: () => 'http://127.0.0.1:1',
    token: () => (refuses ? Promise.reject(new Error('the store is away')) : Promise.resolve('secret')),
    clock: systemClock,
    log: silentLog,
    suffix: () => {
      changes += 1;
      return String(changes).padStart(4, '0');
    },
    most: 20,
  });
  const there = (name: string): string[] => readdirSync(directory).filter((file) => file.startsWith(`${name}-`));
  const settled = async (): Promise<void> => {
    for (;;) {
      const fleets = await Promise.all(['one', 'other'].map((name) => scaler.observe(poolNamed(name))));
      const known = fleets.flatMap(({ machines }) => machines.map(({ worker }) => worker)).toSorted();
      const files = [...there('one'), ...there('other')].toSorted();
      const stopping = fleets.some(({ machines }) => machines.some(({ state }) => state === 'stopping'));
      if (!stopping && known.join() === files.join()) return;
      await sleep(20);
    }
  };
  const close = async (): Promise<void> => {
    await scaler.endAll(10_000, 1000);
    rmSync(directory, { recursive: true, force: true });
  };
  return {
    scaler,
    directory,
    there,
    settled,
    changes: () => changes,
    refuse: (now: boolean) => (refuses = now),
    close,
  };
}

testScaler('process', () => {
  const bench = setup();
  const ends: ScalerEnds = {
    scaler: bench.scaler,
    pool: poolNamed('one'),
    other: poolNamed('other'),
    machines: (pool) => Promise.resolve(bench.there(pool.name)),
    settle: bench.settled,
    changes: bench.changes,
    fault: (kind) => bench.refuse(kind === 'refuses'),
    held: () => Promise.resolve(0),
    boundMs: 10_000,
    close: bench.close,
  };
  return Promise.resolve(ends);
}, [
  { needs: 'silent', reason: 'nothing answers here: processes are started by this process itself' },
  { needs: 'asked', reason: 'nobody is asked what there is: this process knows its children' },
]);

async function until<T>(what: string, look: () => Promise<T | false>): Promise<T> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const seen = await look();
    if (seen !== false) return seen;
    assert.ok(performance.now() < deadline, `not in time: ${what}`);
    await sleep(20);
  }
}

test('a worker that is killed is started again under its own name, and nobody else is', async (t) => {
  const { scaler, there, settled, directory, close } = setup();
  t.after(close);
  const pool = poolNamed('one');
  await scaler.apply(pool, { count: 2, release: [], keep: [] });
  await settled();
  const [name = ''] = there('one');
  const pid = Number(readFileSync(join(directory, name), 'utf8'));
  process.kill(pid, 'SIGKILL');
  const again = await until('it is there again', () => {
    const now = existsSync(join(directory, name)) ? Number(readFileSync(join(directory, name), 'utf8')) : pid;
    return Promise.resolve(now !== pid && now !== 0 ? now : false);
  });
  assert.notEqual(again, pid);
  assert.equal(there('one').length, 2);
});

test('workers that keep dying are started less and less often, are told of with the reason, and can be let go', async (t) => {
  const { scaler, directory, there, close } = setup();
  t.after(close);
  writeFileSync(join(directory, 'crash'), '');
  const pool = poolNamed('one');
  await scaler.apply(pool, { count: 1, release: [], keep: [] });
  const failing = await until('it fails', async () => {
    const [machine] = (await scaler.observe(pool)).machines;
    return machine?.state === 'failing' && machine;
  });
  assert.match(failing.note ?? '', /^it ended 3 times in a row \(exit code 3\): there is no task file$/);
  await scaler.apply(pool, { count: 1, release: [], keep: [] });
  assert.equal((await scaler.observe(pool)).machines.length, 1, 'no other one is started beside it');
  await assert.rejects(scaler.apply({ ...pool, labels: { a: 'b,c' } }, { count: 1, release: [], keep: [] }), {
    code: 'SCALER_FAILED',
  });
  rmSync(join(directory, 'crash'));
  await scaler.apply({ ...pool, slots: 3 }, { count: 1, release: [], keep: [] });
  await until('a changed pool is tried at once', () => Promise.resolve(there('one').length === 1));
  writeFileSync(join(directory, 'crash'), '');
  process.kill(Number(readFileSync(join(directory, there('one')[0] ?? ''), 'utf8')), 'SIGKILL');
  await until('it is dead', async () => (await scaler.observe(pool)).machines[0]?.state === 'starting');
  await scaler.apply(pool, { count: 0, release: [], keep: [] });
  assert.deepEqual((await scaler.observe(pool)).machines, [], 'it works for nobody, so it goes without being named');
});

test('a pool that is gone has its workers end, and no more than the bound are started', async (t) => {
  const { scaler, there, settled, close } = setup();
  t.after(close);
  await scaler.apply(poolNamed('one'), { count: 3, release: [], keep: [] });
  await scaler.apply(poolNamed('other'), { count: 99, release: [], keep: [] });
  await settled();
  assert.equal(there('one').length + there('other').length, 20);
  assert.match((await scaler.observe(poolNamed('other'))).note ?? '', /at most 20 worker processes/);
  await scaler.retain([poolNamed('one')]);
  await settled();
  assert.deepEqual([there('one').length, there('other').length], [3, 0]);
});
