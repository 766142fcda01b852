// One connected worker as this master sees it: its session, what it can do, what it holds, which slots are promised.

import type { Hello, MasterMessage, WorkerStats } from '@tidewheel/protocol';
import type { Capability } from '../core/placement.ts';
import { serverLimits } from '../core/limits.ts';
import type { WorkerConnection } from '../ports/connection.ts';

/** An attempt on its way to the worker or there, without a result yet. */
export interface HeldAttempt {
  readonly runId: string;
  /** Which attempt of the run it is. */
  readonly attempt: number;
  /** When it was handed over. */
  readonly sinceMs: number;
  /** Of a run that was fired: how late it was claimed, and when the claim was asked for; until its start is told. */
  late?: { readonly ms: number; readonly askedMs: number; readonly queue: string };
}

export class SessionLink {
  readonly sessionId: string;
  readonly worker: string;
  readonly capability: Capability;
  readonly slots: number;
  readonly connection: WorkerConnection;
  /** By attempt id. */
  readonly held = new Map<string, HeldAttempt>();
  /** Attempts with a result that arrived lately, so that a slow commit is not taken for a lost claim. */
  readonly #reported = new Map<string, number>();
  /** Slots promised to a claim or submission in flight. */
  reserved = 0;
  /** False until the worker said that it is ready, and again when it drains. */
  open = false;
  /** A pool has it drain: it gets no work, whatever it says itself, until it is taken back. */
  cordoned = false;
  /** When it was told to be gone, on this master's monotonic clock. */
  goneByMs: number | null = null;
  drainTold = false;
  /** How many attempts the worker will have at once: less than its slots when it says that it cannot go on, such as when it hangs. */
  #ceiling = 0;
  nonce: string;
  /** When the lease was last renewed, on this master's monotonic clock. */
  renewedAtMs: number;
  /** When it connected. */
  readonly sinceMs: number;
  stats: WorkerStats = {};
  /** The masters that the worker knows of, as one text. */
  mastersTold = '';

  constructor(hello: Hello, namespace: string, connection: WorkerConnection, first: { nonce: string; atMs: number }) {
    this.sessionId = hello.incarnation;
    this.worker = hello.worker;
    this.capability = { namespace, queues: hello.queues, handlers: hello.handlers, labels: hello.labels };
    this.slots = hello.slots;
    this.connection = connection;
    this.nonce = first.nonce;
    this.renewedAtMs = first.atMs;
    this.sinceMs = first.atMs;
  }

  get free(): number {
    if (!this.open || this.cordoned || this.connection.bufferedBytes() > serverLimits.connectionBufferBytes) return 0;
    return Math.max(0, this.#ceiling - this.held.size - this.reserved);
  }

  /** The worker's own count. What is on its way to it is not in that count, so the ceiling may be too high, never above the slots. */
  ready(free: number): void {
    this.open = true;
    this.#ceiling = Math.min(this.slots, free + this.held.size);
  }

  /** The worker has brought a result: the slot is free at once. */
  report(attemptId: string, nowMs: number): void {
    this.held.delete(attemptId);
    this.#reported.set(attemptId, nowMs);
  }

  /**
   * The worker says that an attempt has started. Answers how late that is for a run that was fired, once: by the store's clock up to the
   * claim, from its asking on by this master's. No two clocks are compared; what the claim took before the store read its clock counts
   * twice, so it is never told too small.
   */
  started(attemptId: string, nowMs: number): { lateMs: number; queue: string } | null {
    const held = this.held.get(attemptId);
    if (held?.late === undefined) return null;
    const { ms, askedMs, queue } = held.late;
    delete held.late;
    return { lateMs: ms + nowMs - askedMs, queue };
  }

  /** The store says that this attempt is ours; true when the worker was never told, and has not reported since `sinceMs`. */
  missing(attemptId: string, sinceMs: number): boolean {
    for (const [reported, atMs] of this.#reported) {
      if (atMs >= sinceMs) break;
      this.#reported.delete(reported);
    }
    return !this.held.has(attemptId) && !this.#reported.has(attemptId);
  }

  send(...messages: MasterMessage[]): void {
    this.connection.send(messages);
  }
}
