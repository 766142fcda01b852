// History: with millions of finished runs in the archive, submitting, executing and waiting must cost what they cost in an empty store.

import type { Contender, Measure, MeasureContext } from '../harness/measure.ts';
import { rate } from '../numbers.ts';
import type { Engine } from '../systems/services.ts';
import { drainAll, fill } from './drain.ts';
import { filled } from './filled.ts';
import { enginesOf } from './fires.ts';
import { latencyOf } from './latency.ts';
import { submitAll } from './submit.ts';

export const history: Measure = {
  name: 'history',
  about:
    'An empty store and one with a long archive: single submits by 64 clients, the latency of single runs, and a drain.',
  figures: [
    { name: 'drain', unit: '/s', better: 'more' },
    { name: 'submit', unit: '/s', better: 'more' },
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
  ],
  goals: ['drain', 'submit', 'p50', 'p99'].flatMap((figure) =>
    ['postgres', 'sqlite'].map((engine) => ({ figure, of: `full ${engine}`, than: `empty ${engine}`, times: 0.9 })),
  ),
  contenders: (context) =>
    enginesOf(context).flatMap((engine) => [
      besideHistory(`full ${engine}`, engine, context, context.sizes['history.archived']),
      besideHistory(`empty ${engine}`, engine, context, 0),
    ]),
};

export function besideHistory(name: string, engine: Engine, context: MeasureContext, archived: number): Contender {
  const { sizes } = context;
  return filled(name, engine, context, { archived }, async (system) => {
    const runs = sizes['history.runs'];
    const singles = Math.ceil(runs / 10);
    const submitted = performance.now();
    const times = await submitAll(system, singles, sizes['submit.clients']);
    const submit = rate(times.length, performance.now() - submitted);
    await fill(system, runs);
    const drain = await drainAll(system, context, runs + singles);
    return { drain, submit, ...(await latencyOf(system, context)) };
  });
}
