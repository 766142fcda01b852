// The task of the elastic fleet: it writes what it does to a file of this process, before it does anything else. Lines are written
// synchronously: what a killed process had done stands there.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { task } from '@tidewheel/sdk';

const directory = process.env['ELASTIC_TRUTH'];
if (directory === undefined) throw new Error('ELASTIC_TRUTH names no directory');
const file = join(directory, `${process.pid}.jsonl`);

function note(kind: 'begin' | 'end' | 'stopped', run: string, attempt: number): void {
  appendFileSync(file, `${JSON.stringify({ kind, run, attempt, pid: process.pid, at: Date.now() })}\n`);
}

export const piece = task({
  id: 'piece',
  queue: 'elastic',
  run: async ({ ctx, input, signal }) => {
    const ms = typeof input === 'object' && input !== null && 'ms' in input ? Number(input.ms) : 0;
    note('begin', ctx.runId, ctx.attempt);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        note('stopped', ctx.runId, ctx.attempt);
        reject(signal.reason as Error);
      });
    });
    note('end', ctx.runId, ctx.attempt);
  },
});
