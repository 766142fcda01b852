import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, Refusal } from '@tidewheel/protocol';
import { type ScalerEnds, testScaler } from '../../ports/conformance/scaler.ts';
import type { ScaledPool, Scaler } from '../../ports/scaler.ts';
import { emptyPlatform, type PlatformState } from '../../ports/testing/contract-platform.ts';
import { scaledPool } from '../../ports/testing/scaled-pool.ts';
import { systemClock } from '../system/clock.ts';
import { commandScaler } from './command-scaler.ts';

const program = fileURLToPath(new URL('testing/platform-program.ts', import.meta.url));
const allowed = [process.execPath];
const node = [process.execPath, program];

function poolOf(name: string, command: string[], timeout = 20_000): ScaledPool {
  return scaledPool(name, { kind: 'command', command, timeout });
}

/** Processes that were started with this word. */
function processesWith(word: string): number {
  const lines = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return lines.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
    } catch {
      return false;
    }
  }).length;
}

function home(): string {
  return mkdtempSync(join(tmpdir(), 'tidewheel-command-'));
}

testScaler('command', async (): Promise<ScalerEnds> => {
  const directory = home();
  const path = join(directory, 'platform.json');
  const scaler = commandScaler({ allowed, environment: process.env, clock: systemClock });
  const state = (): PlatformState =>
    existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as PlatformState) : emptyPlatform();
  // Beside the suite's own bound stands what it takes to start a program on a busy machine.
  const timeout = 3000;
  return {
    scaler,
    pool: poolOf('crunch', [...node, path], timeout),
    other: poolOf('print', [...node, path], timeout),
    machines: async ({ name }) => (state().machines[name] ?? []).map(({ worker }) => worker),
    settle: async () => undefined,
    changes: () => state().changes,
    fault: (kind) => (kind === null ? rmSync(`${path}.fault`) : writeFileSync(`${path}.fault`, kind)),
    held: async () => processesWith(directory),
    boundMs: timeout + 4000,
    close: async () => {
      await scaler.close();
      rmSync(directory, { recursive: true });
    },
  };
});

function setup(
  t: TestContext,
  fault: string,
  timeout?: number,
): { scaler: Scaler; pool: ScaledPool; directory: string } {
  const directory = home();
  const environment = { ...process.env, TIDEWHEEL_TOKEN: 'hush', AWS_SECRET_ACCESS_KEY: 'hush' };
  const scaler = commandScaler({ allowed, environment, clock: systemClock });
  t.after(async () => {
    await scaler.close();
    rmSync(directory, { recursive: true });
  });
  return { scaler, pool: poolOf('crunch', [...node, join(directory, 'platform.json'), fault], timeout), directory };
}

async function refusal(work: Promise<unknown>, code: ErrorCode): Promise<string> {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal && error.code === code, String(error));
  return error.message;
}

test('only programs that the configuration names are started', { timeout: 30_000 }, async (t) => {
  const { scaler } = setup(t, '');
  const pool = poolOf('crunch', ['/bin/sh', '-c', 'exit 1']);
  assert.match(
    await refusal(scaler.observe(pool), 'SCALER_NOT_ALLOWED'),
    /names \/bin\/sh, which is not in `scaler\.commands`/,
  );
  assert.match(scaler.refuses?.(pool.driver) ?? '', /names \/bin\/sh/);
  assert.equal(scaler.refuses?.(poolOf('crunch', [...node]).driver), null);
});

test('a program sees no secret of the master', { timeout: 30_000 }, async (t) => {
  const { scaler, pool } = setup(t, 'environment');
  const names = (await refusal(scaler.observe(pool), 'SCALER_FAILED')).split(': ')[1]?.split(' ') ?? [];
  assert.ok(names.includes('TIDEWHEEL_POOL') && names.includes('TIDEWHEEL_NAMESPACE') && names.includes('PATH'));
  assert.deepEqual(
    names.filter((name) => /TOKEN|SECRET/.test(name)),
    [],
  );
});

test('a program that fails is told with what it said', { timeout: 30_000 }, async (t) => {
  const { scaler, pool } = setup(t, 'fails');
  assert.match(
    await refusal(scaler.observe(pool), 'SCALER_FAILED'),
    /it ended with exit code 3: no route to the platform$/,
  );
});

test('one that is too late is ended with all that it has started', { timeout: 30_000 }, async (t) => {
  const { scaler, pool, directory } = setup(t, 'silent', 3000);
  assert.match(await refusal(scaler.observe(pool), 'SCALER_FAILED'), /it took longer than 3s/);
  assert.equal(processesWith(directory), 0);
});

test('what it leaves behind outside of its group is not waited for', { timeout: 30_000 }, async (t) => {
  const { scaler, pool } = setup(t, 'leaves');
  const startedAt = performance.now();
  await scaler.apply(pool, { count: 1, release: [], keep: [] });
  assert.ok(performance.now() - startedAt < 4800, 'it waited for the sleeper');
});

test('one that says too much is ended', { timeout: 30_000 }, async (t) => {
  const { scaler, pool } = setup(t, 'chatters');
  assert.match(await refusal(scaler.observe(pool), 'SCALER_FAILED'), /its answer is larger than \d+ bytes/);
});

test('a program that is not there is told', { timeout: 30_000 }, async (t) => {
  setup(t, '');
  const absent = '/nowhere/at-all';
  const scaler = commandScaler({ allowed: [absent], environment: {}, clock: systemClock });
  assert.match(await refusal(scaler.observe(poolOf('crunch', [absent])), 'SCALER_FAILED'), /there is no such program/);
  await scaler.close();
});
