// When a standby of the store is promoted, it may lack what its predecessor had confirmed: always with asynchronous replication, never
// when commits waited for it. Either way the masters begin anew with what it has:
//
//   another timeline ──► nothing is claimed or offered ──► what connected workers hold is adopted where its claim was lost
//                    ──► this master says in its row that it has done so ──► all masters have, or a bound is reached ──► dispatch goes on
//
// Renewals of leases may be lost as well, so no session ends before every worker that may trust in one has fenced itself: rescue asks
// `settled` first, and sessions get one more lease. A master that starts cannot know whether anybody has given it in this timeline, unless a
// master says so in its row; else it gives it itself, where there was a promotion at all.
//
// Firing need not wait: the cursor and the ledger are from one transaction, so times that were lost are decided anew. The leader's term
// ends by itself (master/elector.ts), versions of definitions are read anew, and commits of unknown outcome are read back from the new primary by those who made them. What cannot
// be adopted, because run or session are gone too, is told to stop before dispatch goes on: a run that is fired anew would go to another.

import { sleep } from '../ports/clock.ts';
import { type Lineage, sameTimeline } from '../ports/store-history.ts';
import { mastersView } from '../store/cluster-views.ts';
import { type HeldRun, runsAdopt } from '../store/runs-adopt.ts';
import { runsInSessions } from '../store/runs-claim.ts';
import { sessionsGraceAll } from '../store/sessions.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { isPassing, type Service } from './service.ts';

/** Masters that do not say that they have adopted, because they are gone or older, are waited for no longer than this. */
const othersMs = 5000;
const lookMs = 100;

/** To say in this master's row up to which timeline it has adopted what its workers hold, and sessions have got their grace. */
export type Announce = (what: 'adopted' | 'graced', timeline: number) => Promise<void>;

export class StoreChange implements Service {
  readonly #context: MasterContext;
  readonly #dispatcher: Pick<Dispatcher, 'links' | 'hold' | 'goOn'>;
  readonly #announce: Announce;
  #unfollow: (() => void) | null = null;
  #settling: Promise<void> | null = null;
  #newest: Lineage | null = null;
  /** The one in which sessions have got their grace. */
  #graced: Lineage | null = null;
  /** It is known whether those of the timeline in which this master started have. */
  #begun = false;
  #stopped = false;

  constructor(context: MasterContext, dispatcher: Pick<Dispatcher, 'links' | 'hold' | 'goOn'>, announce: Announce) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#announce = announce;
  }

  start(): Promise<void> {
    if (!this.#stopped)
      this.#unfollow ??=
        this.#context.db.history?.watch((now, before) => {
          if (!sameTimeline(now, before)) this.#changed(now, before);
        }) ?? null;
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unfollow?.();
    await this.#settling;
  }

  /** Whether sessions may be taken for lost by what the store says of their leases. */
  get isSettled(): boolean {
    return this.#begun && this.#graced === this.#newest;
  }

  /** Resolves when it is so. Throws when the store does not answer. */
  async settled(): Promise<void> {
    const { db, settings } = this.#context;
    while (!this.isSettled && !this.#stopped) {
      const lineage = this.#newest;
      const timeline = (lineage ?? db.history?.lineage)?.timeline ?? 0;
      const isKnown = lineage === null && (timeline <= 1 || (await this.#isGraced(timeline)));
      if (!isKnown) await sessionsGraceAll(db, settings.sessionTtlMs);
      this.#begun = true;
      this.#graced = lineage;
      await this.#announce('graced', timeline);
    }
  }

  async #isGraced(timeline: number): Promise<boolean> {
    return (await mastersView(this.#context.db)).some((one) => one.gracedTimeline >= timeline);
  }

  #changed(now: Lineage, before: Lineage): void {
    const { log, metrics, fatal } = this.#context;
    log.warn('a standby of the store was promoted', { timeline: now.timeline, before: before.timeline });
    metrics.add('tidewheel_store_promotions_total', 1);
    this.#newest = now;
    this.#context.definitions.forget();
    this.#dispatcher.hold();
    this.#settling ??= this.#settle().then(
      () => {
        this.#settling = null;
      },
      (error: unknown) => fatal(error),
    );
  }

  async #settle(): Promise<void> {
    const { clock, db, masterId } = this.#context;
    const startedMs = clock.monotonicMs();
    let adoptedFor: Lineage | null = null;
    while (!this.#stopped) {
      try {
        await this.settled();
        const lineage = this.#newest;
        if (lineage !== null && adoptedFor !== lineage) {
          await this.#adopt();
          await this.#announce('adopted', lineage.timeline);
          adoptedFor = lineage;
        }
        const timeline = this.#newest?.timeline ?? 0;
        const others = (await mastersView(db)).filter(({ id }) => id !== masterId);
        const waited = clock.monotonicMs() - startedMs >= othersMs;
        if (adoptedFor === this.#newest && (waited || others.every((one) => one.adoptedTimeline >= timeline))) break;
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      await sleep(clock, lookMs);
    }
    await this.#stopWhatIsLost();
    this.#dispatcher.goOn();
  }

  #held(): HeldRun[] {
    return [...this.#dispatcher.links()].flatMap(({ sessionId, held }) =>
      [...held].map(([attemptId, { runId, attempt }]) => ({ runId, attempt, attemptId, sessionId })),
    );
  }

  /** Meanwhile a lost fire was decided anew, perhaps; its run has the same id, and is adopted now. */
  async #stopWhatIsLost(): Promise<void> {
    const held = this.#held();
    if (held.length === 0 || this.#stopped) return;
    try {
      await this.#adopt();
      const links = [...this.#dispatcher.links()];
      const stored = await runsInSessions(
        this.#context.db,
        links.map(({ sessionId }) => sessionId),
      );
      const known = new Set(stored.map((run) => run.attemptId));
      for (const link of links) {
        // What was handed over meanwhile is not in question.
        const lost = held.filter(({ attemptId }) => link.held.has(attemptId) && !known.has(attemptId));
        for (const { attemptId } of lost) link.held.delete(attemptId);
        if (lost.length > 0) link.send({ type: 'stale', attemptIds: lost.map(({ attemptId }) => attemptId) });
      }
    } catch (error) {
      // The gateway's comparing does it later.
      if (!isPassing(error)) throw error;
    }
  }

  async #adopt(): Promise<void> {
    const { db, log, metrics } = this.#context;
    const held = this.#held();
    const adopted = await db.transaction((tx) => runsAdopt(tx, held));
    metrics.add('tidewheel_runs_adopted_total', adopted.length);
    log.info('what workers hold was compared with the promoted store', { held: held.length, adopted: adopted.length });
  }
}
