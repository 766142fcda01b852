// The gauges by which Prometheus is told of pools and queues, from one reading of the store. How many series there may be is bounded.

import { probeNamespace, type ScalingFigures } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { figuresOfPool, figuresOfQueue, type ScalingLoad } from '../core/scaling/figures.ts';
import type { GaugeReading, MetricLabels } from '../ports/metrics.ts';
import type { Breath } from './breath.ts';

type Pause = Pick<Breath, 'take'>;
const namespaceOf = ({ namespace }: { readonly namespace: string }): string => namespace;

/** Every gauge is among them, also where there is nothing to tell: what was told before is then gone. */
export async function scalingGauges(
  load: ScalingLoad,
  breath: Pause = { take: () => Promise.resolve() },
): Promise<GaugeReading[]> {
  return [...(await poolGauges(load, breath)), ...queueGauges(load)];
}

const gaugesOf = [
  ['waiting_runs', ({ waitingRuns }: ScalingFigures) => waitingRuns],
  ['waiting_work_seconds', ({ waitingWorkSeconds }: ScalingFigures) => waitingWorkSeconds],
  ['oldest_wait_seconds', ({ oldestWaitSeconds }: ScalingFigures) => oldestWaitSeconds],
] as const;

async function poolGauges(load: ScalingLoad, breath: Pause): Promise<GaugeReading[]> {
  const [lanes, workers] = [Map.groupBy(load.lanes, namespaceOf), Map.groupBy(load.workers, namespaceOf)];
  const pools: { labels: MetricLabels; figures: ScalingFigures }[] = [];
  for (const pool of load.pools.slice(0, serverLimits.scalingSeries)) {
    const { namespace, name } = pool;
    const own = { pools: [], lanes: lanes.get(namespace) ?? [], workers: workers.get(namespace) ?? [] };
    pools.push({ labels: { namespace, pool: name }, figures: figuresOfPool(pool, own) });
    await breath.take();
  }
  const series = (of: (figures: ScalingFigures) => number) =>
    pools.map(({ labels, figures }) => ({ labels, value: of(figures) }));
  return [
    { name: 'tidewheel_pool_wanted_workers', series: series(({ wantedWorkers }) => wantedWorkers) },
    { name: 'tidewheel_pool_live_workers', series: series(({ liveWorkers }) => liveWorkers) },
    { name: 'tidewheel_pool_draining_workers', series: series(({ drainingWorkers }) => drainingWorkers) },
    { name: 'tidewheel_pool_slots', series: series(({ slots }) => slots) },
    { name: 'tidewheel_pool_busy_slots', series: series(({ busySlots }) => busySlots) },
    ...gaugesOf.map(([name, of]) => ({ name: `tidewheel_pool_${name}` as const, series: series(of) })),
  ];
}

/** A wait of ten seconds is only what runs of unknown length are counted by. */
const objective = { slots: 1, waitMs: 10_000 };

function queueGauges(load: ScalingLoad): GaugeReading[] {
  const lanes = load.lanes.filter(({ namespace }) => namespace !== probeNamespace);
  const byQueue = Map.groupBy(lanes, ({ namespace, queue }) => `${namespace} ${queue}`);
  const queues = [...byQueue.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { namespace, queue } = first;
    const figures = figuresOfQueue(
      { kind: 'queue', namespace, queue, objective },
      { pools: [], lanes: group, workers: [] },
    );
    return figures === null ? [] : [{ labels: { namespace, queue }, figures }];
  });
  // Where there are too many, those in which most waits and runs are the ones that matter.
  const shown = queues
    .toSorted((a, b) => unfinished(b.figures) - unfinished(a.figures))
    .slice(0, serverLimits.scalingSeries);
  const series = (of: (figures: ScalingFigures) => number) =>
    shown.map(({ labels, figures }) => ({ labels, value: of(figures) }));
  return [
    ...gaugesOf.map(([name, of]) => ({ name: `tidewheel_queue_${name}` as const, series: series(of) })),
    { name: 'tidewheel_queue_running_runs', series: series(({ runningRuns }) => runningRuns) },
  ];
}

function unfinished({ waitingRuns, runningRuns }: ScalingFigures): number {
  return waitingRuns + runningRuns;
}
