// Locks over the API: taken as handles that keep themselves, and looked at.

import { limits, type LockAcquire, type LockView, parseDuration, Refusal } from '@tidewheel/protocol';
import type { RunContext } from '../task.ts';
import { sleep } from './client-ports.ts';
import { followEvents } from './event-stream.ts';
import { HeldLock } from './held-lock.ts';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';
import { TakenLocks } from './taken-locks.ts';

export interface LockOptions {
  /** How long it lives without a renewal: `'30s'`, or milliseconds. The shorter, the sooner others get it after a crash. */
  ttl?: string | number | undefined;
  /** How long to wait for it, at most: `'10m'`, or milliseconds. Not at all when absent. */
  wait?: string | number | undefined;
  /** For people: what it is held for. */
  label?: string | undefined;
  /** In a task: free as soon as the worker that executes this run is lost. */
  run?: Pick<RunContext, 'runId' | 'attemptId'> | undefined;
  signal?: AbortSignal | undefined;
}

export interface LockFilter extends PageOptions {
  /** Also those that are free but were held lately. */
  all?: boolean | undefined;
}

/** Between two requests of a long wait; a request waits at its master. */
const againMs = 50;

export class LocksApi {
  readonly #requests: Requests;
  readonly #base: string;
  readonly #taken: TakenLocks;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = `${namespaceBase}/locks`;
    this.#taken = new TakenLocks(requests, `${namespaceBase}/taken-locks`);
  }

  /**
   * Takes the lock, and keeps it until it is released or lost. Refusals: LOCK_HELD when another one has it (all through `wait`).
   *
   *     await using lock = await client.locks.acquire('reports', { wait: '1m' });
   *     await write(report, { fence: lock.token, signal: lock.lost });
   */
  async acquire(name: string, options: LockOptions = {}): Promise<HeldLock> {
    const { clock, uuid } = this.#requests.ports;
    const { signal } = options;
    const hold = uuid();
    const untilMs = clock.monotonicMs() + (options.wait === undefined ? 0 : msOf('wait', options.wait));
    for (;;) {
      signal?.throwIfAborted();
      const askedMs = clock.monotonicMs();
      const wait = Math.max(0, Math.min(limits.lockWaitMs, Math.round(untilMs - askedMs)));
      try {
        return await this.#ask(name, hold, wait, options);
      } catch (error) {
        // The request may have been carried out although its answer was lost: nobody will use that hold.
        if (!(error instanceof Refusal) || error.code !== 'LOCK_HELD') {
          void this.release(name, hold).catch(() => undefined);
          throw error;
        }
        if (clock.monotonicMs() + againMs >= untilMs) throw error;
        await sleep(clock, againMs, signal);
      }
    }
  }

  async #ask(name: string, hold: string, wait: number, options: LockOptions): Promise<HeldLock> {
    const { ports } = this.#requests;
    const { ttl, label, run, signal } = options;
    const body: LockAcquire = {
      hold,
      wait,
      ...(ttl === undefined ? {} : { ttl: msOf('ttl', ttl) }),
      ...(label === undefined ? {} : { label }),
      ...(run === undefined ? {} : { attempt: { runId: run.runId, attemptId: run.attemptId } }),
    };
    let sinceMs = ports.clock.monotonicMs();
    const path = `${this.#of(name)}/acquire`;
    const lock = await this.#requests.json<LockView>('POST', path, { body, repeatable: true, signal });
    if (ports.clock.monotonicMs() - sinceMs > lock.ttlMs / 3) {
      // It was taken at some time within the wait; a renewal says when its life began at the earliest.
      sinceMs = ports.clock.monotonicMs();
      await this.renew(name, hold, lock.token);
    }
    return new HeldLock(lock, hold, sinceMs, ports, {
      renew: (timeoutMs) => this.renew(name, hold, lock.token, timeoutMs),
      release: () => this.release(name, hold),
      hear: (ears) => this.#taken.hear(name, lock.token, ears),
    });
  }

  /** What a HeldLock does by itself. Refusals: LOCK_LOST. */
  renew(name: string, hold: string, token: number, timeoutMs?: number): Promise<LockView> {
    const body = { hold, token };
    return this.#requests.json('POST', `${this.#of(name)}/renew`, { body, repeatable: true, timeoutMs });
  }

  /** False when it was lost before. */
  async release(name: string, hold: string): Promise<boolean> {
    const path = `${this.#of(name)}/release`;
    const { released } = await this.#requests.json<{ released: boolean }>('POST', path, {
      body: { hold },
      repeatable: true,
    });
    return released;
  }

  /** Takes it away from its holder, whoever that is; the answer says who it was. */
  forceRelease(name: string, reason: string): Promise<LockView> {
    return this.#requests.json('POST', `${this.#of(name)}/force-release`, { body: { reason } });
  }

  get(name: string): Promise<LockView> {
    return this.#requests.json('GET', this.#of(name));
  }

  list({ all, ...page }: LockFilter = {}): Listing<LockView> {
    return new Listing((query) => this.#requests.json('GET', this.#base, { query: { ...query, all } }), page);
  }

  /** The lock as it is, and again whenever it changes hands or is free; null: nobody has held it lately. */
  async *watch(name: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<LockView | null> {
    for await (const event of followEvents(this.#requests, `${this.#of(name)}/watch`, options)) {
      if (event.event === 'lock') yield JSON.parse(event.data) as LockView | null;
    }
  }

  #of(name: string): string {
    return `${this.#base}/${encodeURIComponent(name)}`;
  }
}

function msOf(what: string, value: string | number): number {
  const ms = typeof value === 'number' ? value : parseDuration(value);
  if (ms === null)
    throw new Refusal('VALIDATION_FAILED', `${what} is "${value}", which is not a duration; write 500ms, 10s, 5m`);
  return ms;
}
