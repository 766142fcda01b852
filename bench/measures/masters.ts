// Masters: the same work with one, two and three masters on one PostgreSQL, a worker at each. Throughput must not fall, and claims must not
// wait for each other's rows: what waits is sampled from PostgreSQL's own view while they work.

import type { Contender, Measure, MeasureContext } from '../harness/measure.ts';
import { openReader } from '../systems/ask-store.ts';
import { openTidewheel } from '../systems/tidewheel.ts';
import { drainAll, fill } from './drain.ts';
import { enginesOf } from './fires.ts';
import { pause } from './waiting.ts';

const sampleMs = 20;

export const masters: Measure = {
  name: 'masters',
  about:
    'A backlog drained by one, two, three masters on one PostgreSQL, with as many worker processes (the most) in all cases: runs a second, and the share of samples in which a connection waited for a lock on a row or a transaction of another (heavyweight locks only; 20 ms apart).',
  figures: [
    { name: 'drain', unit: '/s', better: 'more' },
    { name: 'waiting', unit: '%', better: 'less' },
  ],
  goals: [
    { figure: 'drain', of: '2 masters', than: '1 master', times: 0.95 },
    { figure: 'drain', of: '3 masters', than: '1 master', times: 0.95 },
  ],
  contenders: (context) =>
    enginesOf(context).includes('postgres')
      ? Array.from({ length: context.sizes['masters.most'] }, (_, index) => withMasters(index + 1, context))
      : [],
};

export function withMasters(count: number, context: MeasureContext): Contender {
  const { services, sizes } = context;
  return {
    name: count === 1 ? '1 master' : `${count} masters`,
    round: async () => {
      const runs = sizes['masters.runs'];
      const system = await openTidewheel('postgres', services, { masters: count });
      try {
        await fill(system, runs);
        let working = true;
        const waits = sampleWaits(system.place.store, () => working);
        const work = async (): Promise<void> => {
          const each = Array.from({ length: sizes['masters.most'] }, (_, at) => system.cluster.addWorker({ at }));
          await Promise.all(each);
        };
        const drain = await drainAll({ ...system, work }, context, runs).finally(() => (working = false));
        return { drain, waiting: await waits };
      } finally {
        await system.close();
      }
    },
  };
}

/** Percent of samples with anybody waiting. */
async function sampleWaits(store: string, working: () => boolean): Promise<number> {
  const reader = await openReader(store);
  let samples = 0;
  let waiting = 0;
  try {
    while (working()) {
      const [row] = await reader.ask(
        `select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      samples += 1;
      if (Number(row?.['n']) > 0) waiting += 1;
      await pause(sampleMs);
    }
  } finally {
    await reader.close();
  }
  return (waiting / Math.max(1, samples)) * 100;
}
