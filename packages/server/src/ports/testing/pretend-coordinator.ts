// A coordinator for tests: leases in memory by a clock that is moved by hand, and connections that can be made to fall silent.

import { type Coordinator, CoordinatorUnavailable, type HeldLease, type LeaseGrant } from '../coordinator.ts';
import type { ManualClock } from './manual-clock.ts';

export interface PretendConnection extends Coordinator {
  /** `silent`: calls are never answered and do nothing. `deaf`: they are carried out, but not answered. `broken`: they fail. */
  mode: 'well' | 'silent' | 'deaf' | 'broken';
}

interface Held {
  holder: string;
  token: number;
  untilMs: number;
}

export class PretendCoordinator {
  readonly #clock: ManualClock;
  readonly #ttlMs: number;
  readonly #leases = new Map<string, Held>();
  readonly #watchers = new Set<() => void>();
  #token = 0;

  constructor(clock: ManualClock, ttlMs = 3000) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  connect(): PretendConnection {
    const call = <T>(work: () => T): Promise<T> => {
      if (connection.mode === 'broken') return Promise.reject(new CoordinatorUnavailable('broken'));
      const silence = new Promise<T>(() => undefined);
      if (connection.mode === 'silent') return silence;
      const value = work();
      return connection.mode === 'deaf' ? silence : Promise.resolve(value);
    };
    const connection: PretendConnection = {
      mode: 'well',
      kind: 'etcd',
      ttlMs: this.#ttlMs,
      acquire: (name, holder, ttlMs) => call(() => this.#acquire(name, holder, ttlMs)),
      renew: (grant) => call(() => this.#renew(grant)),
      release: (grant) => call(() => this.#release(grant)),
      holder: (name) => call(() => this.#holder(name)),
      watch: (_name, changed) => {
        const hear = (): void => {
          if (connection.mode === 'well') changed();
        };
        this.#watchers.add(hear);
        return () => this.#watchers.delete(hear);
      },
      probe: () => call(() => []),
      close: () => Promise.resolve(),
    };
    return connection;
  }

  #live(name: string): Held | null {
    const held = this.#leases.get(name);
    return held !== undefined && held.untilMs > this.#clock.monotonicMs() ? held : null;
  }

  #acquire(name: string, holder: string, ttlMs: number): LeaseGrant | null {
    const held = this.#live(name);
    if (held !== null && held.holder !== holder) return null;
    this.#token += 1;
    this.#leases.set(name, { holder, token: this.#token, untilMs: this.#clock.monotonicMs() + ttlMs });
    this.#changed();
    return { name, holder, token: this.#token, ttlMs, origin: 'pretended', handle: '' };
  }

  #renew({ name, token, ttlMs }: LeaseGrant): boolean {
    const held = this.#live(name);
    if (held?.token !== token) return false;
    held.untilMs = this.#clock.monotonicMs() + ttlMs;
    return true;
  }

  #release({ name, token }: LeaseGrant): void {
    if (this.#live(name)?.token !== token) return;
    this.#leases.delete(name);
    this.#changed();
  }

  #holder(name: string): HeldLease | null {
    const held = this.#live(name);
    if (held === null) return null;
    return { holder: held.holder, token: held.token, remainingMs: held.untilMs - this.#clock.monotonicMs() };
  }

  #changed(): void {
    for (const hear of this.#watchers) hear();
  }
}
