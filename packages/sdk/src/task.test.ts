import assert from 'node:assert/strict';
import test from 'node:test';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { schedule } from './schedule.ts';
import { isTask, task, type Task, type TaskInput, type TaskOutput } from './task.ts';

// Types are compared where the compiler sees it; the test file fails the check when they differ.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

const resize = task({
  id: 'image.resize',
  input: z.object({ url: z.string(), width: z.number().default(800) }),
  output: z.object({ key: z.string(), at: z.string().transform(Number) }),
  retry: 5,
  timeout: '5m',
  queue: 'images',
  run: ({ input, ctx, signal }) => {
    same<typeof input, { url: string; width: number }>(true);
    same<typeof signal, AbortSignal>(true);
    return { key: `${input.url}@${input.width}`, at: String(ctx.attempt) };
  },
});

test('callers see the input of the schema, the function its output', () => {
  same<TaskInput<typeof resize>, { url: string; width?: number | undefined }>(true);
  same<TaskOutput<typeof resize>, { key: string; at: number }>(true);
  const plain = task({ id: 'plain', run: async () => ({ done: true }) });
  same<TaskInput<typeof plain>, unknown>(true);
  same<TaskOutput<typeof plain>, { done: boolean }>(true);
  const checked = task({ id: 'checked', input: z.number(), run: ({ input }) => input.toFixed(1) });
  same<TaskOutput<typeof checked>, string>(true);
  same<TaskInput<typeof checked>, number>(true);
  assert.ok(isTask(plain));
  assert.equal(isTask({ id: 'plain' }), false);
});

test('a function that does not give what the output schema takes is refused by the compiler', () => {
  const wrong = task({
    id: 'wrong',
    output: z.object({ key: z.string() }),
    // @ts-expect-error key is missing
    run: () => ({ kye: 'x' }),
  });
  assert.ok(isTask(wrong));
});

test('a task is a job definition with durations as written and the JSON Schema of its input', () => {
  const { inputSchema, ...rest } = resize.definition;
  assert.deepEqual(rest, {
    name: 'image.resize',
    task: 'image.resize',
    retry: { attempts: 5 },
    timeout: { run: '5m' },
    queue: 'images',
  });
  assert.deepEqual(inputSchema?.['required'], ['url']);
});

test('a schema that cannot tell its JSON Schema may be given one', () => {
  const input: StandardSchemaV1<string, number> = {
    '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value: Number(value) }) },
  };
  const inputJsonSchema = { type: 'string' };
  assert.equal(task({ id: 'a', input, run: ({ input: n }) => n + 1 }).definition.inputSchema, undefined);
  assert.equal(task({ id: 'a', input, inputJsonSchema, run: () => 1 }).definition.inputSchema, inputJsonSchema);
  const older = Object.assign({ toJSONSchema: () => ({ type: 'integer' }) }, input);
  assert.deepEqual(task({ id: 'a', input: older, run: () => 1 }).definition.inputSchema, { type: 'integer' });
});

test('a task that is not well defined is refused where it stands', () => {
  assert.throws(() => task({ id: 'no spaces', run: () => 1 }), { code: 'VALIDATION_FAILED' });
  assert.throws(() => task({ id: 'a', timeout: 'soon', run: () => 1 }), { code: 'VALIDATION_FAILED' });
});

test('a schedule carries when and with which input, and refuses an input that its task would refuse', () => {
  const nightly = schedule(resize, {
    id: 'nightly',
    cron: '0 3 * * *',
    timezone: 'Asia/Shanghai',
    overlap: 'skip',
    input: { url: 'a' },
  });
  assert.deepEqual(nightly.definition, {
    name: 'nightly',
    cron: '0 3 * * *',
    timezone: 'Asia/Shanghai',
    overlap: 'skip',
    payload: { url: 'a' },
  });
  // @ts-expect-error the input is missing
  assert.throws(() => schedule(resize, { id: 'x', every: '1m' }), { code: 'VALIDATION_FAILED' });
  // @ts-expect-error url is not a string
  assert.throws(() => schedule(resize, { id: 'x', every: '1m', input: { url: 1 } }), /\/input\/url/);
  assert.throws(() => schedule(resize, { id: 'x', every: '1m', cron: '* * * * *', input: { url: 'a' } }), {
    code: 'VALIDATION_FAILED',
  });
  const free: Task = task({ id: 'free', run: () => 1 });
  assert.equal(schedule(free, { id: 'y', in: '10s' }).definition.payload, undefined);
});
