// What every system under test does, in its own way: take jobs one by one or in batches by its own API, work on them in one worker process
// whose handler stamps its start (load/stamps.ts), and say by its own store when nothing is left.

import type { Services } from './services.ts';

export interface System {
  readonly name: string;
  /** The settings that it runs with, and where its documentation advises them. */
  readonly settings: string;
  /** What Tidewheel does for each run and this does not; null when there is nothing. */
  readonly skips: string | null;
  /** On a database of its own. */
  open(services: Services): Promise<OpenSystem>;
}

export interface OpenSystem {
  /** One call of its API for many: each job's payload is the moment of the call. */
  enqueueBatch(count: number): Promise<void>;
  enqueueOne(): Promise<void>;
  /** Starts the one worker process; resolves when it is at work. */
  work(): Promise<void>;
  /** Whether its store says that nothing waits and nothing runs. */
  drained(): Promise<boolean>;
  /** Where and as whom single runs are submitted over HTTP; absent where there is only a library. */
  readonly door?: Door;
  close(): Promise<void>;
}

export interface Door {
  readonly address: string;
  readonly path: string;
  readonly token: string;
  body(): string;
}

/** A system cannot run here: something of it is not installed. */
export class NotInstalled extends Error {}
