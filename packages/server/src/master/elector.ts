// Stands for election and knows whether this master leads. The states are drawn in core/leadership.ts; this is their edge: it asks
// the coordinator and the store, each answer within a bound, and tells the duties when a term begins and ends.
//
// Order that must hold: the store is asked before a candidacy (who cannot reach it must not win), the lease is taken before the
// term is recorded, and the term is recorded before any duty begins. A lease without a term is given back.

import { errorCatalogue } from '@tidewheel/protocol';
import {
  backOffMs,
  followForMs,
  keepAfterMs,
  type Leading,
  retryAfterMs,
  type Standing,
  standingOf,
  storeIsSilent,
  type TermEnd,
} from '../core/leadership.ts';
import { leaseTiming, trustRenewed, trustedUntil } from '../core/lease.ts';
import type { LeaseGrant } from '../ports/coordinator.ts';
import { sameTimeline } from '../ports/store-history.ts';
import { type Farewell, type RecordedTerm, type Term, termBegin, termEnd, termRead } from '../store/terms.ts';
import { type Answer, answerWithin } from './bounded-call.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

/** The name of the lease. */
export const leaderLease = 'leader';
/** How long a stopping leader works on its hand-over; after that its lease runs out by itself. */
const farewellMs = 800;
/** How long others let a named successor go first. */
const successorMs = 2000;

type TroubleCode = 'COORDINATOR_REFUSED' | 'COORDINATOR_UNREACHABLE';

interface Lead extends Leading {
  readonly grant: LeaseGrant;
  readonly term: Term;
  readonly sinceMs: number;
  /** Whether the last renewal had an answer. */
  readonly answered: boolean;
}

export interface ElectorView {
  readonly term: number | null;
  readonly standing: Standing | null;
  /** How long the last answer of each took; null when the last question had none. */
  readonly storeMs: number | null;
  readonly coordinatorMs: number | null;
  readonly trouble: string | null;
}

export class Elector implements Service {
  readonly #context: MasterContext;
  readonly #loop: Loop;
  readonly #listeners = new Set<(term: Term | null) => void>();
  #lead: Lead | null = null;
  #stopping = false;
  #notBeforeMs = 0;
  #storeMs: number | null = null;
  #coordinatorMs: number | null = null;
  #trouble: string | null = null;
  readonly #told = new Set<TroubleCode>();
  #unwatch: (() => void) | null = null;
  #unfollow: (() => void) | null = null;

  constructor(context: MasterContext) {
    this.#context = context;
    this.#loop = new Loop('elector', context, () => (this.#lead === null ? this.#campaign() : this.#keep(this.#lead)));
  }

  async start(): Promise<void> {
    if (this.#stopping) return;
    this.#unwatch ??= this.#context.coordinator.watch(leaderLease, () => {
      // A leader learns of its loss by its renewal; hints of its own doing would only make it ask more often.
      if (this.#lead === null) this.#loop.wake();
    });
    // The term was recorded in the timeline before; in this one somebody has to begin the next, with a larger token.
    this.#unfollow ??=
      this.#context.db.history?.watch((now, before) => {
        if (!sameTimeline(now, before)) void this.#resign({ reason: 'store-promoted' }).catch(this.#context.fatal);
      }) ?? null;
    await this.#loop.start();
  }

  /** Hands over within a second where store and coordinator answer. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unwatch?.();
    this.#unfollow?.();
    await this.#loop.stop();
    await this.#resign({ reason: 'stopped' });
  }

  /** Told at once of the term that begins and of its end (null). */
  onTerm(hear: (term: Term | null) => void): () => void {
    this.#listeners.add(hear);
    return () => this.#listeners.delete(hear);
  }

  get term(): Term | null {
    return this.#lead?.term ?? null;
  }

  /** Whether the coordinator has confirmed the lease for this moment. What the store does not fence needs it. */
  get trusted(): boolean {
    return this.#lead !== null && standingOf(this.#lead, this.#now()) === 'trusted';
  }

  get view(): ElectorView {
    const lead = this.#lead;
    return {
      term: lead?.term.term ?? null,
      standing: lead === null ? null : standingOf(lead, this.#now()),
      storeMs: this.#storeMs,
      coordinatorMs: this.#coordinatorMs,
      trouble: this.#trouble,
    };
  }

  /** A write of this term was refused by the store: another one leads. */
  fenced(term: Term): Promise<void> {
    return this.#lead?.term === term ? this.#resign({ reason: 'fenced' }) : Promise.resolve();
  }

  /** Gives the leadership up and stands back, so that another one can have it; `to` goes first when it is named. */
  async stepDown(to: string | null = null): Promise<boolean> {
    if (this.#lead === null) return false;
    await this.#resign(
      to === null
        ? { reason: 'stepped-down' }
        : { reason: 'transferred', successor: { masterId: to, forMs: successorMs } },
    );
    return true;
  }

  /** A follower: waits while another one leads, else tries to become the leader. */
  async #campaign(): Promise<number> {
    const { coordinator, masterId, identity, posture } = this.#context;
    const { callTimeoutMs } = leaseTiming(coordinator.ttlMs);
    const waitMs = this.#notBeforeMs - this.#now();
    if (waitMs > 0) return waitMs;
    if (posture.resting) return coordinator.ttlMs;
    const held = await this.#ask(callTimeoutMs, () => coordinator.holder(leaderLease));
    const again = retryAfterMs(coordinator.ttlMs, identity.fraction());
    if (!held.ok) return again;
    if (held.value !== null && held.value.holder !== masterId)
      return followForMs(held.value.remainingMs, coordinator.ttlMs, identity.fraction());
    const recorded = await this.#askStore(callTimeoutMs);
    if (!recorded.ok) return again;
    const { successor, successorForMs } = recorded.value;
    if (successor !== null && successor !== masterId && successorForMs > 0)
      return Math.min(successorForMs, successorMs);
    const startedMs = this.#now();
    const grant = await this.#ask(callTimeoutMs, () => coordinator.acquire(leaderLease, masterId, coordinator.ttlMs));
    if (!grant.ok || grant.value === null) return again;
    return (await this.#begin(grant.value, startedMs)) ? 0 : again;
  }

  /** Records the term. A lease that does not become one is given back. */
  async #begin(grant: LeaseGrant, startedMs: number): Promise<boolean> {
    const { db, identity, masterId, settings, metrics, log, clock } = this.#context;
    const { origin, token } = grant;
    const candidate = { masterId, address: settings.address, origin, token };
    const storeAskedMs = this.#now();
    const { callTimeoutMs } = leaseTiming(grant.ttlMs);
    const began = this.#stopping
      ? null
      : await answerWithin(clock, callTimeoutMs, () => db.transaction((tx) => termBegin(tx, identity, candidate)));
    const term = began === null ? null : began.ok ? began.value : await this.#readBack(grant);
    if (term === null || this.#stopping) {
      if (term !== null) await this.#endTerm(term, { reason: 'stopped' });
      await this.#ask(callTimeoutMs, () => this.#context.coordinator.release(grant));
      return false;
    }
    const trustedUntilMs = trustedUntil(startedMs, grant.ttlMs);
    this.#lead = { grant, term, trustedUntilMs, storeSeenMs: storeAskedMs, sinceMs: this.#now(), answered: true };
    metrics.set('tidewheel_leader', 1);
    metrics.add('tidewheel_leader_terms_total', 1);
    log.info('this master leads', { term: term.term, token, origin });
    this.#tell(term);
    return true;
  }

  /** Whether a term whose recording has no known outcome was begun: it says so itself. */
  async #readBack(grant: LeaseGrant): Promise<Term | null> {
    const { masterId } = this.#context;
    const recorded = await this.#askStore(leaseTiming(grant.ttlMs).callTimeoutMs);
    if (!recorded.ok) return null;
    const { term, token, origin, masterId: leader } = recorded.value;
    return leader === masterId && token === grant.token && origin === grant.origin ? { term, token, masterId } : null;
  }

  /** A leader: renews, and looks whether the store still says so. */
  async #keep(lead: Lead): Promise<number> {
    const { coordinator } = this.#context;
    const { renewEveryMs, callTimeoutMs } = leaseTiming(lead.grant.ttlMs);
    const startedMs = this.#now();
    // Where the leases are rows of the store, renewing one shows that the store answers and that nobody else has it.
    const isStore = coordinator.kind === 'store';
    const [renewed, recorded] = await Promise.all([
      this.#renew(lead, callTimeoutMs),
      isStore ? null : this.#askStore(callTimeoutMs),
    ]);
    // Stepped down or fenced meanwhile.
    if (this.#lead !== lead) return 0;
    if (recorded?.ok === true && !isSame(recorded.value, lead.term)) return this.#lose('fenced');
    if (renewed.ok && !renewed.value) return this.#lose('lease-lost');
    const kept: Lead = {
      ...lead,
      trustedUntilMs: renewed.ok ? trustRenewed(lead.trustedUntilMs, startedMs, lead.grant.ttlMs) : lead.trustedUntilMs,
      storeSeenMs: (isStore ? renewed.ok : recorded?.ok === true) ? startedMs : lead.storeSeenMs,
      answered: renewed.ok,
    };
    this.#lead = kept;
    if (storeIsSilent(kept, this.#now())) return this.#lose('store-silent');
    return keepAfterMs(kept, startedMs, this.#now(), renewEveryMs);
  }

  /**
   * After a renewal without an answer the lease is read before it is renewed again. Where words arrive and answers do not, each
   * renewal would lengthen a lease that nobody trusts, and no other master could ever lead.
   */
  async #renew(lead: Lead, boundMs: number): Promise<Answer<boolean>> {
    const { coordinator, masterId } = this.#context;
    if (!lead.answered) {
      const held = await this.#ask(boundMs, () => coordinator.holder(leaderLease));
      if (!held.ok) return held;
      const own = held.value?.holder === masterId && held.value.token === lead.grant.token;
      if (!own) return { ...held, value: false };
    }
    return this.#ask(boundMs, () => coordinator.renew(lead.grant));
  }

  async #lose(reason: TermEnd): Promise<number> {
    await this.#resign({ reason });
    return Math.max(0, this.#notBeforeMs - this.#now());
  }

  async #resign(farewell: Farewell): Promise<void> {
    const lead = this.#lead;
    if (lead === null) return;
    this.#lead = null;
    const { metrics, log, identity, coordinator } = this.#context;
    this.#notBeforeMs = this.#now() + backOffMs(farewell.reason, identity.fraction());
    metrics.set('tidewheel_leader', 0);
    metrics.add('tidewheel_leader_ends_total', 1, { reason: farewell.reason });
    const facts = { term: lead.term.term, reason: farewell.reason };
    // A planned stop is nobody's worry.
    if (farewell.reason === 'stopped') log.info('this master leads no longer', facts);
    else log.warn('this master leads no longer', facts);
    this.#tell(null);
    // The successor's name must be readable before the lease is free.
    await this.#endTerm(lead.term, farewell);
    await this.#ask(farewellMs / 2, () => coordinator.release(lead.grant));
    this.#loop.wake();
  }

  async #endTerm(term: Term, farewell: Farewell): Promise<void> {
    const { db, identity, clock } = this.#context;
    await answerWithin(clock, farewellMs / 2, () => db.transaction((tx) => termEnd(tx, identity, term, farewell)));
  }

  async #ask<T>(boundMs: number, call: () => Promise<T>): Promise<Answer<T>> {
    const answer = await answerWithin(this.#context.clock, boundMs, call);
    this.#coordinatorMs = answer.ok ? answer.tookMs : null;
    this.#trouble = answer.ok ? null : answer.why;
    if (answer.ok) this.#sayWell();
    else this.#sayTrouble(answer.why, answer.refused ? 'COORDINATOR_REFUSED' : 'COORDINATOR_UNREACHABLE');
    return answer;
  }

  /** Each kind of trouble once, until all is well again: members may answer in turns. */
  #sayTrouble(trouble: string, code: TroubleCode): void {
    if (this.#told.has(code)) return;
    this.#told.add(code);
    const { title, remedy } = errorCatalogue[code];
    const facts = { code, trouble, remedy, leads: this.#lead !== null };
    this.#context.log.warn(`${title}: nobody new can lead; whoever leads goes on until it is fenced`, facts);
  }

  #sayWell(): void {
    if (this.#told.size === 0) return;
    this.#told.clear();
    this.#context.log.info('the coordinator answers again', { leads: this.#lead !== null });
  }

  async #askStore(boundMs: number): Promise<Answer<Awaited<ReturnType<typeof termRead>>>> {
    const { db, clock } = this.#context;
    const answer = await answerWithin(clock, boundMs, () => termRead(db));
    this.#storeMs = answer.ok ? answer.tookMs : null;
    return answer;
  }

  #tell(term: Term | null): void {
    for (const hear of this.#listeners) hear(term);
  }

  #now(): number {
    return this.#context.clock.monotonicMs();
  }
}

function isSame(recorded: RecordedTerm, term: Term): boolean {
  return (
    recorded.holds &&
    recorded.term === term.term &&
    recorded.token === term.token &&
    recorded.masterId === term.masterId
  );
}
