// Start: from the start of the process until it says that it is ready. One node on nothing at all, which includes making its tables, and a
// master on a store that is full.

import type { Contender, Measure } from '../harness/measure.ts';
import { builtVersion } from '../systems/built-version.ts';
import { Cluster } from '../systems/cluster.ts';
import { filled } from './filled.ts';
import { enginesOf } from './fires.ts';

export const start: Measure = {
  name: 'start',
  about:
    'From the start of the process, as it is published, to `ready`: one node on an empty store (its tables are made), and a master on a store with history and a backlog.',
  figures: [{ name: 'ready', unit: 'ms', better: 'less' }],
  goals: (['postgres', 'sqlite'] as const).flatMap((engine) => [
    { figure: 'ready', of: `cold ${engine}`, atMost: 1500 },
    { figure: 'ready', of: `full ${engine}`, atMost: 3000 },
  ]),
  contenders: (context) =>
    enginesOf(context).flatMap((engine): Contender[] => {
      const { services, sizes } = context;
      const version = builtVersion();
      const archived = sizes['start.archived'];
      const cold = async (): Promise<{ ready: number }> => {
        const place = await services.place(engine);
        const cluster = await Cluster.start({ store: place.store, directory: services.directory, version });
        const ready = cluster.readyMs;
        await cluster.kill();
        await place.remove();
        return { ready };
      };
      const full = filled(
        `full ${engine}`,
        engine,
        context,
        { archived, ready: Math.ceil(archived / 10), delayed: Math.ceil(archived / 10) },
        ({ cluster }) => Promise.resolve({ ready: cluster.readyMs }),
        version,
      );
      return [{ name: `cold ${engine}`, round: cold }, full];
    }),
};
