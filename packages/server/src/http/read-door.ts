// How reads are answered: from where, and with what when the store does not answer. And how those who change something learn what to
// send along, so that they see it.
//
//   request ──► replica that is fit ──fails──► primary ──fails──► standby that was well, or answer kept from before, marked with its age
//                     │ knows nothing of what is asked for: the primary is asked, too
//
// A route says what it bears: without a word it is answered by the primary, or not at all.

import { changeHeader, noChange, Refusal, refuseStale, staleHeader } from '@tidewheel/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { changeText, unknownPlace } from '../core/change.ts';
import { serverLimits } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { type Database, OutcomeUnknown, StoreUnavailable, type Tx } from '../ports/database.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Reads, Replica } from '../ports/reads.ts';
import { KeptAnswers, type OldAnswer } from './kept-answers.ts';
import { type Heard, heardOf, RequestReads } from './request-reads.ts';
import type { StoreOutage } from './store-outage.ts';

/**
 * `replica`: may be as old as `store.staleness`, so a replica may answer. `outage`: the primary answers, because what is read is likely to be
 * changed next. Both may be answered with what was kept while the store is away. `caller`: says only who asks, and so needs no store.
 */
export type Staleness = 'replica' | 'outage' | 'caller';

export interface ReadDoorDeps {
  readonly db: Database;
  /** Null: there are no replicas. */
  readonly reads: Reads | null;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly outage: StoreOutage;
}

/** What there is when the store gives no answer. */
interface Old {
  readonly kept: OldAnswer | null;
  readonly standby: () => Promise<OldAnswer | null>;
}

/** A read that takes longer is answered with what was kept; its own answer is kept when it comes. */
const slowMs = 3000;

export class ReadDoor {
  readonly #deps: ReadDoorDeps;
  readonly #kept: KeptAnswers;
  readonly #unwatch: () => void;

  constructor(deps: ReadDoorDeps) {
    this.#deps = deps;
    this.#kept = new KeptAnswers(deps.clock);
    this.#unwatch = deps.reads?.watch(() => this.#measure()) ?? (() => undefined);
  }

  close(): void {
    this.#unwatch();
  }

  get primary(): Tx {
    return this.#deps.db;
  }

  /** The newest change, for those who are to see it; null where all is read from one store. */
  async newest(): Promise<string | null> {
    return this.#deps.reads === null ? null : changeText(await this.#deps.reads.change());
  }

  /** Of a request that changes something: its answer tells what to send along, also when it is not known whether anything was changed. */
  async changed<T>(reply: FastifyReply, change: Promise<T>): Promise<T> {
    if (this.#deps.reads === null) return change;
    try {
      const result = await change;
      reply.header(changeHeader, await this.newest());
      return result;
    } catch (error) {
      if (error instanceof OutcomeUnknown) reply.header(changeHeader, changeText(unknownPlace));
      throw error;
    }
  }

  /** Answers a read. `ask` may be called twice: what a replica does not know the primary may. */
  async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    staleness: Exclude<Staleness, 'caller'>,
    ask: (reads: Tx) => Promise<unknown>,
  ): Promise<void> {
    const heard = heardOf(request);
    const key = keyOf(request);
    const kept = key === null ? null : this.#kept.get(key);
    const fresh = () => this.#ask(reply, staleness === 'replica' ? heard : null, ask, key);
    const standby = async () => (key === null ? null : this.#ofStandby(reply, ask));
    const answer = await this.#freshOr({ kept, standby }, fresh);
    if (typeof answer !== 'string') {
      this.#deps.metrics.add('tidewheel_reads_total', 1, { from: answer === kept ? 'kept' : 'standby' });
      sendStale(reply, answer.text, this.#deps.clock.monotonicMs() - answer.atMs);
      return;
    }
    // The caller has it already.
    if (reply.statusCode === 304) void reply.send();
    else void reply.type('application/json; charset=utf-8').send(answer);
  }

  async #freshOr({ kept, standby }: Old, fresh: () => Promise<string>): Promise<string | OldAnswer> {
    const { outage, clock } = this.#deps;
    const spared = outage.spare() ? ((await standby()) ?? kept) : null;
    if (spared !== null) return spared;
    const { promise: slow, resolve } = Promise.withResolvers<OldAnswer>();
    const timer = clock.timer(slowMs, () => kept !== null && resolve(kept), { background: true });
    const asked = fresh();
    try {
      return await Promise.race([asked, slow]);
    } catch (error) {
      const old = error instanceof StoreUnavailable ? ((await standby()) ?? kept) : null;
      if (old === null) throw error;
      return old;
    } finally {
      timer.cancel();
      // If nobody waits for it any more and it fails, the next request meets the same.
      asked.catch(() => undefined);
    }
  }

  /** While the primary is away: what a standby that was well before holds. Null: there is none, or it does not know. */
  async #ofStandby(reply: FastifyReply, ask: (reads: Tx) => Promise<unknown>): Promise<OldAnswer | null> {
    const { reads, clock } = this.#deps;
    const left = reads?.left(serverLimits.keptAnswerMs) ?? null;
    if (left === null) return null;
    const atMs = clock.monotonicMs() - left.ageMs;
    try {
      return { text: serialized(reply, await ask(left.replica)), atMs };
    } catch (error) {
      // What it does not know the primary may.
      if (error instanceof StoreUnavailable || (error instanceof Refusal && error.code === 'NOT_FOUND')) return null;
      throw error;
    }
  }

  /** The answer as it is sent. */
  async #ask(
    reply: FastifyReply,
    heard: Heard,
    ask: (reads: Tx) => Promise<unknown>,
    key: string | null,
  ): Promise<string> {
    const { outage, metrics } = this.#deps;
    try {
      const { value, used } = await this.#read(heard, ask);
      metrics.add('tidewheel_reads_total', 1, { from: used === null ? 'primary' : 'replica' });
      await this.#tellPlace(reply, heard, used);
      if (reply.statusCode === 304) return '';
      const text = serialized(reply, value);
      if (key !== null) this.#kept.put(key, text);
      return text;
    } catch (error) {
      if (error instanceof StoreUnavailable) outage.failed();
      throw error;
    }
  }

  async #read(heard: Heard, ask: (reads: Tx) => Promise<unknown>): Promise<{ value: unknown; used: Replica | null }> {
    const store = new RequestReads(this.#deps, heard);
    try {
      const value = await ask(store);
      return { value, used: store.used };
    } catch (error) {
      // Somebody else may have made it a moment ago, and told the caller of it.
      if (store.used === null || !(error instanceof Refusal && error.code === 'NOT_FOUND')) throw error;
      return { value: await ask(new RequestReads(this.#deps, null)), used: null };
    }
  }

  /**
   * What one replica has shown the next one must hold, so that time never goes back for a caller. After a fail-over the place that it has
   * heard of is in no history that a replica follows: it is given another one.
   */
  async #tellPlace(reply: FastifyReply, heard: Heard, used: Replica | null): Promise<void> {
    const { reads } = this.#deps;
    if (reads === null || heard === null) return;
    if (used !== null) {
      const place = await used.place();
      if (place !== null) reply.header(changeHeader, changeText(place));
    } else if (heard !== noChange && !reads.current(heard)) reply.header(changeHeader, await this.newest());
  }

  #measure(): void {
    const { reads, metrics } = this.#deps;
    for (const { name, serving, staleMs } of reads?.replicas ?? []) {
      metrics.set('tidewheel_replica_serving', serving ? 1 : 0, { replica: name });
      const seconds = staleMs === null ? Number.POSITIVE_INFINITY : staleMs / 1000;
      metrics.set('tidewheel_replica_stale_seconds', seconds, { replica: name });
    }
  }
}

/** As the route's schema has it: it leaves out what is not to be told. */
function serialized(reply: FastifyReply, value: unknown): string {
  const serialize = reply.getSerializationFunction('200', 'application/json');
  if (serialize === undefined) throw new Error('a read has no schema of its answer');
  return String(serialize(value as Record<string, unknown>));
}

/** The age stands in the headers, and in the object itself for those who do not look there. */
function sendStale(reply: FastifyReply, text: string, ageMs: number): void {
  const seconds = String(Math.ceil(ageMs / 1000));
  const mark = `"stale":{"ageMs":${Math.round(ageMs)}}`;
  const marked = text.startsWith('{') ? `{${mark}${text.startsWith('{}') ? '' : ','}${text.slice(1)}` : text;
  void reply
    .code(200)
    .headers({ [staleHeader]: seconds, age: seconds })
    .type('application/json; charset=utf-8')
    .send(marked);
}

/** Null: nothing is kept for it. */
function keyOf(request: FastifyRequest): string | null {
  const { credential, url } = request;
  const refused = request.headers[staleHeader] === refuseStale;
  const long = url.length > serverLimits.keptUrlChars;
  return credential === null || request.method !== 'GET' || refused || long ? null : `${credential} ${url}`;
}
