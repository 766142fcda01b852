// One peer: the callers' half runs in the benchmark's process as Tidewheel's does, the working half in a process of its own (peers/worker.ts).

import type { Services } from '../systems/services.ts';

/** Of every job in every system. */
export interface Payload {
  readonly sentAt: number;
}

export interface PeerCaller {
  enqueueBatch(payloads: readonly Payload[]): Promise<void>;
  enqueueOne(payload: Payload): Promise<void>;
  drained(): Promise<boolean>;
  close(): Promise<void>;
}

export interface PeerWorker {
  /** Finishes what runs. */
  stop(): Promise<void>;
}

export type Handler = (payload: Payload) => Promise<void>;

export interface Peer {
  readonly name: string;
  /** The packages that it needs. */
  readonly packages: readonly string[];
  readonly settings: string;
  readonly skips: string;
  /** Where its jobs are kept: a fresh database or key space, told to the worker as it is. */
  store(services: Services): Promise<{ readonly url: string; remove(): Promise<void> }>;
  call(url: string): Promise<PeerCaller>;
  work(url: string, handler: Handler): Promise<PeerWorker>;
}
