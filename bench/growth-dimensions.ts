// What may grow, and how a run's cost is measured at each size: always a drain of the same number of runs beside it.

import type { Contender, MeasureContext } from './harness/measure.ts';
import { declareSchedules, farAway } from './load/declared-schedules.ts';
import { besideBacklog } from './measures/backlog.ts';
import { drainAll, fill } from './measures/drain.ts';
import { besideHistory } from './measures/history.ts';
import { withMasters } from './measures/masters.ts';
import { askStore } from './systems/ask-store.ts';
import { startCrowd } from './systems/crowd.ts';
import type { Engine } from './systems/services.ts';
import { type OpenTidewheel, openTidewheel } from './systems/tidewheel.ts';
import type { Program } from '../test/support/tidewheel.ts';

export interface Dimension {
  readonly name: string;
  /** Under the plot. */
  readonly across: string;
  readonly sizes: readonly number[];
  contender(size: number, engine: Engine, context: MeasureContext): Contender;
}

const jobsPerApply = 500;
const runsPerBatch = 1000;

/** `prepare` brings what grows beside the work; what it started is ended behind the round. */
function beside(prepare: (system: OpenTidewheel, size: number) => Promise<Program | null>): Dimension['contender'] {
  return (size, engine, context) => ({
    name: String(size),
    round: async () => {
      const system = await openTidewheel(engine, context.services);
      let started: Program | null = null;
      try {
        started = await prepare(system, size);
        const runs = context.sizes['growth.runs'];
        await fill(system, runs);
        // What cannot run stays: only the measured job's runs have to be gone.
        const ofTheJob = `select 1 from run r join job j on j.id = r.job_id where j.name = 'noop' limit 1`;
        const drained = async (): Promise<boolean> => (await askStore(system.place.store, ofTheJob)).length === 0;
        return { drain: await drainAll({ work: system.work, drained }, context, runs) };
      } finally {
        await started?.end('SIGKILL');
        await system.close();
      }
    },
  });
}

export const dimensions: readonly Dimension[] = [
  {
    name: 'backlog',
    across: 'runs that wait',
    sizes: [20_000, 100_000, 300_000, 1_000_000],
    contender: (size, engine, context) => {
      const sizes = { ...context.sizes, 'backlog.runs': context.sizes['growth.runs'], 'latency.runs': 100 };
      return besideBacklog(String(size), engine, { ...context, sizes }, { ready: size });
    },
  },
  {
    name: 'history',
    across: 'finished runs in the archive',
    sizes: [1000, 10_000, 100_000, 1_000_000, 10_000_000],
    contender: (size, engine, context) => {
      const sizes = { ...context.sizes, 'history.runs': context.sizes['growth.runs'], 'latency.runs': 100 };
      return besideHistory(String(size), engine, { ...context, sizes }, size);
    },
  },
  {
    name: 'schedules',
    across: 'schedules that are not due',
    sizes: [100, 1000, 10_000, 100_000],
    contender: beside(async ({ cluster }, size) => {
      await declareSchedules(cluster.client, 'idle', size, farAway);
      return null;
    }),
  },
  {
    name: 'workers',
    across: 'connected workers',
    // A master takes 5,000 sessions, that of the measured worker among them.
    sizes: [10, 100, 1000, 4000],
    contender: beside(({ cluster }, size) => startCrowd(cluster, size)),
  },
  {
    name: 'lanes',
    across: 'lanes with a run that waits',
    sizes: [10, 100, 1000, 10_000],
    contender: beside(async ({ cluster }, size) => {
      const names = Array.from({ length: size }, (_, number) => `lane-${number}`);
      for (let from = 0; from < size; from += jobsPerApply) {
        const jobs = names.slice(from, from + jobsPerApply).map((name) => ({ name, task: 'stamped', queue: name }));
        await cluster.client.apply({ jobs, source: `bench-${from}` });
      }
      for (let from = 0; from < size; from += runsPerBatch) {
        const batch = names.slice(from, from + runsPerBatch);
        await cluster.client.runs.triggerBatch(batch.map((job) => ({ job, payload: { sentAt: 0 } })));
      }
      return null;
    }),
  },
  {
    name: 'masters',
    across: 'masters',
    sizes: [1, 2, 3],
    contender: (size, _engine, context) => {
      const sizes = { ...context.sizes, 'masters.runs': context.sizes['growth.runs'] };
      return { ...withMasters(size, { ...context, sizes }), name: String(size) };
    },
  },
];
