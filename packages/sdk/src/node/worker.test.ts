// The worker as programs use it, in this process and as a process of its own, against a played master on a real socket.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test, { type TestContext } from 'node:test';
import { problemOf, Refusal, type Result } from '@tidewheel/protocol';
import { z } from 'zod';
import { schedule } from '../schedule.ts';
import { task } from '../task.ts';
import { attemptMarker } from './executors/shell-environment.ts';
import { attemptOf } from './executors/executor-harness.test.ts';
import { treeMembers } from './process-tree.ts';
import { socketMaster } from './socket-master.test.ts';
import { worker, type WorkerOptions } from './worker.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const options: WorkerOptions = {
  token: 'secret',
  namespace: 'ns',
  log: quiet,
  handleSignals: false,
  handleUncaught: false,
};
const add = task({
  id: 'add',
  input: z.object({ a: z.number(), b: z.number().default(1) }),
  run: ({ input, log }) => {
    log.info('adding');
    return input.a + input.b;
  },
});
const taskAttempt = (id: string, payload: unknown = null) =>
  attemptOf({ kind: 'task', task: id }, { payload: payload === null ? null : JSON.stringify(payload) });

test('a worker registers its tasks, greets, runs what it is given, and drains', async (t) => {
  const master = await socketMaster(t);
  const hourly = schedule(add, { id: 'hourly', cron: '0 * * * *', input: { a: 1 } });
  const one = worker({
    ...options,
    address: master.url,
    tasks: [add],
    schedules: [hourly],
    slots: 3,
    name: 'w1',
    labels: { gpu: 'no' },
  });
  await one.start();
  const [{ body, token } = assert.fail()] = master.applied;
  assert.equal(token, 'Bearer secret');
  const { source, jobs } = body as { source: string; jobs: { task: string; schedules: { name: string }[] }[] };
  assert.equal(source, 'code/default');
  assert.deepEqual(
    jobs.map((job) => [job.task, job.schedules.map(({ name }) => name)]),
    [['add', ['hourly']]],
  );
  const [hello] = master.hellos;
  assert.deepEqual(
    [hello?.worker, hello?.slots, hello?.handlers, hello?.labels],
    ['w1', 3, ['task:add', 'task:tidewheel.probe'], { gpu: 'no' }],
  );

  const attempt = taskAttempt('add', { a: 2 });
  master.assign(attempt);
  const result = await master.resultOf(attempt.attemptId);
  assert.deepEqual([result.outcome, result.output, result.runId], ['succeeded', '3', attempt.runId]);
  assert.equal(master.of('log')[0]?.text, 'adding\n');
  await one.drain();
  assert.deepEqual(await one.closed, { kind: 'drained' });
  await master.until(() => master.of('bye').length === 1);
});

test('a worker whose token is refused says so from start', async (t) => {
  const refusal = new Refusal('UNAUTHENTICATED', 'the token is unknown');
  const body = JSON.stringify(problemOf(refusal));
  const master = await socketMaster(t, {
    refuse: (socket) =>
      socket.end(
        `HTTP/1.1 401 Unauthorized\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ),
  });
  const one = worker({ ...options, address: master.url, tasks: [add], register: false });
  t.after(() => {
    process.exitCode = undefined;
  });
  await assert.rejects(one.start(), { code: 'UNAUTHENTICATED', message: 'the token is unknown' });
  assert.equal((await one.closed).kind, 'refused');
});

test('a worker reconnects after its connection was cut, and goes on with what it holds', async (t) => {
  const master = await socketMaster(t);
  const release = Promise.withResolvers<void>();
  const slow = task({ id: 'slow', run: () => release.promise });
  const one = await worker({ ...options, address: master.url, tasks: [slow] }).start();
  t.after(() => one.stop());
  const attempt = taskAttempt('slow');
  master.assign(attempt);
  await master.until(() => master.of('started').length === 1);
  master.cut();
  await master.until(() => master.hellos.length === 2);
  assert.deepEqual([master.hellos[1]?.resume, master.hellos[1]?.holding], [true, [attempt.attemptId]]);
  release.resolve();
  assert.equal((await master.resultOf(attempt.attemptId)).outcome, 'succeeded');
});

test('options that make no worker are refused at once', () => {
  assert.throws(() => worker({}), /needs something to run/);
  assert.throws(() => worker({ tasks: [add], slots: 0 }), { code: 'INVALID_CONFIG' });
  assert.throws(() => worker({ tasks: [add], drainTimeout: 'soon' }), { code: 'INVALID_CONFIG' });
  assert.throws(() => worker({ tasks: [add], name: 'no spaces' }), { code: 'INVALID_CONFIG' });
});

/** A program of its own, with the worker's modules at hand. Its last line of output is kept. */
function program(t: TestContext, url: string, text: string) {
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module-typescript', '-e', text], {
    env: { ...process.env, TIDEWHEEL_URL: url, TIDEWHEEL_TOKEN: 'secret' },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: import.meta.dirname,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.after(() => child.kill('SIGKILL'));
  return { child, exited, stderr: () => stderr };
}

const tenLines = `
  import { task, worker } from '@tidewheel/sdk';
  const hello = task({ id: 'hello', run: async () => { await new Promise((done) => setTimeout(done, 300)); return 'hi'; } });
  const broken = task({ id: 'broken', run: () => { setTimeout(() => { throw new Error('late'); }); return new Promise(() => {}); } });
  const stuck = task({ id: 'stuck', run: () => { const end = Date.now() + 10_000; while (Date.now() < end); } });
  const stray = task({ id: 'stray', run: () => 1 });
  await worker({ tasks: [hello, broken, stuck, stray], executors: ['shell'], slots: 5 }).start();
`;

test('ten lines make a worker that finishes what it has on SIGTERM and leaves with code 0', async (t) => {
  const master = await socketMaster(t);
  const { child, exited, stderr } = program(t, master.url, tenLines);
  const attempt = taskAttempt('hello');
  await master.until(() => master.of('ready').length > 0);
  master.assign(attempt);
  await master.until(() => master.of('started').length === 1);
  child.kill('SIGTERM');
  assert.equal((await master.resultOf(attempt.attemptId)).output, '"hi"');
  assert.equal(await exited, 0, stderr());
  assert.deepEqual(
    master.of('bye').map(({ reason }) => reason),
    ['drained'],
  );
});

test('a second signal abandons what runs', async (t) => {
  const master = await socketMaster(t);
  const { child, exited, stderr } = program(t, master.url, tenLines);
  await master.until(() => master.of('ready').length > 0);
  const attempt = attemptOf({ kind: 'shell', argv: ['sleep', '60'], interpreter: [], env: {} });
  master.assign(attempt);
  await master.until(() => master.of('started').length === 1);
  child.kill('SIGINT');
  await master.until(() => master.of('drain').length > 0);
  child.kill('SIGINT');
  assert.equal(await exited, 130, stderr());
  assert.equal(master.of('result').length, 0);
  assert.deepEqual(
    master.of('bye').map(({ reason }) => reason),
    ['stopped'],
  );
});

test('an exception from a timer of a task fails its attempt; one of nobody stops the process with a message', async (t) => {
  const master = await socketMaster(t);
  const first = program(t, master.url, tenLines);
  await master.until(() => master.of('ready').length > 0);
  const attempt = taskAttempt('broken');
  master.assign(attempt);
  const { outcome, error }: Result = await master.resultOf(attempt.attemptId);
  assert.deepEqual([outcome, error?.kind, error?.message], ['failed', 'uncaught', 'late']);
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0, first.stderr());

  const second = program(t, master.url, `${tenLines}; setTimeout(() => { throw new Error('of nobody'); });`);
  assert.equal(await second.exited, 1);
  assert.match(second.stderr(), /belongs to no task.*of nobody/);
});

test('what the processes of an attempt took comes with its result, and the peaks of all with the heartbeats', {
  skip: process.platform === 'linux' ? false : 'only Linux tells what a process group uses',
  timeout: 60_000,
}, async (t) => {
  const master = await socketMaster(t, { heartbeatMs: 100 });
  const { child } = program(t, master.url, tenLines);
  await master.until(() => master.of('ready').length > 0);
  // A child of the shell: what counts is the group. It holds 150 MB and is busy until it has used 1.2 s of the processor.
  const busy =
    'const held = Buffer.alloc(150e6, 1); while (process.cpuUsage().user < 1.2e6) for (let i = 0; i < 3e7; i++) held[0]++;';
  const greedy = attemptOf({
    kind: 'shell',
    script: `"${process.execPath}" -e '${busy}'; sleep 1.2`,
    interpreter: ['/bin/sh'],
    env: {},
  });
  master.assign(greedy);

  const { outcome, usage } = await master.resultOf(greedy.attemptId);
  assert.equal(outcome, 'succeeded');
  assert.ok(usage);
  assert.ok(usage.memoryBytes > 150e6 && usage.memoryBytes < 500e6, String(usage.memoryBytes));
  // Seen after its end, too: the shell has waited for it.
  assert.ok(usage.cpuMs >= 1200 && usage.cpuMs < 10_000, String(usage.cpuMs));
  const {
    memoryBytes = 0,
    peakMemoryBytes = 0,
    usedCpu = 0,
    usedMemoryBytes = 0,
  } = master.of('heartbeat').at(-1)?.stats ?? {};
  assert.ok(peakMemoryBytes >= usage.memoryBytes && peakMemoryBytes > memoryBytes, `${peakMemoryBytes} ${memoryBytes}`);
  assert.ok(usedCpu > 0 && usedMemoryBytes > 0 && usedMemoryBytes <= peakMemoryBytes, `${usedCpu} ${usedMemoryBytes}`);
  const quick = attemptOf({ kind: 'shell', argv: ['true'], interpreter: [], env: {} });
  master.assign(quick);
  assert.equal((await master.resultOf(quick.attemptId)).usage, undefined);
  child.kill('SIGTERM');
});

test('a main loop that hangs keeps its heartbeats, shows that it hangs, and cannot keep a program beyond the lease', {
  timeout: 20_000,
}, async (t) => {
  const master = await socketMaster(t, { leaseTtlMs: 3000, heartbeatMs: 100 });
  const { stderr } = program(t, master.url, tenLines);
  await master.until(() => master.of('ready').length > 0);
  const endless = attemptOf({
    kind: 'shell',
    script: 'trap "" TERM; echo $$; while :; do sleep 1; done',
    interpreter: ['/bin/sh'],
    env: {},
  });
  master.assign(endless);
  const pid = Number((await master.until(() => master.of('log')[0])).text);
  master.assign(taskAttempt('stuck'));
  await master.until(() => master.of('ready').some(({ free }) => free === 3));
  // Two heartbeats without a step of the main loop: no more work is asked for.
  const beats = master.of('heartbeat').length;
  await master.until(() => master.of('ready').at(-1)?.free === 0 && master.of('heartbeat').length > beats + 3);
  const seqs = master
    .of('heartbeat')
    .slice(-3)
    .map(({ mainSeq }) => mainSeq);
  assert.equal(new Set(seqs).size, 1, stderr());
  process.kill(pid, 0);
  // From now on the lease is not renewed. The I/O thread has to end the program by itself.
  master.answerHeartbeats = false;
  const until = performance.now() + 8000;
  const tree = { group: pid, marker: attemptMarker(endless.attemptId) };
  while ((await treeMembers(tree)).length > 0) {
    assert.ok(performance.now() < until, 'the program outlived the lease');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
