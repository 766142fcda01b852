// The SDK against real masters: tasks by their types, workers that lose their master, workers that stop for longer than their
// lease. Masters are composed in this process; workers that are to be stopped are processes of their own.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createClient, RunFailed, schedule, task, worker, type Client, type WorkerLog } from '@tidewheel/sdk';
import { z } from 'zod';
import { compose, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { createDatabase } from './support/postgres.ts';
import { eventually, Program, scratch } from './support/tidewheel.ts';

const quiet: WorkerLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const calm = { log: quiet, handleSignals: false, handleUncaught: false };

async function open(store: string, flags: Record<string, string> = {}): Promise<System> {
  const config = readConfig({ flags: { store, listen: '127.0.0.1:0', ...flags }, env: {}, file: null });
  return compose(config, {
    version: 'test',
    log: silentLog,
    fatal: (error) => {
      throw error;
    },
  });
}

async function setup(context: TestContext, flags: Record<string, string> = {}) {
  const system = await open(`sqlite:${join(scratch(context), 'tidewheel.db')}`, flags);
  context.after(() => system.stop());
  return { system, ...(await accessTo(system)) };
}

async function accessTo(
  system: System,
  addresses: readonly string[] = [system.address],
): Promise<{ client: Client; workerToken: string }> {
  const token = async (role: 'operator' | 'worker'): Promise<string> =>
    (await system.store.createToken({ name: role, role, namespace: 'default' })).secret;
  const client = createClient({ addresses, token: await token('operator') });
  return { client, workerToken: await token('worker') };
}

const convert = task({
  id: 'convert',
  input: z.object({ metres: z.number(), digits: z.number().default(1) }),
  output: z.object({ feet: z.string() }),
  run: ({ input, log }) => {
    log.info('converting', input.metres);
    return { feet: (input.metres * 3.28084).toFixed(input.digits) };
  },
});

test('a task is triggered by its type, alone and in batches; its result, log and failures come back', {
  timeout: 30_000,
}, async (context) => {
  const { system, client, workerToken } = await setup(context);
  const flaky = task({
    id: 'flaky',
    retry: { attempts: 2, initial: 1 },
    run: ({ ctx }) => {
      if (ctx.attempt === 1) throw new Error('not yet');
      return ctx.attempt;
    },
  });
  const failing = task({ id: 'failing', run: () => Promise.reject(new Error('never')) });
  const waiting = task({
    id: 'waiting',
    run: ({ signal, log }) => {
      log.info('waiting');
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    },
  });
  const ticking = schedule(convert, { id: 'ticking', every: '1s', input: { metres: 5 } });
  const tasks = [convert, flaky, failing, waiting];
  const one = await worker({
    ...calm,
    address: system.address,
    token: workerToken,
    tasks,
    schedules: [ticking],
  }).start();
  context.after(() => one.stop());

  const run = await client.trigger(convert, { metres: 10 }, { idempotencyKey: 'k' });
  const { feet } = await run.result({ timeoutMs: 10_000 });
  assert.equal(feet, '32.8');
  assert.equal((await client.trigger(convert, { metres: 10 }, { idempotencyKey: 'k' })).id, run.id);
  const chunks = await Array.fromAsync(client.runs.follow(run.id));
  assert.deepEqual(
    chunks.map(({ chunk }) => [chunk.stream, chunk.text]),
    [['log', 'converting 10\n']],
  );

  const batch = await client.triggerBatch(convert, [{ input: { metres: 1 } }, { input: { metres: 2, digits: 0 } }]);
  const results = await Promise.all(batch.map((handle) => handle.result({ timeoutMs: 10_000 })));
  assert.deepEqual(results, [{ feet: '3.3' }, { feet: '7' }]);

  assert.equal(await (await client.trigger(flaky)).result({ timeoutMs: 10_000 }), 2);
  await assert.rejects((await client.trigger(failing)).result({ timeoutMs: 10_000 }), (error) => {
    return error instanceof RunFailed && error.state === 'failed' && error.error?.message === 'never';
  });

  const endless = await client.trigger(waiting);
  for await (const { chunk } of client.runs.follow(endless.id)) if (chunk.text === 'waiting\n') break;
  await endless.cancel('enough');
  const canceled = await endless.finished({ timeoutMs: 10_000 });
  assert.deepEqual([canceled.state, canceled.error?.message], ['canceled', 'canceled: enough']);

  const fired = await eventually('the schedule of the code fires', async () => {
    const [latest] = await client.runs.list({ schedule: 'ticking', state: 'succeeded' }).take(1);
    return latest;
  });
  assert.equal(fired.trigger, 'schedule');
});

test('a worker whose master stops goes on at another: the same attempt, one outcome', {
  timeout: 60_000,
}, async (context) => {
  const database = await createDatabase();
  context.after(() => database.drop());
  const systems = [await open(database.url), await open(database.url)];
  context.after(() => Promise.all(systems.map((system) => system.stop())));
  const addresses = systems.map((system) => system.address);
  const { client, workerToken } = await accessTo(systems[0] ?? assert.fail(), addresses);
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<string>();
  const long = task({
    id: 'long',
    run: () => {
      begun.resolve();
      return release.promise;
    },
  });
  const one = await worker({ ...calm, addresses, token: workerToken, tasks: [long] }).start();
  context.after(() => one.stop());
  const [before] = await client.workers.list().take(1);
  const run = await client.trigger(long);
  await begun.promise;
  await systems.find((system) => system.master.id === before?.master)?.stop();
  release.resolve('done');
  assert.equal(await run.result({ timeoutMs: 20_000 }), 'done');
  const { attempts } = await run.status();
  assert.deepEqual(
    attempts.map(({ outcome, sessionId }) => [outcome, sessionId]),
    [['succeeded', before?.sessionId]],
  );
});

test('a worker that stands still for longer than its lease loses its attempts, and comes back as another session', {
  timeout: 60_000,
}, async (context) => {
  const { system, client, workerToken } = await setup(context, { 'session-ttl': '3s', heartbeat: '500ms' });
  const program = join(import.meta.dirname, 'support/slow-worker.ts');
  const env = { TIDEWHEEL_URL: system.address, TIDEWHEEL_TOKEN: workerToken };
  const sleeper = new Program(['--conditions=source', program], { env });
  context.after(() => sleeper.end('SIGKILL'));
  await sleeper.says(/session opened/);
  const run = await client.trigger('slow');
  await sleeper.says(/attempt 1 begins/);
  sleeper.signal('SIGSTOP');
  await eventually('the attempt is lost', async () => (await run.status()).attempts[0]?.outcome === 'lost');
  sleeper.signal('SIGCONT');
  await sleeper.says(/attempt 1 is told to stop/);
  await sleeper.says(/attempt 2 begins/);
  assert.equal(await run.result({ timeoutMs: 20_000 }), 2);
  const { attempts } = await run.status();
  assert.deepEqual(
    attempts.map(({ outcome }) => outcome),
    ['lost', 'succeeded'],
  );
  assert.notEqual(attempts[0]?.sessionId, attempts[1]?.sessionId);
});

test('a worker does not take over a job that a file declares, unless it is told to', { timeout: 60_000 }, async (t) => {
  const { system, client, workerToken } = await setup(t);
  await client.apply({ jobs: [{ name: 'convert', task: 'convert', priority: 7 }] });
  const options = { address: system.address, token: workerToken, tasks: [convert], ...calm };
  const refused = worker(options);
  await assert.rejects(refused.start(), {
    code: 'OTHER_SOURCE',
    message: /by the source "file", not by "code\/default"/,
  });
  assert.equal((await client.jobs.get('convert')).definition['priority'], 7);
  const taking = worker({ ...options, takeOver: true });
  t.after(() => taking.stop());
  await taking.start();
  assert.equal((await client.jobs.get('convert')).definition['priority'], 0);
});
