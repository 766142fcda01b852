// A coordinator of its own, as etcd is one, that cannot be believed: it grants a lease that another one holds, ends leases early or
// late, says that a lease was renewed which is gone, answers with what was true some time ago, loses requests and answers, tells
// changes late, twice, out of order or never, is away, and comes back with nothing of what it knew. Only the store keeps masters safe
// from it; all that is asked of it is to be honest again after healing.

import { type Coordinator, CoordinatorUnavailable, type HeldLease, type LeaseGrant } from '../ports/coordinator.ts';
import type { Random } from './random.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface CoordinatorMix {
  /** One way between a master and the coordinator, ms. */
  delayMs: readonly [low: number, high: number];
  /** Shares of calls that never arrive, and that are carried out but not answered. */
  lost: number;
  unheard: number;
  /** Shares of grants: although another one holds it, ending before its time, outliving it. */
  double: number;
  early: number;
  late: number;
  /** Share of renewals of a lease that is gone which are answered as done. */
  falseRenewal: number;
  /** Share of questions that are answered with an earlier state. */
  stale: number;
  watch: { loss: number; repeat: number; delayMs: readonly [low: number, high: number] };
}

export const calmCoordinator: CoordinatorMix = {
  delayMs: [0, 3],
  lost: 0,
  unheard: 0,
  double: 0,
  early: 0,
  late: 0,
  falseRenewal: 0,
  stale: 0,
  watch: { loss: 0, repeat: 0, delayMs: [0, 5] },
};

export type Way = 'both' | 'in' | 'out';

interface Held {
  readonly holder: string;
  readonly token: number;
  readonly handle: string;
  readonly ttlMs: number;
  /** True time. */
  untilMs: number;
}

interface Watcher {
  readonly process: SimProcess;
  readonly life: number;
  readonly name: string;
  readonly changed: () => void;
}

/** As the driver for etcd has it. */
const ttlMs = 3000;
const outlivesMostMs = 5000;
/** How long a caller may wait until it learns that nobody answers, if it learns it at all. */
const givesUpMs = 4000;
/** Leases that were given although an earlier grant lives on: so many are remembered. */
const grantsKept = 50;

export class CoordinatorServer {
  mix: CoordinatorMix = calmCoordinator;
  readonly #time: VirtualTime;
  readonly #random: Random;
  /** By handle: also those that were doubled can be renewed. */
  readonly #grants = new Map<string, Held>();
  readonly #keys = new Map<string, string>();
  readonly #earlier = new Map<string, HeldLease | null>();
  readonly #cuts = new Map<string, { until: number; way: Way }>();
  #watchers: Watcher[] = [];
  #revision = 0;
  #cluster = 1;
  #count = 0;
  #awayUntil = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  /** As the present life of `process` sees it. */
  of(process: SimProcess): Coordinator {
    const { life } = process;
    const call = <T>(what: string, work: () => T): Promise<T> => this.#call(process, life, what, work);
    return {
      kind: 'etcd',
      ttlMs,
      acquire: (name, holder, wantedMs) => call('acquire', () => this.#acquire(name, holder, wantedMs)),
      renew: (grant) => call('renew', () => this.#renew(grant)),
      release: (grant) => call('release', () => this.#end(grant.name, grant.handle)),
      holder: (name) => call('holder', () => this.#holder(name)),
      watch: (name, changed) => {
        const watcher: Watcher = { process, life, name, changed };
        this.#watchers.push(watcher);
        return () => {
          this.#watchers = this.#watchers.filter((one) => one !== watcher);
        };
      },
      probe: () => call('probe', () => []),
      close: () => Promise.resolve(),
    };
  }

  outage(durationMs: number): void {
    this.#awayUntil = Math.max(this.#awayUntil, this.#time.now + durationMs);
  }

  cut(process: SimProcess, way: Way, durationMs: number): void {
    this.#cuts.set(process.name, { until: this.#time.now + durationMs, way });
  }

  /** Somebody ends all leases by hand, whose holders go on believing in them. */
  revokeAll(): void {
    for (const [name, handle] of this.#keys) this.#end(name, handle);
  }

  /** It is set up anew, or restored from a backup of itself some revisions ago: then even its tokens come again. */
  wipe(restoredRevisions: number | null): void {
    this.#grants.clear();
    this.#keys.clear();
    this.#earlier.clear();
    if (restoredRevisions === null) {
      this.#cluster += 1;
      this.#revision = 0;
    } else this.#revision = Math.max(0, this.#revision - restoredRevisions);
  }

  heal(): void {
    this.mix = calmCoordinator;
    this.#awayUntil = 0;
    this.#cuts.clear();
    this.#earlier.clear();
  }

  #call<T>(process: SimProcess, life: number, what: string, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!process.lives(life)) return;
      const fail = (): void => this.#fail(process, life, reject);
      this.#time.after(this.#delayMs(), `coordinator ${what}`, () => {
        if (this.#isCut(process, 'in') || this.#random.chance(this.mix.lost)) return fail();
        const value = work();
        this.#time.trace.add(this.#time.now, process.name, `coordinator ${what} → ${JSON.stringify(value)}`);
        if (this.#isCut(process, 'out') || this.#random.chance(this.mix.unheard)) return fail();
        if (process.lives(life)) process.after(this.#delayMs(), 'coordinator answer', () => resolve(value));
      });
    });
  }

  #fail(process: SimProcess, life: number, reject: (error: unknown) => void): void {
    if (!process.lives(life) || this.#random.chance(0.5)) return;
    process.after(this.#random.spread(1, givesUpMs), 'coordinator silent', () =>
      reject(new CoordinatorUnavailable('the coordinator did not answer')),
    );
  }

  #delayMs(): number {
    return this.#random.skewed(...this.mix.delayMs);
  }

  #isCut(process: SimProcess, way: 'in' | 'out'): boolean {
    if (this.#time.now < this.#awayUntil) return true;
    const cut = this.#cuts.get(process.name);
    return cut !== undefined && this.#time.now < cut.until && (cut.way === 'both' || cut.way === way);
  }

  #live(name: string): Held | null {
    const held = this.#grants.get(this.#keys.get(name) ?? '');
    return held !== undefined && held.untilMs > this.#time.now ? held : null;
  }

  #acquire(name: string, holder: string, wantedMs: number): LeaseGrant | null {
    const held = this.#live(name);
    if (held !== null && held.holder !== holder && !this.#random.chance(this.mix.double)) return null;
    this.#remember(name);
    // As in etcd: whoever takes its own lease again gives the old one up first.
    if (held?.holder === holder) this.#grants.delete(held.handle);
    this.#revision += 1;
    this.#count += 1;
    const handle = `lease-${this.#count}`;
    const grant: Held = { holder, token: this.#revision, handle, ttlMs: wantedMs, untilMs: 0 };
    this.#grants.set(handle, grant);
    const [oldest] = this.#grants.keys();
    if (this.#grants.size > grantsKept && oldest !== undefined) this.#grants.delete(oldest);
    this.#keys.set(name, handle);
    this.#extend(name, grant);
    this.#changed(name);
    return { name, holder, token: grant.token, ttlMs: wantedMs, origin: `cluster-${this.#cluster}`, handle };
  }

  #extend(name: string, grant: Held): void {
    const draw = this.#random.fraction();
    const { early, late } = this.mix;
    const lasts =
      draw < early
        ? this.#random.between(0, grant.ttlMs)
        : grant.ttlMs + (draw < early + late ? this.#random.between(0, outlivesMostMs) : 0);
    const until = this.#time.now + lasts;
    grant.untilMs = until;
    this.#time.after(lasts, 'coordinator lease', () => {
      if (grant.untilMs === until) this.#end(name, grant.handle);
    });
  }

  #renew({ name, handle }: LeaseGrant): boolean {
    const grant = this.#grants.get(handle);
    if (grant === undefined || grant.untilMs <= this.#time.now) return this.#random.chance(this.mix.falseRenewal);
    this.#extend(name, grant);
    return true;
  }

  #end(name: string, handle: string): void {
    const known = this.#grants.delete(handle);
    if (!known || this.#keys.get(name) !== handle) return;
    this.#remember(name);
    this.#keys.delete(name);
    this.#revision += 1;
    this.#changed(name);
  }

  #holder(name: string): HeldLease | null {
    const earlier = this.#earlier.get(name);
    if (earlier !== undefined && this.#random.chance(this.mix.stale)) return earlier;
    return viewOf(this.#live(name));
  }

  #remember(name: string): void {
    this.#earlier.set(name, viewOf(this.#live(name)));
  }

  #changed(name: string): void {
    this.#watchers = this.#watchers.filter((one) => one.process.lives(one.life));
    const { loss, repeat, delayMs } = this.mix.watch;
    for (const watcher of this.#watchers) {
      if (watcher.name !== name || this.#random.chance(loss) || this.#isCut(watcher.process, 'out')) continue;
      for (let times = this.#random.chance(repeat) ? 2 : 1; times > 0; times -= 1)
        watcher.process.after(this.#random.skewed(...delayMs), 'coordinator change', () => {
          if (this.#watchers.includes(watcher)) watcher.changed();
        });
    }
  }
}

function viewOf(held: Held | null): HeldLease | null {
  return held === null ? null : { holder: held.holder, token: held.token, remainingMs: null };
}
