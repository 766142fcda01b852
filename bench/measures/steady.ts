// Steady: jobs are submitted in small batches as fast as the system takes them, while its worker executes them. What counts is all of it,
// from the first call until the store says that nothing is left: a system cannot win by taking in what it then has to work off.

import type { Measure } from '../harness/measure.ts';
import { rate } from '../numbers.ts';
import { nowMs } from '../wall-clock.ts';
import { bySystem, expectStarts } from './by-system.ts';
import { patienceMs, untilDrained } from './waiting.ts';

export const steady: Measure = {
  name: 'steady',
  about:
    'Batches of 100 by 8 callers at once, as fast as they are taken, while one worker process executes: jobs a second from the first call until the store of the system says that nothing is left.',
  figures: [{ name: 'steady', unit: '/s', better: 'more' }],
  goals: ['graphile localQueue', 'graphile', 'pg-boss', 'bullmq redis', 'bullmq postgres'].map((than) => ({
    figure: 'steady',
    of: 'tidewheel postgres',
    than,
    times: 1.5,
  })),
  contenders: bySystem(async (system, context) => {
    const { sizes, services } = context;
    const jobs = sizes['steady.runs'];
    await system.work();
    const started = nowMs();
    let left = jobs;
    const caller = async (): Promise<void> => {
      while (left > 0) {
        const size = Math.min(sizes['steady.batch'], left);
        left -= size;
        await system.enqueueBatch(size);
      }
    };
    await Promise.all(Array.from({ length: sizes['steady.callers'] }, caller));
    await services.desk.until(jobs, patienceMs(jobs));
    const end = await untilDrained(system, patienceMs(jobs));
    expectStarts(context, jobs);
    return { steady: rate(jobs, end - started) };
  }),
};
