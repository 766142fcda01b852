// Idle: many schedules that are not due and many workers that wait. A system at rest must cost next to nothing: processor time and memory of
// each master, and the statements that reach the store, as PostgreSQL itself counts them.

import type { Contender, Measure } from '../harness/measure.ts';
import { declareSchedules, farAway } from '../load/declared-schedules.ts';
import { askStore } from '../systems/ask-store.ts';
import { builtVersion } from '../systems/built-version.ts';
import { Cluster, type Version } from '../systems/cluster.ts';
import { startCrowd } from '../systems/crowd.ts';
import { residentMib } from '../systems/process-cost.ts';
import { enginesOf } from './fires.ts';
import { percentOfACore } from './fleet.ts';
import { pause } from './waiting.ts';

export const idle: Measure = {
  name: 'idle',
  about:
    'Schedules of which none is due and connected workers with nothing to do, at masters as they are published, started after the declarations. A master: processor time in percent of a core, statements a second at the store (PostgreSQL’s own count, transactions’ begin and commit included), resident memory (of the largest).',
  figures: [
    { name: 'cpu', unit: '%', better: 'less' },
    { name: 'statements', unit: '/s', better: 'less' },
    { name: 'memory', unit: 'MiB', better: 'less' },
  ],
  goals: ['tidewheel postgres', 'tidewheel sqlite'].flatMap((of) => [
    { figure: 'cpu', of, atMost: 1 },
    { figure: 'statements', of, atMost: 2 },
    { figure: 'memory', of, atMost: 150 },
  ]),
  contenders: (context) =>
    enginesOf(context).map(
      (engine): Contender => ({
        name: `tidewheel ${engine}`,
        round: async () => {
          const { services, sizes } = context;
          const place = await services.place(engine);
          const masters = engine === 'postgres' ? sizes['idle.masters'] : 1;
          const { directory } = services;
          const version = builtVersion();
          const token = await declareIn(place.store, directory, version, sizes['idle.schedules']);
          const cluster = await Cluster.start({ store: place.store, directory, masters, version, token });
          const crowd = await startCrowd(cluster, sizes['idle.workers']);
          const counted = engine === 'postgres';
          try {
            await pause(sizes['idle.settleSeconds'] * 1000);
            if (counted) await askStore(place.store, 'create extension pg_stat_statements');
            const before = counted ? await statements(place.store) : 0;
            const cpu = (await percentOfACore(cluster, sizes['idle.seconds'])) / masters;
            const asked = counted ? (await statements(place.store)) - before : 0;
            const memory = Math.max(...cluster.masters.map(({ pid }) => residentMib(pid)));
            return {
              cpu,
              memory,
              ...(counted ? { statements: asked / sizes['idle.seconds'] / masters } : {}),
            };
          } finally {
            await crowd?.end('SIGKILL');
            await cluster.kill();
            await place.remove();
          }
        },
      }),
    ),
};

/** By a master that is gone afterwards: what declaring so many took is not what having them costs. Gives the administrator's token. */
async function declareIn(store: string, directory: string, version: Version, schedules: number): Promise<string> {
  const cluster = await Cluster.start({ store, directory, version });
  try {
    await declareSchedules(cluster.client, 'idle', schedules, farAway);
    return cluster.adminToken;
  } finally {
    await cluster.stop();
  }
}

/** Those that count are not counted, nor is what nobody has sent: PostgreSQL lists evaluations of `now_ms()` while it plans, too. */
async function statements(store: string): Promise<number> {
  const [row] = await askStore(
    store,
    `select coalesce(sum(calls), 0) as calls from pg_stat_statements
     where dbid = (select oid from pg_database where datname = current_database())
       and query not like '%pg_stat_statements%' and query not like 'select floor(extract(%'`,
  );
  return Number(row?.['calls']);
}
