// Moves that time brings: promotes delayed runs, fails runs that nobody started in time, rescues the runs of lost sessions,
// in one loop with one cheap look. Every master does it; row locks share the work.

import { StoreUnavailable } from '../ports/database.ts';
import { runsExpireStart, runsPromote, sessionsRescue, sweepBackMs, sweepOutlook } from '../store/runs-sweep.ts';
import { turnsHeal } from '../store/turns.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import { announceFreed } from './fired.ts';
import type { PauseWatch } from './pause-watch.ts';
import { Loop, type Service } from './service.ts';
import type { StoreChange } from './store-change.ts';

/** Another master holds what is due: look again after this, in case it dies. */
const heldByOthersMs = 50;
/** While nothing at all lies ahead, what comes without its signal arriving waits for so many polls at most. */
const quietPolls = 3;
/** How often, and at once after the start, it looks for what was stranded while nobody swept. */
const lookBackEveryMs = 60_000;

export class Sweeping implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #loop: Loop;
  readonly #pauses: Pick<PauseWatch, 'settled'>;
  readonly #storeChange: Pick<StoreChange, 'settled' | 'isSettled'>;
  #unsubscribe: (() => void) | null = null;
  #lookedBackAtMs = Number.NEGATIVE_INFINITY;
  #healedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    context: MasterContext,
    changes: Changes,
    pauses: Pick<PauseWatch, 'settled'>,
    storeChange: Pick<StoreChange, 'settled' | 'isSettled'>,
  ) {
    this.#storeChange = storeChange;
    this.#pauses = pauses;
    this.#context = context;
    this.#changes = changes;
    this.#loop = new Loop('sweeping', context, () => this.#look());
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= this.#context.signals.subscribe('scheduled', () => this.#loop.wake());
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop.stop();
  }

  async #look(): Promise<number> {
    const { clock, db, settings } = this.#context;
    const looksBack = clock.monotonicMs() - this.#lookedBackAtMs >= lookBackEveryMs;
    const backMs = looksBack ? sweepBackMs.endless : sweepBackMs.usual;
    await this.#pauses.settled();
    const outlook = await sweepOutlook(db, backMs);
    const isDue = (at: number | null) => at !== null && at <= outlook.now;
    if (isDue(outlook.promoteAt)) await this.#promote();
    if (isDue(outlook.startDeadlineAt)) await this.#expireStarts();
    if (outlook.stranded || isDue(outlook.leaseEndsAt)) {
      // A pause since the look would make it a stale one.
      await this.#pauses.settled();
      await this.#storeChange.settled();
      await this.#rescue(backMs);
    }
    if (looksBack) this.#lookedBackAtMs = clock.monotonicMs();
    if (outlook.turns && clock.monotonicMs() - this.#healedAtMs >= settings.pollMs) await this.#heal();
    const ahead = [outlook.promoteAt, outlook.startDeadlineAt, outlook.leaseEndsAt].filter((at) => at !== null);
    const quiet = ahead.length === 0 && !outlook.turns;
    const nextMs = Math.min(...ahead.map((at) => at - outlook.now), settings.pollMs * (quiet ? quietPolls : 1));
    return nextMs <= 0 || outlook.stranded ? heldByOthersMs : nextMs;
  }

  /** Runs that wait for others, and fixed delays: the turns that nobody gave when a run ended. */
  async #heal(): Promise<void> {
    const { clock, db } = this.#context;
    announceFreed(this.#context, await db.transaction((tx) => turnsHeal(tx)));
    this.#healedAtMs = clock.monotonicMs();
  }

  async #promote(): Promise<void> {
    const { db, failpoints, signals } = this.#context;
    failpoints.reach('promote.before');
    const promoted = await runsPromote(db);
    failpoints.reach('promote.committed');
    if (promoted.length > 0) signals.publish('ready', { lanes: [...new Set(promoted.map((run) => run.laneId))] });
    this.#changes.note(new Set(promoted.map((run) => run.namespace)), 'runs');
  }

  async #expireStarts(): Promise<void> {
    const { db, metrics, masterId } = this.#context;
    const { finished, freed } = await db.transaction((tx) => runsExpireStart(tx, masterId));
    announceFreed(this.#context, freed);
    if (finished.length > 0) metrics.add('tidewheel_runs_finished_total', finished.length, { state: 'failed' });
    this.#changes.note(new Set(finished.map((run) => run.namespace)), 'runs');
  }

  async #rescue(backMs: number): Promise<void> {
    const { db, failpoints, signals, metrics, log } = this.#context;
    failpoints.reach('rescue.before');
    const rescued = await db.transaction(async (tx) => {
      // The connection may be one to another server than the look had.
      if (!this.#storeChange.isSettled)
        throw new StoreUnavailable('another server of the store has taken over: sessions get their grace first');
      const given = await sessionsRescue(tx, this.#context, backMs);
      failpoints.reach('rescue.before-commit');
      return given;
    });
    failpoints.reach('rescue.committed');
    for (const session of rescued.sessions)
      log.warn('a session expired', { session: session.id, worker: session.worker });
    if (rescued.sessions.length > 0) metrics.add('tidewheel_sessions_lost_total', rescued.sessions.length);
    if (rescued.retried.length > 0)
      signals.publish('ready', { lanes: [...new Set(rescued.retried.map((run) => run.laneId))] });
    announceFreed(this.#context, rescued.freed);
    if (rescued.locks.length > 0) signals.publish('locks', { locks: rescued.locks });
    for (const run of rescued.finished) metrics.add('tidewheel_runs_finished_total', 1, { state: run.state });
    this.#changes.note(new Set([...rescued.finished, ...rescued.retried].map((run) => run.namespace)), 'runs');
    this.#changes.note(new Set(rescued.sessions.map((session) => session.namespace)), 'workers', 'locks');
  }
}
