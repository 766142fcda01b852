// Leases of the connected workers. Heartbeats are collected for a moment and renewed in one statement; the reply with the
// next nonce leaves only after that commit. A heartbeat that does not carry the nonce of the last reply renews nothing: on a
// link that only works in one direction the lease must run out. Beside it, what this master believes its workers hold is
// compared with the store at an interval.

import type { WorkerStats } from '@tidewheel/protocol';
import { runsInSessions, type ClaimedRun } from '../store/runs-claim.ts';
import { sessionsRenew } from '../store/sessions.ts';
import { cancelOf } from './assignment.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { Loop, type Service } from './service.ts';
import type { SessionLink } from './session-link.ts';
import { applyStanding } from './standing.ts';

/** How long heartbeats wait for others to share a statement. */
const gatherMs = 500;
/** A claim or result younger than this may still be on its way. */
const settledMs = 3000;

type Dismiss = (link: SessionLink, code: 'SESSION_DEAD', reason: string) => void;

export class Renewals implements Service {
  readonly #context: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #dismiss: Dismiss;
  readonly #masters: () => readonly string[];
  readonly #renewing: Loop;
  readonly #reconciling: Loop;
  /** Since when a worker's heartbeat waits for its answer. */
  readonly #waiting = new Map<SessionLink, { stats: WorkerStats; sinceMs: number }>();
  #gathering = false;

  constructor(
    context: MasterContext,
    dispatcher: Dispatcher,
    dismiss: Dismiss,
    masters: () => readonly string[] = () => [],
  ) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#dismiss = dismiss;
    this.#masters = masters;
    this.#renewing = new Loop('renewals', context, () => this.#renew());
    this.#reconciling = new Loop('reconciling', context, () => this.#reconcile());
  }

  async start(): Promise<void> {
    await this.#renewing.start();
    await this.#reconciling.start();
  }

  async stop(): Promise<void> {
    await this.#renewing.stop();
    await this.#reconciling.stop();
  }

  heartbeat(link: SessionLink, nonce: string, stats: WorkerStats): void {
    if (nonce !== link.nonce) return;
    const { clock, metrics } = this.#context;
    link.stats = stats;
    // Said again before it was answered: the worker, too, counts from the first time.
    const sinceMs = this.#waiting.get(link)?.sinceMs ?? clock.monotonicMs();
    this.#waiting.set(link, { stats, sinceMs });
    if (stats.roundTripMs !== undefined)
      metrics.observe('tidewheel_worker_round_trip_seconds', stats.roundTripMs / 1000);
    if (this.#gathering) return;
    this.#gathering = true;
    clock.timer(gatherMs, () => {
      this.#gathering = false;
      this.#renewing.wake();
    });
  }

  async #renew(): Promise<number> {
    const { db, clock, failpoints, identity, masterId, settings } = this.#context;
    const batch = new Map(this.#waiting);
    if (batch.size === 0) return settings.sessionTtlMs;
    const renewals = [...batch].map(([link, { stats }]) => ({ sessionId: link.sessionId, stats }));
    const renewedAtMs = clock.monotonicMs();
    failpoints.reach('renew.before');
    const renewed = await sessionsRenew(db, masterId, renewals, settings.sessionTtlMs);
    failpoints.reach('renew.committed');
    const alive = new Map(renewed.map((session) => [session.sessionId, session]));
    for (const [link, { sinceMs }] of batch) {
      this.#waiting.delete(link);
      const standing = alive.get(link.sessionId);
      if (standing === undefined) {
        this.#dismiss(link, 'SESSION_DEAD', 'the lease ran out, or the session continues elsewhere');
        continue;
      }
      link.nonce = identity.random();
      link.renewedAtMs = renewedAtMs;
      const heldMs = Math.max(0, clock.monotonicMs() - sinceMs);
      link.send({ type: 'heartbeatAck', nonce: link.nonce, heldMs, ...this.#news(link) });
      applyStanding(link, standing, clock.monotonicMs());
    }
    failpoints.reach('renew.acknowledged');
    return this.#waiting.size > 0 ? gatherMs : settings.sessionTtlMs;
  }

  /** Masters come and go while a connection lasts; the worker must know where to go when this one goes. */
  #news(link: SessionLink): { masters?: string[] } {
    const masters = [...this.#masters()];
    const text = masters.join(' ');
    if (text === link.mastersTold) return {};
    link.mastersTold = text;
    return { masters };
  }

  async #reconcile(): Promise<number> {
    const { db, settings, clock } = this.#context;
    const pauseMs = settings.sessionTtlMs / 2;
    const expiredMs = clock.monotonicMs() - settings.sessionTtlMs;
    for (const link of this.#dispatcher.links()) {
      // A worker that is only heard, or not even that, would be offered work for ever.
      if (link.renewedAtMs < expiredMs) this.#dismiss(link, 'SESSION_DEAD', 'the lease ran out');
    }
    const links = [...this.#dispatcher.links()];
    if (links.length === 0) return pauseMs;
    const before = clock.monotonicMs() - settledMs;
    const ids = links.map((link) => link.sessionId);
    const { epoch } = this.#dispatcher;
    const stored = await runsInSessions(db, ids);
    // A promoted store may know less than the workers, until they are compared there (store-change.ts).
    if (this.#dispatcher.onHold || this.#dispatcher.epoch !== epoch) return settledMs;
    const byAttempt = new Map(stored.map((run) => [run.attemptId, run]));
    const unknown: ClaimedRun[] = stored.filter((run) =>
      this.#dispatcher.link(run.sessionId)?.missing(run.attemptId, before),
    );
    await this.#dispatcher.deliver(unknown, 'again');
    for (const link of links) {
      const stale = [...link.held].filter(([attemptId, held]) => held.sinceMs < before && !byAttempt.has(attemptId));
      for (const [attemptId] of stale) link.held.delete(attemptId);
      if (stale.length > 0) link.send({ type: 'stale', attemptIds: stale.map(([attemptId]) => attemptId) });
    }
    for (const run of stored) {
      if (run.cancelRequestedAt === null) continue;
      const { attemptId, cancelReason, cancelGraceMs } = run;
      this.#dispatcher.link(run.sessionId)?.send(cancelOf(attemptId, cancelReason ?? '', cancelGraceMs));
    }
    return pauseMs;
  }
}
