// Fires due schedules. Every master does it; row locks share the work. It sleeps to the nearest next fire, a signal, or the
// poll interval, whichever comes first. What was missed in an outage is caught up with in pieces, between what is due.
//
// What is due gets the free slots of this master's workers at once, when no older work waits. After an unknown outcome the next
// look reads the cursors again; only which of the slots were filled is read back, by their attempt ids.

import { serverLimits } from '../core/limits.ts';
import { OutcomeUnknown } from '../ports/database.ts';
import { catchUpPiece } from '../store/catch-up.ts';
import { firesDecide, firesLockDue, firesNext, type FiresDecided } from '../store/fires.ts';
import { runsInSlots } from '../store/runs-claim.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { announceFires } from './fired.ts';
import { Offers } from './offers.ts';
import { Loop, type Service } from './service.ts';

/** Another master holds what is due: look again after this, in case it dies. */
const heldByOthersMs = 50;

export class Firing implements Service {
  readonly #context: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #changes: Changes;
  readonly #loop: Loop;
  #unsubscribe: (() => void) | null = null;

  constructor(context: MasterContext, dispatcher: Dispatcher, changes: Changes) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#changes = changes;
    this.#loop = new Loop('firing', context, () => this.look());
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= this.#context.signals.subscribe('schedules', () => this.#loop.wake());
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop.stop();
  }

  /** One look at what is due. Answers how long to wait before the next. */
  async look(): Promise<number> {
    const { db, settings, posture } = this.#context;
    if (posture.resting) return settings.pollMs;
    const next = await firesNext(db);
    const isDue = next.at !== null && next.at <= next.now;
    const fired = isDue ? await this.#fire() : null;
    // As long as there is more that is due, nothing else is done.
    if (fired?.more === true) return 0;
    const caughtUp = next.behind || fired?.aside === true ? await this.#catchUp() : null;
    if (fired !== null || caughtUp !== null) return fired?.some === true || caughtUp === true ? 0 : heldByOthersMs;
    if (next.at === null) return settings.pollMs;
    return Math.min(next.at - next.now, settings.pollMs);
  }

  async #fire(): Promise<{ some: boolean; more: boolean; aside: boolean }> {
    const { clock, failpoints } = this.#context;
    const offers = new Offers(this.#dispatcher);
    const askedMs = clock.monotonicMs();
    failpoints.reach('fire.before');
    try {
      const { decided, full } = await this.#decide(offers);
      failpoints.reach('fire.committed');
      this.#announce(decided);
      failpoints.reach('fire.announced');
      offers.release();
      await this.#dispatcher.deliver(decided.direct, 'direct', askedMs);
      return { some: decided.namespaces.size > 0, more: full || decided.more, aside: decided.aside };
    } catch (error) {
      if (error instanceof OutcomeUnknown) await this.#readBack(offers, askedMs);
      throw error;
    } finally {
      offers.release();
    }
  }

  /** The work of a transaction may be done several times, so it offers afresh each time. */
  #decide(offers: Offers): Promise<{ decided: FiresDecided; full: boolean }> {
    const { db, failpoints } = this.#context;
    const deps = { ...this.#context, offer: (laneId: string) => offers.take(laneId) };
    return db.transaction(async (tx) => {
      offers.release();
      const due = await firesLockDue(tx, deps);
      failpoints.reach('fire.locked');
      const decided = await firesDecide(tx, deps, due);
      failpoints.reach('fire.before-commit');
      return { decided, full: due.length === serverLimits.fireSchedules };
    });
  }

  async #readBack(offers: Offers, askedMs: number): Promise<void> {
    const taken = await runsInSlots(this.#context.db, offers.slots);
    offers.release();
    await this.#dispatcher.deliver(taken, 'direct', askedMs);
  }

  /** One piece. False: nothing was left, or others are at it. */
  async #catchUp(): Promise<boolean> {
    const { db, failpoints } = this.#context;
    const decided = await db.transaction(async (tx) => {
      const piece = await catchUpPiece(tx, this.#context);
      failpoints.reach('catch-up.before-commit');
      return piece;
    });
    failpoints.reach('catch-up.committed');
    if (decided === null) return false;
    this.#announce(decided);
    return decided.namespaces.size > 0;
  }

  #announce(decided: FiresDecided): void {
    announceFires(this.#context, decided);
    this.#changes.note(decided.namespaces, 'runs', 'schedules');
  }
}
