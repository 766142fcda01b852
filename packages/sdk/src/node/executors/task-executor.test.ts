import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from 'zod';
import { task, type Task } from '../../task.ts';
import type { AttemptResult } from '../../worker/attempts.ts';
import { systemClock } from '../system-clock.ts';
import { attemptOf, execute } from './executor-harness.test.ts';
import { TaskExecutor } from './task-executor.ts';

function run(one: Task, payload?: unknown, fields: Parameters<typeof attemptOf>[1] = {}) {
  const executor = new TaskExecutor(new Map([[one.id, one]]), systemClock);
  const text = payload === undefined ? null : JSON.stringify(payload);
  return { executor, ...execute(executor, attemptOf({ kind: 'task', task: one.id }, { payload: text, ...fields })) };
}

/** What careless code throws. */
const textAsError = JSON.parse('"just text"') as Error;

const failure = async (ended: Promise<AttemptResult>): Promise<string> => {
  const { outcome, error } = await ended;
  return `${outcome} ${error?.kind}: ${error?.message}`;
};

test('a task gets its checked input and its facts, writes lines, and its output is checked JSON', async () => {
  const one = task({
    id: 'one',
    input: z.object({ n: z.number(), unit: z.string().default('m') }),
    output: z.object({ text: z.string().transform((text) => text.toUpperCase()) }),
    run: async ({ input, ctx, log, signal }) => {
      log.info('measuring %d', input.n, { unit: input.unit });
      await Promise.resolve();
      log.warn('attempt', ctx.attempt, 'of', ctx.attemptsMax);
      return { text: `${input.n}${input.unit} ${ctx.job} ${signal.aborted}` };
    },
  });
  const { ended, output } = run(one, { n: 3 }, { attempt: 2 });
  assert.equal((await ended).output, '{"text":"3M THE-JOB FALSE"}');
  assert.equal(output.log, "measuring 3 { unit: 'm' }\nwarning: attempt 2 of 3\n");
});

test('heartbeats keep a quiet task alive, progress is told once for each percent, and a silent one is timed out', async () => {
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const quiet = task({
    id: 'quiet',
    run: async ({ ctx }) => {
      for (let beats = 0; beats < 4; beats += 1) {
        await pause(60);
        if (beats < 2) ctx.heartbeat();
        else ctx.progress(0.501 + beats / 10_000, 'halfway');
      }
      ctx.progress(2);
      return 'done';
    },
  });
  const { ended, output } = run(quiet, null, { heartbeatTimeoutMs: 150 });
  assert.equal((await ended).output, '"done"');
  assert.equal(output.log, 'progress: 50 % halfway\nprogress: 100 %\n');
  const silent = task({
    id: 'silent',
    run: ({ signal }) => new Promise((_, no) => (signal.onabort = () => no(signal.reason as Error))),
  });
  assert.match(
    await failure(run(silent, null, { heartbeatTimeoutMs: 50 }).ended),
    /^timed-out heartbeat-timeout: no sign of progress for 50ms/,
  );
});

test('input, output and errors that are not as declared fail the attempt with their kind', async () => {
  const strict = task({ id: 'strict', input: z.object({ n: z.number() }), run: () => 1 });
  assert.equal(
    await failure(run(strict, { n: 'x' }).ended),
    'failed input-invalid: /n: Invalid input: expected number, received string',
  );
  assert.match(await failure(run(strict).ended), /^failed input-invalid: the value: /);
  // @ts-expect-error a number is not an object
  const wrong = task({ id: 'wrong', output: z.object({}), run: () => 1 });
  assert.match(await failure(run(wrong).ended), /^failed output-invalid/);
  assert.match(
    await failure(run(task({ id: 'big', run: () => 1n })).ended),
    /^failed output-invalid: the output is not JSON: .*BigInt/,
  );
  const throwing = task({
    id: 'throwing',
    run: () => {
      throw new Error('no', { cause: new Error('because') });
    },
  });
  const { error } = await run(throwing).ended;
  assert.equal(error?.message, 'no (because)');
  assert.match(error.stack ?? '', /task-executor\.test/);
  assert.equal(
    await failure(run(task({ id: 'odd', run: () => Promise.reject(textAsError) })).ended),
    'failed thrown: just text',
  );
  assert.equal((await run(task({ id: 'nothing', run: () => undefined })).ended).output, null);
});

test('an asynchronous schema is waited for', async () => {
  const one = task({
    id: 'one',
    input: z.string().refine((text) => Promise.resolve(text === 'yes'), 'say yes'),
    run: ({ input }) => input,
  });
  assert.equal((await run(one, 'yes').ended).output, '"yes"');
  assert.equal(await failure(run(one, 'no').ended), 'failed input-invalid: the value: say yes');
});

test('a cancel aborts the signal, and what the task makes of it is canceled', async () => {
  const one = task({
    id: 'one',
    run: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  });
  const { ended, runner, attemptId } = run(one);
  runner.cancel(attemptId, 'enough');
  assert.equal(await failure(ended), 'canceled canceled: canceled: enough');
});

test('a task that ignores its signal is given up after the grace, and that is said', async () => {
  const one = task({ id: 'one', run: () => new Promise(() => undefined) });
  const { ended } = run(one, undefined, { runTimeoutMs: 10, killGraceMs: 20 });
  assert.equal(
    await failure(ended),
    'timed-out timeout: over its time limit of 10ms; still running: it ignored the abort signal',
  );
});

test('an exception that nobody caught fails the attempt it came from', async () => {
  const executors: TaskExecutor[] = [];
  const one = task({
    id: 'one',
    run: () => {
      // What a timer or an emitter of the task would throw arrives in this context.
      setImmediate(() => executors[0]?.attribute(new Error('from a timer')));
      return new Promise(() => undefined);
    },
  });
  const { ended, executor } = run(one);
  executors.push(executor);
  assert.equal(await failure(ended), 'failed uncaught: from a timer');
  assert.deepEqual(executor.attribute(new Error('from nowhere')), { to: 'nobody', runId: null });
});
