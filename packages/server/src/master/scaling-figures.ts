// Answers scalers outside of Tidewheel: KEDA, a HorizontalPodAutoscaler by way of Prometheus, whoever reads the numbers. What was read of the
// store is kept for a second, and longer where reading took long, so that however many ask, the store is hardly asked.

import type { ScalingFigures } from '@tidewheel/protocol';
import { figuresOfPool, figuresOfQueue, type ScalingLoad, type ScalingTarget } from '../core/scaling/figures.ts';
import type { GaugeReading } from '../ports/metrics.ts';
import { scalingLoad } from '../store/scaling-load.ts';
import { Breath } from './breath.ts';
import type { MasterContext } from './deps.ts';
import { Kept } from './kept.ts';
import { scalingGauges } from './scaling-gauges.ts';
import { isPassing } from './service.ts';

const everywhere = '*';

export class ScalingAnswers {
  readonly #loads: Kept<ScalingLoad>;
  readonly #gauges: Kept<GaugeReading[]>;

  constructor({ db, clock }: Pick<MasterContext, 'db' | 'clock'>) {
    this.#loads = new Kept(clock, (namespace) => scalingLoad(db, namespace, new Breath(clock)));
    this.#gauges = new Kept(clock, async () => {
      const breath = new Breath(clock);
      return scalingGauges(await scalingLoad(db, null, breath), breath);
    });
  }

  /** Null: there is no such pool, or no job of the namespace uses the queue. */
  async of(target: ScalingTarget): Promise<ScalingFigures | null> {
    const load = await this.#loads.get(target.namespace);
    if (target.kind === 'queue') return figuresOfQueue(target, load);
    const pool = load.pools.find(({ name }) => name === target.pool);
    return pool === undefined ? null : figuresOfPool(pool, load);
  }

  /** For Prometheus. The same at every master; none while the store does not answer, because old numbers would be believed. */
  gauges(): Promise<GaugeReading[]> {
    return this.#gauges.get(everywhere).catch((error: unknown) => {
      if (!isPassing(error)) throw error;
      return scalingGauges({ lanes: [], workers: [], pools: [] });
    });
  }
}
