// What the worker session needs from its surroundings, and what it gives to them. In production these are a thread, a
// WebSocket and the executors in the main thread; in the simulator a virtual clock, a simulated link and a simulated runner.

import type { Assign, Labels, MasterMessage, Refusal, WorkerMessage, WorkerStats } from '@tidewheel/protocol';

export interface WorkerTimer {
  cancel(): void;
}

export interface WorkerClock {
  /** Milliseconds since an arbitrary start; never steps. */
  monotonicMs(): number;
  /** Calls `fire` once. A delay of 0 means: after what is at hand has been handled, so that messages gather into one frame. */
  timer(delayMs: number, fire: () => void): WorkerTimer;
}

export interface WorkerRandom {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A UUIDv4 that nobody can guess. */
  uuid(): string;
}

export interface TransportEvents {
  open(): void;
  messages(batch: readonly MasterMessage[]): void;
  /** Called at most once, also when the connection never opened. `refusal`: the master answered and said no. */
  closed(reason: string, refusal?: Refusal): void;
}

export interface TransportConnection {
  /** Never throws; messages to a closed connection vanish. */
  send(messages: readonly WorkerMessage[]): void;
  /** After what was sent. `closed` need not follow. */
  close(): void;
}

export interface Transport {
  connect(address: string, events: TransportEvents): TransportConnection;
}

/** Where attempts run. It reports back through `started`, `log` and `result` of the session. */
export interface Runner {
  start(assign: Assign): void;
  /** Stop; the result is still wanted. `graceMs`: instead of the grace of its assignment. A second call can only shorten it. */
  cancel(attemptId: string, reason: string, graceMs?: number): void;
  /** The attempt is no longer ours: stop it now, report nothing. */
  abandon(attemptId: string): void;
  /** A number that grows as long as the main loop turns; one that stands still stops the worker from asking for work. */
  mainSeq(): number;
  /** Measured since the last call. */
  stats(): WorkerStats;
}

export interface WorkerLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface WorkerSettings {
  worker: string;
  version: string;
  host: string;
  pid: number;
  slots: number;
  queues: readonly string[];
  /** `shell`, `http`, `task:<id>`. */
  handlers: readonly string[];
  labels: Labels;
  /** At least one; more are learned from masters. */
  addresses: readonly string[];
}

/** How a session came to its end. */
export type SessionEnd =
  | { kind: 'drained' }
  | { kind: 'stopped' }
  /** No master will have this worker as it is. */
  | { kind: 'refused'; refusal: Refusal };
