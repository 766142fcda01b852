// Announces this master to the others and knows who they are, so that workers can be told where else to go.

import { masterLeave, masterRenew } from '../store/sessions.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

export class Membership implements Service {
  readonly #context: MasterContext;
  readonly #loop: Loop;
  /** Addresses of all masters that are alive, this one among them. */
  masters: readonly string[];

  constructor(context: MasterContext) {
    this.#context = context;
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
    const { db, failpoints, settings, masterId } = this.#context;
    const { address, version } = settings;
    this.masters = (await masterRenew(db, { id: masterId, address, version }, settings.masterTtlMs)).map(
      (master) => master.address,
    );
    failpoints.reach('membership.joined');
    return settings.masterTtlMs / 2;
  }
}
