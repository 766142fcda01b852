// Drain: so many no-op jobs wait, then one worker process begins. From the first start of a handler until the system's own store says that
// nothing is left, so every completion counts, and neither the start of a process nor the submitting does.

import type { Measure, MeasureContext } from '../harness/measure.ts';
import type { OpenSystem } from '../systems/system.ts';
import { rate } from '../numbers.ts';
import { bySystem, expectStarts } from './by-system.ts';
import { patienceMs, untilDrained } from './waiting.ts';

/** Jobs of one call while the backlog is made, and calls on their way. */
const batch = 1000;
const callers = 4;

export const drain: Measure = {
  name: 'drain',
  about:
    'No-op jobs wait, then one worker process begins: jobs a second from the first start of a handler until the store of the system says that nothing is left. `enqueue`: how fast they were submitted before, in batches of 1,000, with nobody at work.',
  figures: [
    { name: 'drain', unit: '/s', better: 'more' },
    { name: 'enqueue', unit: '/s', better: 'more' },
  ],
  goals: [
    { figure: 'drain', of: 'tidewheel postgres', than: 'graphile localQueue', times: 1.3 },
    { figure: 'drain', of: 'tidewheel postgres', than: 'bullmq redis', times: 3 },
    { figure: 'drain', of: 'tidewheel postgres', than: 'pg-boss', times: 1.5 },
    { figure: 'drain', of: 'tidewheel sqlite', than: 'tidewheel postgres', times: 1.5 },
  ],
  contenders: bySystem(async (system, context) => {
    const jobs = context.sizes['drain.runs'];
    const enqueue = await fill(system, jobs);
    return { drain: await drainAll(system, context, jobs), enqueue };
  }),
};

/** Jobs a second. */
export async function fill(system: Pick<OpenSystem, 'enqueueBatch'>, jobs: number): Promise<number> {
  const started = performance.now();
  let left = jobs;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      const size = Math.min(batch, left);
      left -= size;
      await system.enqueueBatch(size);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return rate(jobs, performance.now() - started);
}

/** Jobs a second. Nobody is at work yet, and nothing but these jobs waits. */
export async function drainAll(
  system: Pick<OpenSystem, 'work' | 'drained'>,
  context: MeasureContext,
  jobs: number,
): Promise<number> {
  const { desk } = context.services;
  desk.reset();
  await system.work();
  await desk.until(jobs, patienceMs(jobs));
  const end = await untilDrained(system, patienceMs(jobs));
  expectStarts(context, jobs);
  return rate(jobs, end - firstStart(desk.starts));
}

/** Stamps of several handlers need not arrive in order. */
function firstStart(starts: readonly number[]): number {
  return starts.reduce((first, start) => Math.min(first, start), Number.POSITIVE_INFINITY);
}
