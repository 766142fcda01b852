// What KEDA is answered. Every call reads the same figures from the store, so it does not matter which master is asked: KEDA asks them in
// turn. The metric is the number of workers that are wanted, and its target is one, so that KEDA orders exactly so many.
//
// A stream says at once what holds, then what changes, and all of it again from time to time, so that a change that was lost on the way does
// not stay lost. When the store does not answer the stream ends: KEDA keeps what it was told, and asks another master.

import { create } from '@bufbuild/protobuf';
import { type ServiceImpl } from '@connectrpc/connect';
import { Refusal, type ScalingFigures } from '@tidewheel/protocol';
import type { ScalingTarget } from '../core/scaling/figures.ts';
import { serverLimits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import {
  type ExternalScaler,
  GetMetricSpecResponseSchema,
  GetMetricsResponseSchema,
  IsActiveResponseSchema,
  type ScaledObjectRef,
} from './external-scaler_pb.ts';
import { connectErrorOf, type RefusalDeps } from './keda-refusals.ts';
import { targetOf } from './keda-target.ts';

export const kedaMetric = 'tidewheel-workers';
const lookMs = 1000;
const repeatMs = 60_000;

export interface KedaDeps extends RefusalDeps {
  readonly clock: Clock;
  /** Null: there is no such pool, or no job of the namespace uses the queue. */
  readonly figures: (target: ScalingTarget) => Promise<ScalingFigures | null>;
}

export class KedaAnswers {
  readonly #deps: KedaDeps;
  /** Ended by the door's end. */
  readonly #ending: AbortSignal;
  #streams = 0;

  constructor(deps: KedaDeps, ending: AbortSignal) {
    this.#deps = deps;
    this.#ending = ending;
  }

  service(): ServiceImpl<typeof ExternalScaler> {
    return {
      isActive: (ref) => this.#guarded(this.#active(ref)),
      streamIsActive: (ref, { signal }) => this.#stream(() => this.#active(ref), signal),
      getMetricSpec: (ref) => this.#guarded(this.#spec(ref)),
      streamMetricSpec: (ref, { signal }) => this.#stream(() => this.#spec(ref), signal),
      getMetrics: ({ scaledObjectRef, metricName }) => this.#guarded(this.#metrics(scaledObjectRef, metricName)),
    };
  }

  async #guarded<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw connectErrorOf(error, this.#deps);
    }
  }

  async #active(ref: ScaledObjectRef) {
    return create(IsActiveResponseSchema, { result: (await this.#figures(ref)).wantedWorkers > 0 });
  }

  async #spec(ref: ScaledObjectRef) {
    await this.#figures(ref);
    const spec = { metricName: kedaMetric, targetSize: 1n, targetSizeFloat: 1 };
    return create(GetMetricSpecResponseSchema, { metricSpecs: [spec] });
  }

  async #metrics(ref: ScaledObjectRef | undefined, metricName: string) {
    if (metricName !== kedaMetric)
      throw new Refusal('VALIDATION_FAILED', `there is no metric "${metricName.slice(0, 100)}"; ask for ${kedaMetric}`);
    const { wantedWorkers } = await this.#figures(ref);
    const value = { metricName, metricValue: BigInt(wantedWorkers), metricValueFloat: wantedWorkers };
    return create(GetMetricsResponseSchema, { metricValues: [value] });
  }

  async #figures(ref: ScaledObjectRef | undefined): Promise<ScalingFigures> {
    if (this.#ending.aborted) throw new Refusal('SHUTTING_DOWN', 'this master is stopping');
    const target = targetOf(ref?.scalerMetadata ?? {});
    const figures = await this.#deps.figures(target);
    if (figures !== null) return figures;
    const missing =
      target.kind === 'pool'
        ? `there is no pool "${target.pool}" in the namespace "${target.namespace}"`
        : `no job of the namespace "${target.namespace}" uses the queue "${target.queue}"`;
    throw new Refusal('NOT_FOUND', missing);
  }

  async *#stream<T extends object>(look: () => Promise<T>, gone: AbortSignal): AsyncGenerator<T> {
    if (this.#streams >= serverLimits.kedaStreams) {
      const refusal = new Refusal(
        'TOO_MANY_REQUESTS',
        `this master serves ${serverLimits.kedaStreams} streams already`,
      );
      throw connectErrorOf(refusal, this.#deps);
    }
    this.#streams += 1;
    try {
      let told = { words: '', atMs: 0 };
      while (!gone.aborted && !this.#ending.aborted) {
        const answer = await this.#guarded(look());
        const words = JSON.stringify(answer, (_key, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        );
        const now = this.#deps.clock.monotonicMs();
        if (told.words !== words || now - told.atMs >= repeatMs) {
          yield answer;
          told = { words, atMs: now };
        }
        await this.#rest(gone);
      }
    } finally {
      this.#streams -= 1;
    }
  }

  #rest(gone: AbortSignal): Promise<void> {
    const over = AbortSignal.any([gone, this.#ending]);
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        over.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#deps.clock.timer(lookMs, end);
      over.addEventListener('abort', end);
      if (over.aborted) end();
    });
  }
}
