// Runs one attempt through a real executor and waits for its end.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Assign } from '@tidewheel/protocol';
import { AttemptRunner } from '../../worker/attempt-runner.ts';
import type { AttemptResult } from '../../worker/attempts.ts';
import type { Executor } from '../../worker/executor.ts';
import { systemClock, systemRandom } from '../system-clock.ts';

export function attemptOf(handler: Assign['handler'], fields: Partial<Assign> = {}): Assign {
  return {
    type: 'assign',
    runId: systemRandom.uuid(),
    attemptId: systemRandom.uuid(),
    attempt: 1,
    attemptsMax: 3,
    namespace: 'default',
    job: 'the-job',
    jobVersion: 1,
    handler,
    payload: null,
    runTimeoutMs: null,
    killGraceMs: 2000,
    schedule: null,
    fireAt: null,
    ...fields,
  };
}

/** `seen(text)` resolves as soon as the output of a stream contains it. */
export function execute(executor: Executor, assign: Assign) {
  const ended = Promise.withResolvers<AttemptResult>();
  const output = { stdout: '', stderr: '', log: '', system: '' };
  const order: string[] = [];
  const waiting: { text: string; resolve: () => void }[] = [];
  const pids: number[] = [];
  const runner = new AttemptRunner(
    { [assign.handler.kind]: executor },
    {
      started: () => undefined,
      log: (_, stream, __, text) => {
        output[stream] += text;
        order.push(text);
        for (const { text: wanted, resolve } of waiting) if (output.stdout.includes(wanted)) resolve();
      },
      result: (result) => ended.resolve(result),
      spawned: (_, pid) => void pids.push(pid),
      gone: () => undefined,
    },
    systemClock,
  );
  runner.start(assign);
  const seen = (text: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (output.stdout.includes(text)) resolve();
    else waiting.push({ text, resolve });
    return promise;
  };
  return { runner, attemptId: assign.attemptId, ended: ended.promise, output, order, seen, pids };
}

test('an executor that ends in its start is understood', async () => {
  const executor: Executor = {
    start(_, report) {
      report.end({ kind: 'done', output: null });
      return { stop: () => undefined };
    },
  };
  const { ended } = execute(executor, attemptOf({ kind: 'task', task: 't' }));
  assert.equal((await ended).outcome, 'succeeded');
});
