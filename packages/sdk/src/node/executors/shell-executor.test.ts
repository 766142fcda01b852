// Shell jobs as real processes. Each test waits for the process to say something, never for time.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { limits, type Assign } from '@tidewheel/protocol';
import { treeMembers } from '../process-tree.ts';
import { systemClock } from '../system-clock.ts';
import { attemptOf, execute } from './executor-harness.test.ts';
import { attemptMarker } from './shell-environment.ts';
import { ShellExecutor } from './shell-executor.ts';

type Shell = Extract<Assign['handler'], { kind: 'shell' }>;

function shell(handler: Partial<Shell>, fields: Partial<Assign> = {}) {
  const assign = attemptOf({ kind: 'shell', interpreter: ['/bin/sh', '-e'], env: {}, ...handler }, fields);
  const execution = execute(new ShellExecutor(systemClock), assign);
  const left = (): Promise<number[]> =>
    treeMembers({ group: execution.pids[0] ?? 0, marker: attemptMarker(assign.attemptId) });
  return { ...execution, assign, left };
}

test('a program runs with its arguments as they are, and its output is kept line by line in order', async () => {
  const { ended, order } = shell({ argv: ['printf', '%s\n', 'a b', '$HOME;', 'größe 潮'] });
  const result = await ended;
  assert.equal(result.outcome, 'succeeded');
  assert.equal(result.output, '{"exitCode":0}');
  assert.equal(order.join(''), 'a b\n$HOME;\ngröße 潮\n');
});

test('each line of output is a sign of progress, and a program that says nothing for too long is stopped', async () => {
  const script = 'for i in 1 2 3 4; do sleep 0.2; echo $i; done; sleep 60';
  const { ended, output } = shell({ script }, { heartbeatTimeoutMs: 600 });
  const { outcome, error } = await ended;
  assert.deepEqual([outcome, error?.kind, output.stdout], ['timed-out', 'heartbeat-timeout', '1\n2\n3\n4\n']);
});

test('a script is handed to its interpreter as a private file that is gone afterwards', async () => {
  const { ended, output } = shell({
    script: 'console.log(__filename, require("fs").statSync(__filename).mode.toString(8));\nconsole.error("err");',
    interpreter: [process.execPath],
  });
  assert.equal((await ended).outcome, 'succeeded');
  const [file = '', mode] = output.stdout.trim().split(' ');
  assert.equal(mode, '100600');
  assert.equal(existsSync(file), false);
  assert.equal(output.stderr, 'err\n');
});

test('the environment is clean, with the facts of the attempt, and the payload stands on stdin and in a variable', async () => {
  process.env['TIDEWHEEL_TOKEN'] = 'secret';
  const payload = '{"to":"潮"}';
  const { ended, output, assign } = shell(
    { script: 'cat; echo; env | sort', env: { GREETING: 'ahoy', TIDEWHEEL_RUN_ID: 'forged' } },
    { payload, fireAt: 0, nextFireAt: 3_600_000, previousFireAt: null, schedule: 'hourly', attempt: 2 },
  );
  await ended;
  delete process.env['TIDEWHEEL_TOKEN'];
  const [stdin, ...lines] = output.stdout.trim().split('\n');
  const seen = new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  assert.equal(stdin, payload);
  assert.equal(seen.get('TIDEWHEEL_TOKEN'), undefined);
  assert.deepEqual(
    ['GREETING', 'RUN_ID', 'ATTEMPT', 'FENCE', 'JOB', 'SCHEDULE', 'FIRE_AT', 'PAYLOAD'].map(
      (name) => seen.get(`TIDEWHEEL_${name}`) ?? seen.get(name),
    ),
    ['ahoy', assign.runId, '2', assign.attemptId, 'the-job', 'hourly', '1970-01-01T00:00:00.000Z', payload],
  );
  assert.equal(seen.get('TIDEWHEEL_NEXT_FIRE_AT'), '1970-01-01T01:00:00.000Z');
  assert.equal(seen.has('TIDEWHEEL_PREVIOUS_FIRE_AT'), false);
  assert.equal(seen.get('PATH'), process.env['PATH']);
});

test('a large payload stands on stdin only, and a program need not read it', async () => {
  const payload = JSON.stringify('x'.repeat(200_000));
  const counted = shell({ script: 'wc -c; echo "${TIDEWHEEL_PAYLOAD-unset}"' }, { payload });
  await counted.ended;
  assert.match(counted.output.stdout, /^\s*200002\nunset\n$/);
  const { outcome } = await shell({ argv: ['true'] }, { payload }).ended;
  assert.equal(outcome, 'succeeded');
});

test('failures tell their kind: exit code, signal, missing program, missing directory', async () => {
  const failure = async (handler: Partial<Shell>) => {
    const { error } = await shell(handler).ended;
    return `${error?.kind}: ${error?.message}`;
  };
  assert.equal(await failure({ script: 'exit 7' }), 'exit: exit code 7');
  assert.equal(await failure({ script: 'kill -SEGV $$' }), 'signal: ended by SIGSEGV');
  assert.equal(
    await failure({ argv: ['no-such-program'] }),
    'spawn: the program "no-such-program" was not found on this worker',
  );
  assert.match(
    await failure({ argv: ['true'], cwd: '/no/such/place' }),
    /^spawn: .*the directory \/no\/such\/place is missing$/,
  );
  assert.match(await failure({ argv: ['/etc/passwd'] }), /^spawn: .* may not be executed/);
});

test('an endless line is passed on in pieces, whole characters only', async () => {
  const { ended, output, order } = shell({ script: `head -c 300000 /dev/zero | tr '\\0' 'x'; printf 'ä%.0s' 1 2 3` });
  assert.equal((await ended).outcome, 'succeeded');
  assert.equal(output.stdout, `${'x'.repeat(300_000)}äää`);
  assert.ok(order.every((text) => text.length <= limits.logChunkBytes * 2));
});

test('a job that ignores SIGTERM, with a grandchild that left its group and session, is gone after cancel', {
  timeout: 10_000,
}, async () => {
  const { ended, runner, assign, seen, left } = shell({
    script: `
      trap '' TERM
      setsid sh -c 'trap "" TERM; echo grandchild; while :; do sleep 1; done' &
      while :; do sleep 1; done`,
  });
  await seen('grandchild');
  assert.ok((await left()).length >= 2);
  const began = performance.now();
  runner.cancel(assign.attemptId, 'enough');
  const { outcome, error } = await ended;
  assert.ok(performance.now() - began < 5000);
  assert.equal(outcome, 'canceled');
  assert.match(error?.message ?? '', /^canceled: enough; it was killed after 2s/);
  assert.deepEqual(await left(), []);
});

test('a job that obeys is not made to wait for its grace', { timeout: 10_000 }, async () => {
  const { ended, seen, left } = shell(
    { script: 'trap "echo bye; exit 0" TERM\necho ready\nwhile :; do sleep 0.05; done' },
    { runTimeoutMs: 500, killGraceMs: 60_000 },
  );
  await seen('bye');
  const { outcome, error } = await ended;
  assert.equal(outcome, 'timed-out');
  assert.equal(error?.message, 'over its time limit of 500ms; it ended on SIGTERM');
  assert.deepEqual(await left(), []);
});

test('children that outlive their leader on a cancel are ended too', { timeout: 10_000 }, async () => {
  const { ended, runner, assign, seen, left } = shell(
    { script: `sh -c 'trap "" TERM; echo child; while :; do sleep 0.2; done' &\nwait` },
    { killGraceMs: 300 },
  );
  await seen('child');
  runner.cancel(assign.attemptId, '');
  assert.match((await ended).error?.message ?? '', /killed/);
  assert.deepEqual(await left(), []);
});

test('a background process that keeps the output open does not keep the attempt', { timeout: 10_000 }, async () => {
  const { ended, output, left } = shell({ script: 'sleep 60 & echo done' });
  assert.equal((await ended).outcome, 'succeeded');
  assert.equal(output.stdout, 'done\n');
  assert.match(output.system, /keeps the output open/);
  for (const pid of await left()) process.kill(pid, 'SIGKILL');
});

test('an attempt that is canceled before its program was started never starts it', async () => {
  const { ended, runner, assign, output } = shell({ script: 'echo started' });
  runner.cancel(assign.attemptId, '');
  const { outcome } = await ended;
  assert.equal(outcome, 'canceled');
  assert.equal(output.stdout, '');
});
