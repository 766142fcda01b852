// The replicas of a store, and which of them are read from. They are looked at in rounds, several within the bound, while reads come;
// when none has come for a while, seldom. The first reads after such a rest go to the primary, and wake the rounds.

import type { ReadReplica } from '@tidewheel/protocol';
import { type Change, type History, logPosition, sameHistory, unknownPlace } from '../../core/change.ts';
import { type Moment, withMoment } from '../../core/replica-fitness.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import { type Database, OutcomeUnknown, StoreUnavailable } from '../../ports/database.ts';
import type { Log } from '../../ports/log.ts';
import type { Reads, Replica } from '../../ports/reads.ts';
import { AskedTogether } from './asked-together.ts';
import { defaultLimits } from './client-config.ts';
import { placeSql } from './server-facts.ts';
import { Standby, type WallClock } from './standby.ts';

export interface ReplicasOptions {
  /** The primary. */
  readonly db: Database;
  /** All servers that may be read from; the primary may be among them, as one of them may become it. */
  readonly urls: readonly string[];
  readonly staleMs: number;
  /** Connections to each. */
  readonly poolSize: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks within the bound: a replica that is well is found to be at most one round old. */
const roundsPerBound = 6;
const roundMinMs = 100;
const roundMaxMs = 1000;
/** After so long without reads it is looked only now and then, so that an idle master asks little. */
const restAfterMs = 30_000;
const restRoundMs = 15_000;
/** How long a read that needs a change waits for a replica to say how far it is. */
const askMs = 50;
/** A look that takes longer has failed. */
const lookMaxMs = 2000;

interface Place extends History {
  readonly position: string;
  readonly wallMs: number;
}

export function openReplicas(options: ReplicasOptions): Reads {
  return new Replicas(options);
}

class Replicas implements Reads {
  readonly staleMs: number;
  readonly #options: ReplicasOptions;
  readonly #standbys: readonly Standby[];
  readonly #listeners = new Set<() => void>();
  readonly #roundMs: number;
  readonly #forgetHistory: () => void;
  #history: History | null = null;
  #moments: readonly Moment[] = [];
  #wall: WallClock | null = null;
  #readMs = Number.NEGATIVE_INFINITY;
  #turn = 0;
  readonly #asked = new AskedTogether(() => this.#place());
  #round: Promise<void> | null = null;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: ReplicasOptions) {
    const { staleMs, urls, poolSize, clock, log, db } = options;
    this.#options = options;
    this.staleMs = staleMs;
    this.#roundMs = Math.min(roundMaxMs, Math.max(roundMinMs, staleMs / roundsPerBound));
    const lookMs = Math.min(lookMaxMs, staleMs);
    const shared = { poolSize, limits: defaultLimits, lookMs, clock, log, history: () => this.#history };
    this.#standbys = urls.map((url) => new Standby({ url, ...shared }));
    // Between a promotion and the next round nothing must be read that belongs to the old history.
    this.#forgetHistory = db.history?.watch(() => this.#forget()) ?? (() => undefined);
    this.#wake();
  }

  get replicas(): readonly ReadReplica[] {
    return this.#standbys.flatMap(({ view }) => view ?? []);
  }

  watch(looked: () => void): () => void {
    this.#listeners.add(looked);
    return () => this.#listeners.delete(looked);
  }

  current(change: Change): boolean {
    return this.#history !== null && sameHistory(this.#history, change);
  }

  async replica(change: Change | null): Promise<Replica | null> {
    const { clock } = this.#options;
    const now = clock.monotonicMs();
    const rested = now - this.#readMs > restAfterMs;
    this.#readMs = now;
    if (rested) this.#wake();
    const fit = this.#standbys.filter((standby) => standby.serves(now, this.staleMs));
    if (fit.length === 0 || (change !== null && !this.current(change))) return null;
    const first = this.#leastBusy(fit);
    if (first === null || change === null) return first;
    const holds = (one: Standby): boolean => one.serves(now, this.staleMs) && one.position >= change.position;
    // They were looked at a moment ago, and may hold the change by now: first the one whose turn it is, then all others.
    for (const asked of [[first], fit]) {
      const behind = asked.filter((one) => !holds(one));
      if (behind.length > 0) await within(clock, askMs, Promise.all(behind.map((one) => one.replayed())));
      const holding = this.#leastBusy(asked.filter(holds));
      if (holding !== null) return holding;
    }
    return null;
  }

  left(mostMs: number): { replica: Replica; ageMs: number } | null {
    const now = this.#options.clock.monotonicMs();
    const ages = this.#standbys.flatMap((replica) => {
      const heldMs = replica.heldAtLeast;
      return heldMs === null || now - heldMs > mostMs ? [] : [{ replica, ageMs: now - heldMs }];
    });
    return ages.toSorted((one, other) => one.ageMs - other.ageMs)[0] ?? null;
  }

  change(): Promise<Change> {
    return this.#asked.ask();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#forgetHistory();
    this.#timer?.cancel();
    await this.#round;
    await Promise.all(this.#standbys.map((standby) => standby.close()));
  }

  /** Among equals by turns. */
  #leastBusy(fit: readonly Standby[]): Standby | null {
    this.#turn += 1;
    const least = Math.min(...fit.map(({ busy }) => busy));
    const equal = fit.filter(({ busy }) => busy === least);
    return equal[this.#turn % equal.length] ?? null;
  }

  async #place(): Promise<Change> {
    const { db, clock, log } = this.#options;
    const atMs = clock.monotonicMs();
    try {
      const [place] = await db.query<Place>(placeSql);
      if (place === undefined) return unknownPlace;
      const { systemId, timeline } = place;
      const change = { systemId, timeline, position: logPosition(place.position) };
      this.#note(change, atMs);
      this.#wall = { wallMs: place.wallMs, atMs: clock.monotonicMs() };
      return change;
    } catch (error) {
      if (!(error instanceof StoreUnavailable || error instanceof OutcomeUnknown))
        log.error('the primary could not say how far it is', { error });
      return unknownPlace;
    }
  }

  #note(change: Change, atMs: number): void {
    if (this.#history !== null && !sameHistory(this.#history, change)) this.#forget();
    this.#history = { systemId: change.systemId, timeline: change.timeline };
    this.#moments = withMoment(this.#moments, { atMs, position: change.position }, this.staleMs);
  }

  #forget(): void {
    this.#history = null;
    this.#moments = [];
    for (const standby of this.#standbys) standby.forget('other-timeline');
  }

  #wake(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#closed || this.#round !== null) return;
    this.#round = this.#look().finally(() => {
      this.#round = null;
      if (this.#closed) return;
      const { clock } = this.#options;
      const rests = clock.monotonicMs() - this.#readMs > restAfterMs;
      this.#timer = clock.timer(rests ? restRoundMs : this.#roundMs, () => this.#wake(), { background: true });
    });
  }

  async #look(): Promise<void> {
    // A primary that does not answer must not keep the replicas from being looked at.
    await within(this.#options.clock, this.#roundMs, this.change());
    const standard = () => ({ boundMs: this.staleMs, history: this.#history, moments: this.#moments });
    await Promise.all(this.#standbys.map((standby) => standby.look(standard, this.#wall)));
    for (const hear of this.#listeners) hear();
  }
}

/** Until it is done, or the time is over. */
async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.timer(ms, () => resolve(undefined), { background: true });
  await Promise.race([work, promise]);
  timer.cancel();
}
