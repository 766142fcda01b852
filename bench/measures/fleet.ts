// Fleet: thousands of connected workers with nothing to do. What their heartbeats cost all masters together, and whether those who have work
// notice: the same drain and the same latency without them.

import type { Contender, Measure } from '../harness/measure.ts';
import type { Cluster } from '../systems/cluster.ts';
import { startCrowd } from '../systems/crowd.ts';
import { processorMs } from '../systems/process-cost.ts';
import { openTidewheel } from '../systems/tidewheel.ts';
import { drainAll, fill } from './drain.ts';
import { enginesOf } from './fires.ts';
import { latencyOf } from './latency.ts';
import { pause } from './waiting.ts';

export const fleet: Measure = {
  name: 'fleet',
  about:
    'Thousands of sessions over WebSockets at three masters on one PostgreSQL (one master on SQLite): processor time of all masters together while nothing runs, in percent of one core, and then a drain and single runs on one real worker beside them; the same without them.',
  figures: [
    { name: 'cpu', unit: '%', better: 'less' },
    { name: 'drain', unit: '/s', better: 'more' },
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
  ],
  goals: [
    { figure: 'cpu', of: 'crowd postgres', atMost: 20 },
    ...['drain', 'p50'].map((figure) => ({ figure, of: 'crowd postgres', than: 'alone postgres', times: 0.9 })),
  ],
  contenders: (context) =>
    enginesOf(context).flatMap((engine): Contender[] => {
      const masters = engine === 'postgres' ? context.sizes['fleet.masters'] : 1;
      const round = (sessions: number) => async (): Promise<Readonly<Record<string, number>>> => {
        const system = await openTidewheel(engine, context.services, { masters });
        const crowd = await startCrowd(system.cluster, sessions);
        try {
          const runs = context.sizes['fleet.runs'];
          const cpu = await percentOfACore(system.cluster, context.sizes['fleet.seconds']);
          await fill(system, runs);
          return { cpu, drain: await drainAll(system, context, runs), ...(await latencyOf(system, context)) };
        } finally {
          await crowd?.end('SIGKILL');
          await system.close();
        }
      };
      return [
        { name: `crowd ${engine}`, round: round(context.sizes['fleet.sessions']) },
        { name: `alone ${engine}`, round: round(0) },
      ];
    }),
};

/** All masters together. */
export async function percentOfACore(cluster: Cluster, seconds: number): Promise<number> {
  const spent = (): number => cluster.masters.reduce((sum, { pid }) => sum + processorMs(pid), 0);
  const before = spent();
  await pause(seconds * 1000);
  return (spent() - before) / seconds / 10;
}
