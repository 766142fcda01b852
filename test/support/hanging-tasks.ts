// Tasks for tests of supervision: each tells in the file that its payload names what it does, so that a test need not believe
// the masters. `hang` blocks the main loop in its first attempt and answers in its second.

import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { task } from '@tidewheel/sdk';
import { z } from 'zod';

const input = z.object({ journal: z.string() });
const note = (journal: string, words: string): void =>
  appendFileSync(journal, `${JSON.stringify({ words, pid: process.pid, atMs: Date.now() })}\n`);

export function spinForEver(): never {
  for (;;);
}

export const hang = task({
  id: 'hang',
  input,
  run: ({ input: { journal }, ctx }) => {
    note(journal, `attempt ${ctx.attempt}`);
    if (ctx.attempt === 1) spinForEver();
    return ctx.attempt;
  },
});

/** Blocked where no debugger reaches it. */
export const wait = task({
  id: 'wait',
  input,
  run: ({ input: { journal }, ctx }) => {
    note(journal, `attempt ${ctx.attempt}`);
    if (ctx.attempt === 1) execFileSync('sleep', ['600']);
    return ctx.attempt;
  },
});

export const die = task({
  id: 'die',
  input,
  run: ({ input: { journal }, ctx }) => {
    note(journal, `attempt ${ctx.attempt}`);
    if (ctx.attempt === 1) process.kill(process.pid, 'SIGKILL');
    return ctx.attempt;
  },
});

/** Busy for a long time, but it lets the loop turn every half second, while others take the processors away from it. */
export const toil = task({
  id: 'toil',
  input,
  run: async ({ input: { journal }, ctx }) => {
    note(journal, `attempt ${ctx.attempt}`);
    const rivals = Array.from({ length: 6 }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    const until = performance.now() + 12_000;
    while (performance.now() < until) {
      const pause = performance.now() + 500;
      while (performance.now() < pause);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const rival of rivals) rival.kill('SIGKILL');
    return ctx.attempt;
  },
});
