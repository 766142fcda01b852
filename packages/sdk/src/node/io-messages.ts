// What the main thread and the I/O thread tell each other. Arrays of these travel, one per turn of the loop.

import type { Assign, LogStream } from '@tidewheel/protocol';
import type { AttemptResult } from '../worker/attempts.ts';
import type { WorkerSettings } from '../worker/session-ports.ts';
import type { OnHang } from './hang-guard.ts';

export type ToIo =
  | { type: 'started'; attemptId: string }
  | { type: 'log'; attemptId: string; stream: LogStream; offsetMs: number; text: string }
  | { type: 'result'; result: AttemptResult }
  /** The attempt runs as this process group. */
  | { type: 'spawned'; attemptId: string; pid: number }
  /** Nothing of the attempt is left in the main thread's care. */
  | { type: 'gone'; attemptId: string }
  | { type: 'drain' }
  | { type: 'stop' };

export type ToMain =
  | { type: 'start'; assign: Assign }
  | { type: 'cancel'; attemptId: string; reason: string; graceMs?: number | undefined }
  | { type: 'abandon'; attemptId: string }
  | { type: 'welcomed' }
  | { type: 'closed'; end: ThreadEnd }
  | { type: 'note'; level: 'debug' | 'info' | 'warn' | 'error'; message: string; fields: Record<string, unknown> };

/** A session's end in words that can be posted. */
export type ThreadEnd = { kind: 'drained' | 'stopped' } | { kind: 'refused'; code: string; detail: string };

export interface ThreadData {
  readonly settings: WorkerSettings;
  readonly namespace: string;
  readonly token: string | null;
  /** The main loop's pulse, see pulse.ts. */
  readonly pulse: SharedArrayBuffer;
  readonly onHang: OnHang;
  /** The pipe to the supervisor, when there is one. */
  readonly notesFd: number | null;
}

/** Gathers messages until the end of the turn. */
export class Batch<T> {
  readonly #post: (messages: T[]) => void;
  #messages: T[] = [];

  constructor(post: (messages: T[]) => void) {
    this.#post = post;
  }

  get last(): T | undefined {
    return this.#messages.at(-1);
  }

  add(message: T): void {
    if (this.#messages.length === 0) setImmediate(() => this.flush());
    this.#messages.push(message);
  }

  flush(): void {
    const messages = this.#messages;
    if (messages.length === 0) return;
    this.#messages = [];
    this.#post(messages);
  }
}
