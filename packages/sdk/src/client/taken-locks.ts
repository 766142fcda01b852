// Hears of locks that are taken away from this client, so that what is done under them stops at once. One stream for all locks that the
// client holds; it is opened when one has been held for a moment, and closed after the last one. It only makes things sooner: what it
// misses, the next renewal tells.

import { type LockTaken, lockTakenText, Refusal } from '@tidewheel/protocol';
import type { WorkerTimer } from '../worker/session-ports.ts';
import { followEvents } from './event-stream.ts';
import type { LockEars } from './held-lock.ts';
import type { Requests } from './requests.ts';

/** Locks that are held for less cost no stream. */
const settleMs = 500;

export class TakenLocks {
  readonly #requests: Requests;
  readonly #path: string;
  readonly #held = new Map<string, LockEars>();
  #opening: WorkerTimer | null = null;
  #stream: AbortController | null = null;

  constructor(requests: Requests, path: string) {
    this.#requests = requests;
    this.#path = path;
  }

  /** Returns the way to hear no more. */
  hear(name: string, token: number, ears: LockEars): () => void {
    const key = keyOf({ name, token });
    this.#held.set(key, ears);
    if (this.#stream === null) {
      this.#opening ??= this.#requests.ports.clock.timer(settleMs, () => {
        this.#opening = null;
        void this.#follow();
      });
    }
    return () => {
      this.#held.delete(key);
      if (this.#held.size > 0) return;
      this.#opening?.cancel();
      this.#opening = null;
      this.#stream?.abort();
      this.#stream = null;
    };
  }

  async #follow(): Promise<void> {
    const stream = new AbortController();
    this.#stream = stream;
    try {
      for await (const event of followEvents(this.#requests, this.#path, { signal: stream.signal })) {
        if (event.event === 'taken') {
          const taken = JSON.parse(event.data) as LockTaken;
          this.#held.get(keyOf(taken))?.taken(new Refusal('LOCK_LOST', lockTakenText(taken)));
        }
        // The first word of each connection: what was taken before it was there, it does not tell.
        if (event.event === 'watching') for (const ears of this.#held.values()) ears.unsure();
      }
    } catch {
      // Closed by us, or refused: a master that does not know it yet, or has no stream to spare. Renewals tell all the same.
    }
    if (this.#stream === stream) this.#stream = null;
  }
}

function keyOf({ name, token }: Pick<LockTaken, 'name' | 'token'>): string {
  return `${name} ${token}`;
}
