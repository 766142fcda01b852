// Answers scalers outside of Tidewheel: KEDA, a HorizontalPodAutoscaler by way of Prometheus, whoever reads the numbers. What was read of the
// store is kept for a second, and longer where reading took long, so that however many ask, the store is hardly asked.

import { probeNamespace, type ScalingFigures } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { figuresOfPool, figuresOfQueue, type ScalingLoad, type ScalingTarget } from '../core/scaling/figures.ts';
import type { GaugeReading } from '../ports/metrics.ts';
import { scalingLoad } from '../store/scaling-load.ts';
import type { MasterContext } from './deps.ts';
import { Kept } from './kept.ts';
import { isPassing } from './service.ts';

const everywhere = '*';

export class ScalingAnswers {
  readonly #loads: Kept<ScalingLoad>;

  constructor({ db, clock }: Pick<MasterContext, 'db' | 'clock'>) {
    this.#loads = new Kept(clock, (key) => scalingLoad(db, key === everywhere ? null : key));
  }

  /** Null: there is no such pool, or no job of the namespace uses the queue. */
  async of(target: ScalingTarget): Promise<ScalingFigures | null> {
    const load = await this.#loads.get(target.namespace);
    if (target.kind === 'queue') return figuresOfQueue(target, load);
    const pool = load.pools.find(({ name }) => name === target.pool);
    return pool === undefined ? null : figuresOfPool(pool, load);
  }

  /** For Prometheus. The same at every master; none while the store does not answer, because old numbers would be believed. */
  async gauges(): Promise<GaugeReading[]> {
    const load = await this.#loads.get(everywhere).catch((error: unknown) => {
      if (!isPassing(error)) throw error;
      return { lanes: [], workers: [], pools: [] };
    });
    return [...poolGauges(load), ...queueGauges(load)];
  }
}

const gaugesOf = [
  ['waiting_runs', ({ waitingRuns }: ScalingFigures) => waitingRuns],
  ['waiting_work_seconds', ({ waitingWorkSeconds }: ScalingFigures) => waitingWorkSeconds],
  ['oldest_wait_seconds', ({ oldestWaitSeconds }: ScalingFigures) => oldestWaitSeconds],
] as const;

function poolGauges(load: ScalingLoad): GaugeReading[] {
  const pools = load.pools.slice(0, serverLimits.scalingSeries).map((pool) => ({
    labels: { namespace: pool.namespace, pool: pool.name },
    figures: figuresOfPool(pool, load),
  }));
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
    const figures = figuresOfQueue({ kind: 'queue', namespace, queue, objective }, { ...load, lanes: group });
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
