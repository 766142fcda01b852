// Announces this master to the others, with what it says of itself, and knows who they are, so that workers can be told where else
// to go.

import { Refusal } from '@tidewheel/protocol';
import { type MasterStats, noStats } from '../store/cluster-views.ts';
import { readMigrations } from '../store/migrate.ts';
import { masterLeave, masterRenew, mastersAlive, type StoreNews } from '../store/sessions.ts';
import { storeClosed } from '../store/store-state.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

/** Renewals within one lease, and how many go by between two readings of the others: newcomers announce themselves. */
const leaseRenewals = 3;
const readEvery = 6;

export class Membership implements Service {
  readonly #context: MasterContext;
  readonly #loop: Loop;
  readonly #stats: () => MasterStats;
  /** The newest one that this binary knows. */
  readonly #migration = readMigrations().length;
  #renewals = 0;
  /** Of the store, as this master found it: whatever it remembers is of no other. */
  #epoch: number | null = null;
  #ended = false;
  #announced: 'not yet' | 'just now' | 'before' = 'not yet';
  #unsubscribe: (() => void) | null = null;
  /** Of the last renewal. */
  #tookMs: number | null = null;
  /** Addresses of all masters that are alive, this one among them. */
  masters: readonly string[];

  constructor(context: MasterContext, stats: () => MasterStats = () => noStats) {
    this.#context = context;
    this.#stats = stats;
    this.masters = [context.settings.address];
    this.#loop = new Loop('membership', context, () => this.#look());
  }

  /** Says anew, before its time, what there is to say of this master. */
  async tell(): Promise<void> {
    await this.#renew();
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= this.#context.signals.subscribe('masters', () => this.#heard());
    await this.#loop.start();
  }

  #heard(): void {
    const own = this.#announced === 'just now';
    if (own) this.#announced = 'before';
    if (own || this.#announced === 'not yet') return;
    this.#renewals = 0;
    this.#loop.wake();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    await this.#loop.stop();
    // A store that does not answer forgets this master by its lease.
    await masterLeave(this.#context.db, this.#context.masterId).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const { clock, db, settings, masterId } = this.#context;
    const { address, version } = settings;
    const stats = this.#stats();
    const told = { ...stats, storeMs: stats.storeMs ?? this.#tookMs };
    const self = { id: masterId, address, version, stats: told, wallMs: clock.wallMs() };
    const startedMs = clock.monotonicMs();
    this.#heed(await masterRenew(db, self, settings.masterTtlMs));
    this.#tookMs = clock.monotonicMs() - startedMs;
  }

  async #look(): Promise<number> {
    const { db, failpoints, settings } = this.#context;
    await this.#renew();
    if (this.#renewals++ % readEvery === 0) this.masters = (await mastersAlive(db)).map(({ address: at }) => at);
    failpoints.reach('membership.joined');
    if (this.#announced === 'not yet') {
      // So that the others tell their workers of this one soon, and not with their next reading.
      this.#announced = 'just now';
      this.#context.signals.publish('masters', null);
    }
    return settings.masterTtlMs / leaseRenewals;
  }

  /** Whoever went on would read and write by rules that hold no more, or what nobody will see. */
  #heed(news: StoreNews): void {
    this.#epoch ??= news.epoch;
    const { usable_from: usableFrom } = news;
    const restored = { state: 'moved', detail: 'it was replaced by a backup of itself' } as const;
    const closed = storeClosed(this.#epoch === news.epoch ? news : restored);
    const text = `a newer master has changed the database: binaries can use it that know migration ${usableFrom}; this one knows up to ${this.#migration}`;
    const why = closed ?? (usableFrom > this.#migration ? new Refusal('DATABASE_NEWER', text) : null);
    if (why === null || this.#ended) return;
    this.#ended = true;
    this.#context.fatal(why);
  }
}
