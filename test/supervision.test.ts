// `tidewheel worker` with real processes: what hangs, dies or is stopped is found, killed, told and started anew, and what is
// only slow is left alone. Times are printed, because they are promised.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, after, describe, test, type TestContext } from 'node:test';
import type { RunView } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import { compose, serverLog, type System } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { createClient } from '@tidewheel/sdk';
import { eventually, isAlive, Program, programArguments, repositoryRoot, scratch } from './support/tidewheel.ts';

const tasks = join(repositoryRoot, 'test/support/hanging-tasks.ts');
const slowly = { timeout: 120_000 };

/** The child of a supervisor: the process that has it as its parent. */
function childOf(pid: number): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) return Number(name);
    } catch {
      continue;
    }
  }
  return undefined;
}

describe('the supervisor of a worker', { skip: process.platform !== 'linux' && 'looks into /proc' }, () => {
  let system: System;
  let client: Client;
  let token: string;
  const leftovers: (() => void)[] = [];

  before(async () => {
    const directory = scratch({ after: (work) => leftovers.push(work) });
    const config = readConfig({
      flags: { store: `sqlite:${join(directory, 'db')}`, listen: '127.0.0.1:0' },
      env: {},
      file: null,
    });
    system = await compose(config, {
      version: 'test',
      log: serverLog('error'),
      fatal: (error) => assert.fail(String(error)),
    });
    const secretOf = async (role: 'admin' | 'worker') =>
      (await system.store.createToken({ name: role, role, namespace: 'default' })).secret;
    token = await secretOf('worker');
    client = createClient({ address: system.address, token: await secretOf('admin') });
  });
  after(async () => {
    await system.stop();
    for (const work of leftovers) work();
  });

  async function start(t: TestContext, ...more: string[]): Promise<Program> {
    const args = [`--url=${system.address}`, `--tasks=${tasks}`, '--slots=4', ...more];
    const program = new Program([...programArguments, 'worker', ...args], { env: { TIDEWHEEL_TOKEN: token } });
    t.after(async () => {
      program.signal('SIGKILL');
      await program.ended;
    });
    await program.says(/session opened/);
    return program;
  }

  const journalOf = (path: string) =>
    (existsSync(path) ? readFileSync(path, 'utf8') : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { words: string; pid: number; atMs: number });

  const ended = (runId: string, withinMs: number): Promise<RunView> =>
    eventually(
      `run ${runId} ends`,
      async () => {
        const run = await client.runs.get(runId);
        return run.finishedAt !== null && run;
      },
      withinMs,
    );

  test(
    'a task that blocks the main loop is found with its stack, killed, and run again by the next process',
    slowly,
    async (t) => {
      const journal = join(scratch(t), 'journal');
      const program = await start(t);
      const { id: runId } = await client.trigger('hang', { journal });
      const run = await ended(runId, 60_000);
      assert.equal(run.state, 'succeeded');
      const [first, second] = journalOf(journal);
      assert.ok(first !== undefined && second !== undefined && first.pid !== second.pid);
      assert.equal(isAlive(first.pid), false);
      const movedMs = second.atMs - first.atMs;
      t.diagnostic(`hung event loop: runs started elsewhere after ${movedMs} ms`);
      assert.ok(movedMs < 20_000, `moved after ${movedMs} ms`);
      assert.equal(run.attempts[0]?.error?.kind, 'worker-hung');
      assert.match(run.attempts[0]?.error?.stack ?? '', /at spinForEver \(.*hanging-tasks\.ts:\d+:\d+\)/);
      assert.match(program.output, /was killed, because it hung.*spinForEver/s);
    },
  );

  test('what blocks outside JavaScript is killed too, although it has no stack to show', slowly, async (t) => {
    const journal = join(scratch(t), 'journal');
    await start(t);
    const { id: runId } = await client.trigger('wait', { journal });
    const run = await ended(runId, 60_000);
    assert.deepEqual([run.state, run.attempts[0]?.error?.kind], ['succeeded', 'worker-hung']);
    assert.match(run.attempts[0]?.error?.stack ?? '', /blocked outside JavaScript/);
  });

  test('a worker that dies is started again, and its run does not wait for the lease', slowly, async (t) => {
    const journal = join(scratch(t), 'journal');
    const program = await start(t);
    const { id: runId } = await client.trigger('die', { journal });
    const run = await ended(runId, 60_000);
    const [first, second] = journalOf(journal);
    const movedMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
    t.diagnostic(`worker process killed: run started again after ${movedMs} ms`);
    assert.ok(movedMs > 0 && movedMs < 10_000, `moved after ${movedMs} ms`);
    assert.deepEqual([run.state, run.attempts[0]?.error?.kind], ['succeeded', 'worker-crashed']);
    assert.match(program.output, /died: it was ended by SIGKILL/);
  });

  test('a slow loop on a starved machine, and a process stopped for a second, are left alone', slowly, async (t) => {
    const journal = join(scratch(t), 'journal');
    const program = await start(t);
    const { id: runId } = await client.trigger('toil', { journal });
    const first = await eventually('it begins', async () => journalOf(journal)[0], 30_000);
    process.kill(first.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    process.kill(first.pid, 'SIGCONT');
    const run = await ended(runId, 60_000);
    assert.deepEqual([run.state, run.attempt], ['succeeded', 1]);
    assert.doesNotMatch(program.output, /was killed|stands still/);
  });

  test(
    'shell jobs of a process that is stopped for good are killed before masters give them away',
    slowly,
    async (t) => {
      const journal = join(scratch(t), 'journal');
      const program = await start(t);
      const script = `echo "{\\"words\\":\\"begin\\",\\"pid\\":$$,\\"atMs\\":$(date +%s%3N)}" >> ${journal}; exec sleep 30`;
      await client.apply({ jobs: [{ name: 'sleeper', shell: { script } }] });
      const { id: runId } = await client.trigger('sleeper');
      const first = await eventually('it begins', async () => journalOf(journal)[0]);
      const worker = childOf(program.pid);
      assert.ok(worker !== undefined);
      const stoppedAt = Date.now();
      process.kill(worker, 'SIGSTOP');
      await eventually('its job is killed', async () => !isAlive(first.pid), 30_000);
      const killedMs = Date.now() - stoppedAt;
      const second = await eventually('it begins again', async () => journalOf(journal)[1], 30_000);
      t.diagnostic(
        `stopped worker: its job killed after ${killedMs} ms, run started again after ${second.atMs - stoppedAt} ms`,
      );
      assert.ok(killedMs < 12_000, `killed after ${killedMs} ms`);
      assert.ok(second.atMs - stoppedAt < 18_000);
      assert.match(program.output, /was silent/);
      const run = await client.runs.get(runId);
      assert.equal(run.attempts[0]?.error?.kind, 'worker-silent');
      await client.runs.cancel(runId);
    },
  );

  test('signals are passed on: a drain ends the supervisor with the exit code of the worker', slowly, async (t) => {
    const program = await start(t);
    const worker = childOf(program.pid) ?? 0;
    const { code } = await program.end('SIGTERM');
    assert.equal(code, 0);
    assert.equal(isAlive(worker), false);
  });

  test('a worker whose supervisor was killed does not stay behind, not even when its loop hangs', slowly, async (t) => {
    const journal = join(scratch(t), 'journal');
    const program = await start(t);
    const { id: runId } = await client.trigger('hang', { journal });
    const { pid } = await eventually('it hangs', async () => journalOf(journal)[0]);
    await program.end('SIGKILL');
    await eventually('the worker is gone', async () => !isAlive(pid), 15_000);
    await client.runs.cancel(runId);
  });

  test('a worker that no master will have ends its supervisor with the same exit code', slowly, async () => {
    const args = [`--url=${system.address}`, '--log-level=error'];
    const program = new Program([...programArguments, 'worker', ...args], { env: { TIDEWHEEL_TOKEN: 'twk_wrong' } });
    const { code } = await program.ended;
    assert.equal(code, 5);
  });
});
