// What people do about findings of the standing audit.

import { Refusal } from '@tidewheel/protocol';
import { eventsAppend } from '../store/events.ts';
import { findingsAcknowledge } from '../store/fire-findings.ts';
import type { MasterContext } from './deps.ts';

type Deps = Pick<MasterContext, 'db' | 'identity' | 'signals'>;

export class FireFindings {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Of one schedule, or of all. Answers the names of the schedules. Refusals: NOT_FOUND when nothing is left to acknowledge. */
  async acknowledge(
    namespace: string,
    actor: string,
    { reason, schedule }: { reason: string; schedule?: string | undefined },
  ): Promise<string[]> {
    const { db, identity, signals } = this.#deps;
    const names = await db.transaction(async (tx) => {
      const told = await findingsAcknowledge(tx, { namespace, schedule: schedule ?? null, by: actor, reason });
      if (told.length === 0) throw new Refusal('NOT_FOUND', 'there are no findings that nobody has acknowledged');
      const events = told.map((subject) => ({
        namespace,
        actor,
        action: 'fires.acknowledge',
        subject,
        detail: { reason },
      }));
      await eventsAppend(tx, identity, events);
      return told;
    });
    signals.publish('changed', { namespace, topics: ['schedules', 'cluster'] });
    return names;
  }
}
