// Backlog: beside many runs that are due and many that are due much later, a run of another queue must start as soon, and the backlog itself
// must drain as fast, as when it is small.

import type { Contender, Measure, MeasureContext } from '../harness/measure.ts';
import { rate } from '../numbers.ts';
import { backlogQueue } from '../systems/filled-place.ts';
import type { Engine } from '../systems/services.ts';
import { filled } from './filled.ts';
import { enginesOf } from './fires.ts';
import { latencyOf } from './latency.ts';
import { patienceMs } from './waiting.ts';

export const backlog: Measure = {
  name: 'backlog',
  about:
    'A small backlog and a large one (ready runs, and as many delayed ones) in copies of filled databases: the latency of single runs of another queue, and starts a second of the first runs that are drained of the backlog.',
  figures: [
    { name: 'drain', unit: '/s', better: 'more' },
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
  ],
  goals: ['drain', 'p50', 'p99'].flatMap((figure) =>
    ['postgres', 'sqlite'].map((engine) => ({ figure, of: `large ${engine}`, than: `small ${engine}`, times: 0.9 })),
  ),
  contenders: (context) => {
    const { sizes } = context;
    const small = { ready: sizes['backlog.runs'] };
    const large = { ready: sizes['backlog.ready'], delayed: sizes['backlog.delayed'] };
    return enginesOf(context).flatMap((engine) => [
      besideBacklog(`large ${engine}`, engine, context, large),
      besideBacklog(`small ${engine}`, engine, context, small),
    ]);
  },
};

export function besideBacklog(
  name: string,
  engine: Engine,
  context: MeasureContext,
  filling: { readonly ready: number; readonly delayed?: number },
): Contender {
  const { sizes, services } = context;
  return filled(name, engine, context, filling, async (system) => {
    await system.work();
    const quick = await latencyOf(system, context);
    services.desk.reset();
    const runs = Math.min(sizes['backlog.runs'], filling.ready);
    await system.cluster.addWorker({ queues: backlogQueue });
    await services.desk.until(runs, patienceMs(runs));
    const starts = services.desk.starts.toSorted((a, b) => a - b);
    return { drain: rate(runs - 1, (starts[runs - 1] ?? 0) - (starts[0] ?? 0)), ...quick };
  });
}
