// Orders of operators to masters, wherever the request arrived: written into the store with their reason, and hastened by a signal.

import { Refusal } from '@tidewheel/protocol';
import type { MasterState } from '../core/spread.ts';
import { eventsAppend, wholeCell } from '../store/events.ts';
import { leaderDismiss, masterAlive, masterWant } from '../store/masters.ts';
import type { MasterContext } from './deps.ts';

const actions: Readonly<Record<MasterState, string>> = {
  active: 'master.uncordon',
  cordoned: 'master.cordon',
  draining: 'master.drain',
};

export class Orders {
  readonly #context: Pick<MasterContext, 'db' | 'identity' | 'signals'>;

  constructor(context: Pick<MasterContext, 'db' | 'identity' | 'signals'>) {
    this.#context = context;
  }

  /** The same order again is harmless. Refusals: NOT_FOUND, LAST_MASTER. */
  async want(actor: string, masterId: string, wanted: MasterState, reason: string): Promise<void> {
    const { db, identity, signals } = this.#context;
    await db.transaction(async (tx) => {
      const answer = await masterWant(tx, masterId, { wanted, reason, by: actor });
      if (answer.kind === 'unknown') throw new Refusal('NOT_FOUND', `there is no master ${masterId} that is alive`);
      if (answer.kind === 'last')
        throw new Refusal('LAST_MASTER', `no other master is active, so ${masterId} must go on`);
      const event = { namespace: wholeCell, actor, action: actions[wanted], subject: masterId, detail: { reason } };
      await eventsAppend(tx, identity, [event]);
    });
    signals.publish('masters', null);
  }

  /** The leader that was asked. Refusals: NOT_FOUND (the successor), CONFLICT when nobody leads. */
  async stepDown(actor: string, to: string | null, reason: string): Promise<string> {
    const { db, identity, signals } = this.#context;
    const leader = await db.transaction(async (tx) => {
      if (to !== null && !(await masterAlive(tx, to)))
        throw new Refusal('NOT_FOUND', `there is no master ${to} that is alive`);
      const id = await leaderDismiss(tx, to);
      if (id === null) throw new Refusal('CONFLICT', 'nobody leads at this moment');
      const event = { namespace: wholeCell, actor, action: 'leader.step-down', subject: id, detail: { reason, to } };
      await eventsAppend(tx, identity, [event]);
      return id;
    });
    signals.publish('masters', null);
    return leader;
  }
}
