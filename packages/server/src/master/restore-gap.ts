// After a restore: shows what the store does not know, takes the operator's choice, and, while this master leads, carries it out.

import { type GapView, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { eventsAppend, wholeCell } from '../store/events.ts';
import { type ChosenGap, gapChoose, gapClose, gapRead } from '../store/restore-gap.ts';
import { gapLose, type GapLosses, gapSetAside } from '../store/restore-gap-closing.ts';
import { gapView } from '../store/restore-gap-view.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';
import { announceFreed } from './fired.ts';

/** While a gap is open, and while none is. */
const lookMs = { open: 500, closed: 15_000 };

export class RestoreGap {
  readonly #context: MasterContext;

  constructor(context: MasterContext) {
    this.#context = context;
  }

  /** Refuses with NOT_FOUND when no gap is open. */
  async view(): Promise<GapView> {
    const view = await gapView(this.#context.db, this.#context.definitions);
    if (view === null)
      throw new Refusal('NOT_FOUND', 'this store has no gap: it was not restored, or everything was chosen');
    return view;
  }

  /** The leader carries it out. Refuses with NOT_FOUND, and with CONFLICT when something was chosen before. */
  async choose(choice: ChosenGap): Promise<GapView> {
    const { db, identity } = this.#context;
    await this.view();
    const gap = await db.transaction(async (tx) => {
      const chosen = await gapChoose(tx, choice);
      const { gap: what, unfinished, reason, by: actor } = choice;
      const detail = { gap: what, unfinished, reason };
      const event = { namespace: wholeCell, actor, action: 'restore-gap.choose', subject: chosen?.id ?? '', detail };
      if (chosen !== null) await eventsAppend(tx, identity, [event]);
      return chosen;
    });
    if (gap === null) throw new Refusal('CONFLICT', 'something was chosen already, and is being carried out');
    return this.view();
  }
}

export function restoreGapDuty(context: MasterContext): Duty {
  return {
    name: 'restore-gap',
    begin: (leader) => async () => {
      const gap = await gapRead(context.db);
      if (gap === null) return lookMs.closed;
      if (gap.choice === null) return lookMs.open;
      await carryOut(context, leader, gap.choice);
      return lookMs.closed;
    },
  };
}

/** In portions. Broken off, it begins anew: what is set aside or lost is so already. */
async function carryOut(context: MasterContext, leader: Leader, choice: ChosenGap): Promise<void> {
  const { identity, log, signals } = context;
  let lost = 0;
  for (let after: string | null = null; ; ) {
    const from: string | null = after;
    const portion: GapLosses | null = await leader.transaction(async (tx) => {
      const gap = await gapRead(tx);
      return gap === null ? null : gapLose(tx, context, gap, choice, from);
    });
    if (portion === null) return;
    announceFreed(context, portion.freed);
    lost += portion.lost;
    after = portion.after;
    if (after === null) break;
  }
  let schedules = 0;
  for (;;) {
    const more = await leader.transaction(async (tx) => {
      const gap = await gapRead(tx);
      if (gap === null) return 0;
      const aside = await gapSetAside(tx, context, choice);
      if (aside === serverLimits.fireSchedules) return aside;
      await gapClose(tx, gap.id);
      const detail = { ...choice, schedules: schedules + aside, lost };
      await eventsAppend(tx, identity, [
        { namespace: wholeCell, actor: choice.by, action: 'restore-gap.close', subject: gap.id, detail },
      ]);
      return aside;
    });
    schedules += more;
    if (more < serverLimits.fireSchedules) break;
  }
  log.warn('the gap of the restore is closed; schedules fire again', { gap: choice.gap, schedules, lost });
  signals.publish('schedules', null);
  signals.publish('scheduled', null);
}
