// Group commit: whatever arrives while a transaction is in flight joins the next one. One round trip when idle, one
// transaction for hundreds of callers under load. The queue is bounded; over it callers are refused, not queued.

import { Refusal } from '@tidewheel/protocol';

export interface GroupCommitOptions<In, Out> {
  /** Commits a batch; answers in the order of the batch. An item's own refusal is a value, so that it harms no other. */
  commit: (batch: readonly In[]) => Promise<readonly (Out | Refusal)[]>;
  /** How much of `batchMost` one item takes. */
  size: (item: In) => number;
  batchMost: number;
  waitingMost: number;
}

interface Waiting<In, Out> {
  item: In;
  resolve: (out: Out) => void;
  reject: (error: unknown) => void;
}

export class GroupCommit<In, Out> {
  readonly #options: GroupCommitOptions<In, Out>;
  #queue: Waiting<In, Out>[] = [];
  #waiting = 0;
  #pump: Promise<void> | null = null;

  constructor(options: GroupCommitOptions<In, Out>) {
    this.#options = options;
  }

  submit(item: In): Promise<Out> {
    const size = this.#options.size(item);
    if (this.#waiting + size > this.#options.waitingMost) {
      return Promise.reject(
        new Refusal('TOO_MANY_REQUESTS', 'too many requests wait for the store', { retryAfterSeconds: 1 }),
      );
    }
    this.#waiting += size;
    const done = new Promise<Out>((resolve, reject) => {
      this.#queue.push({ item, resolve, reject });
    });
    this.#pump ??= this.#run();
    return done;
  }

  /** Resolves when everything that was submitted before has been settled. */
  async drained(): Promise<void> {
    while (this.#pump !== null) await this.#pump;
  }

  async #run(): Promise<void> {
    // One turn of the microtask queue lets callers of the same tick join the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#commit(this.#take());
    this.#pump = null;
  }

  #take(): Waiting<In, Out>[] {
    let size = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      size += this.#options.size(waiting.item);
      if (count > 0 && size > this.#options.batchMost) break;
      count += 1;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return batch;
  }

  async #commit(batch: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const results = await this.#options.commit(batch.map((waiting) => waiting.item));
      batch.forEach((waiting, index) => {
        const result = results[index];
        if (result instanceof Refusal) waiting.reject(result);
        else waiting.resolve(result as Out);
      });
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      for (const waiting of batch) this.#waiting -= this.#options.size(waiting.item);
    }
  }
}
