// The tasks of the fault workload. Each writes what it does to a file of this process, with the host's time, before it does
// anything else. Lines are written synchronously: what a killed process had done stands there.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunContext, task, type TaskArguments } from '@tidewheel/sdk';

const directory = process.env['FAULTS_TRUTH'];
if (directory === undefined) throw new Error('FAULTS_TRUTH names no directory');
const file = join(directory, `${process.pid}.jsonl`);
const beatMs = 100;

function note(kind: 'start' | 'beat' | 'end', ctx: RunContext, more: object = {}): void {
  const { runId, attempt, attemptId, job, fireAt } = ctx;
  const line = { kind, run: runId, attempt, attemptId, job, fireAt, pid: process.pid, at: Date.now(), ...more };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Runs for so long, with beats, and ends early when it is told to. */
async function lastFor(ms: number, { ctx, signal }: TaskArguments<unknown>): Promise<string> {
  note('start', ctx);
  const beat = setInterval(() => note('beat', ctx), beatMs);
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    });
    note('end', ctx, { how: 'done' });
    return ctx.attemptId;
  } catch (error) {
    note('end', ctx, { how: 'stopped' });
    throw error;
  } finally {
    clearInterval(beat);
  }
}

export const short = task({ id: 'short', run: (task) => lastFor(20, task) });

export const long = task({ id: 'long', timeout: { kill: '1s' }, run: (task) => lastFor(3000, task) });

/** Long enough to be under way whatever happens around it. */
export const enduring = task({ id: 'enduring', timeout: { kill: '1s' }, run: (task) => lastFor(25_000, task) });

/** Goes on until it is canceled. */
export const endless = task({
  id: 'endless',
  timeout: { kill: '1s', run: '5m' },
  run: (task) => lastFor(600_000, task),
});

/** Its first attempt fails. */
export const flaky = task({
  id: 'flaky',
  retry: { attempts: 3, initial: 200, jitter: 'none' },
  run: async (task) => {
    await lastFor(20, task);
    if (task.ctx.attempt === 1) throw new Error('the first attempt fails');
  },
});

export const once = task({ id: 'once', delivery: 'at-most-once', run: (task) => lastFor(1000, task) });

/** Blocks the main loop of the worker for as long as it is told, without a beat. */
export const blocking = task({
  id: 'blocking',
  run: ({ ctx, input }) => {
    note('start', ctx);
    const ms = ctx.attempt === 1 ? Number((input as { ms?: number } | undefined)?.ms ?? 0) : 0;
    const end = performance.now() + ms;
    while (performance.now() < end);
    note('end', ctx, { how: 'done' });
  },
});

/** More log than a full disk can take. */
export const talkative = task({
  id: 'talkative',
  run: async (task) => {
    for (let line = 0; line < 200; line += 1) task.log.info(`line ${line} ${'x'.repeat(200)}`);
    await lastFor(50, task);
  },
});
