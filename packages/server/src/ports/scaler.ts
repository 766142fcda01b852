// What changes the number of a pool's machines: local processes, Kubernetes, a program or a service of the operator.
//
// A scaler is told a state, not a step, and is told it again until it is observed, so every method may be repeated. It never chooses
// who goes: `release` names workers that have been drained, and exactly those are let go. Every method ends within its own bound of
// time, or rejects with SCALER_FAILED; the caller counts failures, waits, and keeps the last good state.

import type { PoolDriver } from '@tidewheel/protocol';

export interface ScaledPool {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly queues: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly driver: PoolDriver;
}

/** A machine, pod or process of the pool, whether or not its worker has registered. */
export interface Machine {
  /** Under which its worker registers. */
  readonly worker: string;
  readonly state: 'starting' | 'ready' | 'stopping' | 'failing';
  /** By the platform's clock; null when it does not say. */
  readonly startedAt: number | null;
  /** When it must be gone: the notice of a preemption or an eviction. Null when nothing ends it. */
  readonly endsAt: number | null;
  /** What the platform says of it, such as why it fails. */
  readonly note: string | null;
}

export interface Fleet {
  /** How many the platform has been told to have; null when it cannot be asked. */
  readonly ordered: number | null;
  readonly machines: readonly Machine[];
  /** What keeps the platform from following, such as a quota. */
  readonly note: string | null;
}

export interface ScalerOrder {
  /** Machines there are to be, those of `release` not counted. */
  readonly count: number;
  /** Workers that are empty and may go. */
  readonly release: readonly string[];
  /** Workers that work: where the platform chooses by itself whom to end, these are to be the last, in this order from the end. */
  readonly keep: readonly string[];
}

export interface Scaler {
  /** Why the configuration does not allow a pool to have this driver, program or address; null when it does. Asked when one is declared. */
  refuses?(driver: PoolDriver): string | null;
  /** Asked before each decision. */
  observe(pool: ScaledPool): Promise<Fleet>;
  apply(pool: ScaledPool, order: ScalerOrder): Promise<void>;
  /**
   * Who works now. Told again and again, also while nothing is ordered: where others end machines by themselves, such as an autoscaler of
   * nodes, they are kept from these.
   */
  working?(pool: ScaledPool, workers: readonly string[]): Promise<void>;
  /** These are all the pools of its kind. Machines of others that the scaler itself keeps running end when their work is done. */
  retain?(pools: readonly ScaledPool[]): Promise<void>;
  /** Ends what it holds (watches, connections), not the machines. */
  close(): Promise<void>;
}

/** By the kind of driver; pools of kind `none` have none. */
export type Scalers = Readonly<Partial<Record<PoolDriver['kind'], Scaler>>>;
