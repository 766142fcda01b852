// Announces this master to the others, with what it says of itself, and knows who they are, so that workers can be told where else
// to go.

import { type MasterStats, noStats } from '../store/cluster-views.ts';
import { masterLeave, masterRenew, mastersAlive } from '../store/sessions.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

/** The others are read once a lease, which is renewed so often. */
const readRenewals = 3;

export class Membership implements Service {
  readonly #context: MasterContext;
  readonly #loop: Loop;
  readonly #stats: () => MasterStats;
  #renewals = 0;
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

  start(): Promise<void> {
    return this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    // A store that does not answer forgets this master by its lease.
    await masterLeave(this.#context.db, this.#context.masterId).catch(() => undefined);
  }

  async #look(): Promise<number> {
    const { clock, db, failpoints, settings, masterId } = this.#context;
    const { address, version } = settings;
    const stats = this.#stats();
    const told = { ...stats, storeMs: stats.storeMs ?? this.#tookMs };
    const self = { id: masterId, address, version, stats: told, wallMs: clock.wallMs() };
    const startedMs = clock.monotonicMs();
    await masterRenew(db, self, settings.masterTtlMs);
    this.#tookMs = clock.monotonicMs() - startedMs;
    if (this.#renewals++ % readRenewals === 0) this.masters = (await mastersAlive(db)).map(({ address: at }) => at);
    failpoints.reach('membership.joined');
    return settings.masterTtlMs / readRenewals;
  }
}
