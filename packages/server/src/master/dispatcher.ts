// Gives ready runs to the workers that are connected to this master.
//
// A lane is *dirty* while it may have ready work. Signals and the slow poll make lanes dirty; a claim that comes back short
// makes them clean. Each turn shares the free slots between dirty lanes and claims at most that many, so an idle worker
// costs nothing and a busy one is filled in one statement per lane. Messages leave only after the claim's commit.

import type { Lane, LaneDemand } from '../core/placement.ts';
import { serves, shareSlots } from '../core/placement.ts';
import { serverLimits } from '../core/limits.ts';
import { OutcomeUnknown } from '../ports/database.ts';
import { lanesAll } from '../store/lanes.ts';
import { lanesWaiting, runsClaim, runsInSlots, type ClaimedRun, type Slot } from '../store/runs-claim.ts';
import { assignOf, cancelOf } from './assignment.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import { isPassing, Loop, type Service } from './service.ts';
import type { SessionLink } from './session-link.ts';

export class Dispatcher implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #loop: Loop;
  readonly #links = new Map<string, SessionLink>();
  readonly #dirty = new Set<string>();
  #lanes = new Map<string, Lane>();
  /** Lane → sessions that serve it; made anew when lanes or links change. */
  #eligible = new Map<string, string[]>();
  #lanesStale = true;
  #rotation = 0;
  #polledAtMs = Number.NEGATIVE_INFINITY;
  #unsubscribe: (() => void)[] = [];
  /** Nothing is claimed or offered: the store may not know yet what workers hold. */
  #onHold = false;
  #epoch = 0;

  constructor(context: MasterContext, changes: Changes) {
    this.#context = context;
    this.#changes = changes;
    this.#loop = new Loop('dispatch', context, () => this.#look());
  }

  async start(): Promise<void> {
    if (this.#unsubscribe.length === 0) {
      this.#unsubscribe = [
        this.#context.signals.subscribe('ready', ({ lanes }) => this.markReady(lanes)),
        this.#context.signals.subscribe('changed', ({ topics }) => {
          if (topics.includes('jobs')) this.#lanesStale = true;
        }),
      ];
    }
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#loop.stop();
  }

  attach(link: SessionLink): void {
    this.#links.set(link.sessionId, link);
    this.#eligible.clear();
    this.#loop.wake();
  }

  detach(link: SessionLink): void {
    if (this.#links.get(link.sessionId) !== link) return;
    this.#links.delete(link.sessionId);
    this.#eligible.clear();
  }

  link(sessionId: string): SessionLink | undefined {
    return this.#links.get(sessionId);
  }

  links(): IterableIterator<SessionLink> {
    return this.#links.values();
  }

  markReady(lanes: readonly string[]): void {
    for (const lane of lanes) this.#dirty.add(lane);
    this.#loop.wake();
  }

  /** Everything is read anew before anything is offered or claimed. */
  forget(): void {
    for (const laneId of this.#lanes.keys()) this.#dirty.add(laneId);
    this.#lanesStale = true;
    this.#polledAtMs = Number.NEGATIVE_INFINITY;
    this.#loop.wake();
  }

  hold(): void {
    this.#onHold = true;
    this.#epoch += 1;
  }

  get onHold(): boolean {
    return this.#onHold;
  }

  /** Changes whenever a hold begins or ends: what was read before says nothing of what workers hold after it. */
  get epoch(): number {
    return this.#epoch;
  }

  goOn(): void {
    this.#onHold = false;
    this.#epoch += 1;
    this.forget();
  }

  /** A slot became free, or a worker became ready. */
  slotsFreed(): void {
    if (this.#dirty.size > 0) this.#loop.wake();
  }

  /** Keeps one slot free for a run that is about to be inserted; null when older work may wait or nobody is free. */
  offer(laneId: string): Slot | null {
    if (
      this.#onHold ||
      this.#context.posture.resting ||
      this.#dirty.has(laneId) ||
      this.#lanes.get(laneId)?.paused !== false
    )
      return null;
    let best: SessionLink | null = null;
    let bestFree = 0;
    for (const sessionId of this.#sessionsFor(laneId)) {
      const link = this.#links.get(sessionId);
      if (link !== undefined && link.free > bestFree) {
        best = link;
        bestFree = link.free;
      }
    }
    if (best === null) return null;
    best.reserved += 1;
    return { sessionId: best.sessionId, attemptId: this.#context.identity.random() };
  }

  /** Ends offers, whether they were taken or not. Call it before `deliver`. */
  release(slots: readonly Slot[]): void {
    for (const slot of slots) {
      const link = this.#links.get(slot.sessionId);
      if (link !== undefined && link.reserved > 0) link.reserved -= 1;
    }
  }

  /**
   * Hands committed claims to their workers. A worker that has gone gets them when it resumes, or they are rescued. When the
   * store cannot be asked for their definitions, nothing is lost: the gateway's comparing hands them over later. So it does
   * when this master stood still since `askedMs`, before the claim: by now the run may be another's, or canceled.
   */
  async deliver(
    claimed: readonly ClaimedRun[],
    path: 'claim' | 'direct' | 'again',
    askedMs = this.#context.clock.monotonicMs(),
  ): Promise<void> {
    if (claimed.length === 0) return;
    const sinceMs = this.#context.clock.monotonicMs();
    // Hold the slots at once: the definitions may have to be read.
    for (const run of claimed)
      this.#links.get(run.sessionId)?.held.set(run.attemptId, { runId: run.id, attempt: run.attempt, sinceMs });
    try {
      await this.#send(claimed, askedMs, path);
    } catch (error) {
      for (const run of claimed) this.#links.get(run.sessionId)?.held.delete(run.attemptId);
      if (!isPassing(error)) throw error;
    }
    this.#context.metrics.add('tidewheel_runs_claimed_total', claimed.length, { path });
    this.#changes.note(new Set(claimed.map((run) => run.namespace)), 'runs');
  }

  async #send(claimed: readonly ClaimedRun[], askedMs: number, path: 'claim' | 'direct' | 'again'): Promise<void> {
    const { clock, db, definitions, failpoints, metrics, settings } = this.#context;
    const versions = await definitions.jobVersions(db, new Set(claimed.map((run) => run.jobVersionId)));
    const scheduled = claimed.flatMap((run) => (run.scheduleId === null ? [] : [run.scheduleId]));
    const schedules = await definitions.scheduleNames(db, scheduled);
    failpoints.reach('deliver.before-send');
    for (const run of claimed) {
      const link = this.#links.get(run.sessionId);
      const version = versions.get(run.jobVersionId);
      if (clock.monotonicMs() - askedMs > settings.sessionTtlMs / 2) {
        link?.held.delete(run.attemptId);
        continue;
      }
      if (link === undefined || version === undefined || !link.held.has(run.attemptId)) continue;
      link.send(assignOf(run, version, run.scheduleId === null ? null : (schedules.get(run.scheduleId) ?? null)));
      if (run.cancelRequestedAt !== null) link.send(cancelOf(run.attemptId, run.cancelReason ?? '', run.cancelGraceMs));
      const lateMs = Math.max(0, run.claimedAt - run.dueAt);
      metrics.observe('tidewheel_start_delay_seconds', lateMs / 1000);
      const held = link.held.get(run.attemptId);
      if (held !== undefined && run.fireAt !== null && run.attempt === 1 && path !== 'again')
        held.late = { ms: lateMs, askedMs, queue: version.spec.queue };
    }
    failpoints.reach('deliver.sent');
  }

  async #look(): Promise<number> {
    if (this.#onHold || this.#context.posture.resting) return this.#context.settings.pollMs;
    await this.#poll();
    const demands = this.#demands();
    if (demands.length === 0) return this.#context.settings.pollMs;
    const credits = [...this.#links.values()].map((link) => ({ sessionId: link.sessionId, free: link.free }));
    const grants = shareSlots(demands, credits, serverLimits.claimRuns, this.#rotation++);
    for (const grant of grants) await this.#claim(grant.laneId, grant.sessionIds);
    return grants.length === 0 ? this.#context.settings.pollMs : 0;
  }

  /** The safety net: which lanes have work is read slowly, whatever the signals say. Lanes are read when one is unknown or may have changed. */
  async #poll(): Promise<void> {
    const { clock, db, settings } = this.#context;
    if (this.#links.size === 0) return;
    if (clock.monotonicMs() - this.#polledAtMs >= settings.pollMs) {
      this.#polledAtMs = clock.monotonicMs();
      for (const laneId of await lanesWaiting(db)) this.#dirty.add(laneId);
    }
    if (!this.#lanesStale && [...this.#dirty].every((laneId) => this.#lanes.has(laneId))) return;
    this.#lanesStale = false;
    this.#lanes = new Map((await lanesAll(db)).map((lane) => [lane.id, lane]));
    this.#eligible.clear();
    for (const laneId of this.#dirty) if (!this.#lanes.has(laneId)) this.#dirty.delete(laneId);
  }

  #demands(): LaneDemand[] {
    const demands: LaneDemand[] = [];
    for (const laneId of this.#dirty) {
      const lane = this.#lanes.get(laneId);
      if (lane === undefined || lane.paused) continue;
      const sessionIds = this.#sessionsFor(laneId);
      if (sessionIds.some((sessionId) => (this.#links.get(sessionId)?.free ?? 0) > 0)) {
        demands.push({ laneId, namespace: lane.namespace, weight: lane.weight, sessionIds });
      }
    }
    return demands;
  }

  #sessionsFor(laneId: string): string[] {
    const known = this.#eligible.get(laneId);
    if (known !== undefined) return known;
    const lane = this.#lanes.get(laneId);
    const sessions =
      lane === undefined ? [] : [...this.#links.values()].filter((link) => serves(link.capability, lane));
    const ids = sessions.map((link) => link.sessionId);
    this.#eligible.set(laneId, ids);
    return ids;
  }

  async #claim(laneId: string, sessionIds: readonly string[]): Promise<void> {
    const { db, failpoints, identity } = this.#context;
    const slots = sessionIds.map((sessionId) => ({ sessionId, attemptId: identity.random() }));
    for (const slot of slots) {
      const link = this.#links.get(slot.sessionId);
      if (link !== undefined) link.reserved += 1;
    }
    const askedMs = this.#context.clock.monotonicMs();
    // Clean before the claim, so that a signal that arrives meanwhile makes it dirty again.
    this.#dirty.delete(laneId);
    try {
      failpoints.reach('claim.before');
      const claimed = await this.#claimOrReadBack(db, laneId, slots);
      failpoints.reach('claim.committed');
      if (claimed.length === slots.length) this.#dirty.add(laneId);
      this.release(slots);
      await this.deliver(claimed, 'claim', askedMs);
    } catch (error) {
      this.#dirty.add(laneId);
      this.release(slots);
      throw error;
    }
  }

  /** An unknown outcome is read back by the attempt ids; what commits even later is found by the gateway's reconciling. */
  async #claimOrReadBack(db: MasterContext['db'], laneId: string, slots: readonly Slot[]): Promise<ClaimedRun[]> {
    try {
      return await runsClaim(db, laneId, slots);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      this.#context.metrics.add('tidewheel_store_unknown_outcomes_total', 1);
      this.#dirty.add(laneId);
      return runsInSlots(db, slots);
    }
  }
}
