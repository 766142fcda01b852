// What people ask about backfills: count what one would make, begin it, stop it. What is made is made by Backfilling.
//
// A backfill uses the schedule as it is in force now: its times, calendars and payload, whatever they were in the range. Pauses do not
// hold it. Its ledger and its runs are its own: the ledger of the schedule's fires, its audit and its overlap rule know nothing of them.

import { type BackfillOrder, type BackfillPreview, type BackfillView, limits, Refusal } from '@tidewheel/protocol';
import { backfillTimes, type BackfillRange, countTimes } from '../core/backfill-times.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { serverLimits } from '../core/limits.ts';
import { sleep } from '../ports/clock.ts';
import { OutcomeUnknown, type Tx } from '../ports/database.ts';
import { backfillTarget } from '../store/backfill-runs.ts';
import { backfillCancel, backfillInsert, backfillsLive, backfillView } from '../store/backfills.ts';
import { eventsAppend } from '../store/events.ts';
import { jobNameById } from '../store/job-lookup.ts';
import { storeNow } from '../store/jobs.ts';
import { idempotencyTake } from '../store/runs-submit.ts';
import { scheduleClockwork, type ScheduleClockwork } from '../store/schedule-views.ts';
import type { MasterContext } from './deps.ts';
import { isPassing } from './service.ts';
import type { Room } from './space-watch.ts';

type Deps = Pick<
  MasterContext,
  'db' | 'clock' | 'identity' | 'signals' | 'metrics' | 'definitions' | 'settings' | 'failpoints'
>;

/** What a backfill was asked of, and what that means. */
interface Counted {
  schedule: ScheduleClockwork;
  range: BackfillRange;
  total: number;
}

export class Backfills {
  readonly #deps: Deps;
  readonly #room: Room;

  constructor(deps: Deps, room: Room) {
    this.#deps = deps;
    this.#room = room;
  }

  /** Counts and shows the first times in the order of the backfill. Refusals as those of `begin`, but for an empty range. */
  async preview(
    namespace: string,
    name: string,
    order: BackfillOrder,
  ): Promise<Omit<BackfillPreview, 'fires'> & { timezone: string; times: number[] }> {
    const { schedule, range, total } = await this.#count(namespace, name, order);
    const times = backfillTimes(schedule.times, range, null, serverLimits.backfillShown);
    return { schedule: name, total, timezone: schedule.definition.timezone, times };
  }

  /**
   * Refusals: NOT_FOUND, VALIDATION_FAILED (a range that is empty, backwards, in the future or too large; a schedule of fixed delay),
   * CONFLICT (a disabled job, too many backfills, a schedule that changed meanwhile), PAYLOAD_TOO_LARGE, IDEMPOTENCY_MISMATCH,
   * STORE_FULL, OUTCOME_UNKNOWN.
   */
  async begin(
    namespace: string,
    actor: string,
    name: string,
    order: BackfillOrder,
    key: string | null,
  ): Promise<BackfillView> {
    const { db, failpoints, identity, signals } = this.#deps;
    this.#room.assertRoom();
    const payload = payloadText(order.payload);
    const counted = await this.#count(namespace, name, order);
    if (counted.total === 0) throw emptyRange(counted);
    const id = identity.next();
    const eventId = identity.next();
    const work = async (tx: Tx): Promise<BackfillView> => {
      const holder = key === null ? id : await this.#holderOf(tx, namespace, key, name, order, id);
      if (holder === id) {
        await this.#write(tx, { namespace, actor, name, order, payload, counted, id, eventId });
        failpoints.reach('backfill-change.before-commit');
      }
      const view = await backfillView(tx, namespace, holder);
      if (view === null) throw new Error(`the backfill ${holder} vanished within a transaction`);
      return view;
    };
    const view = await this.#readingBack(
      () => db.transaction(work),
      () => backfillView(db, namespace, id),
    );
    signals.publish('backfills', null);
    return view;
  }

  /** Asking again changes nothing, but may add `runs`. Refusals: NOT_FOUND, CONFLICT (done). */
  async cancel(
    namespace: string,
    actor: string,
    id: string,
    order: { reason: string; runs: boolean },
  ): Promise<BackfillView> {
    const { db, identity, signals } = this.#deps;
    const view = await db.transaction(async (tx) => {
      const before = await backfillView(tx, namespace, id);
      if (before === null) throw noBackfill(namespace, id);
      if (before.state === 'done') throw new Refusal('CONFLICT', 'the backfill is done: all its runs have ended');
      if (await backfillCancel(tx, id, order.runs, order.reason)) {
        await eventsAppend(tx, identity, [
          { namespace, actor, action: 'backfill.cancel', subject: id, detail: { ...order } },
        ]);
      }
      return (await backfillView(tx, namespace, id)) ?? before;
    });
    signals.publish('backfills', null);
    return view;
  }

  /** By pieces, so that the master goes on firing: a million times take some seconds. */
  async #count(namespace: string, name: string, order: BackfillOrder): Promise<Counted> {
    const { db, clock, definitions } = this.#deps;
    const schedule = await scheduleClockwork(db, definitions, namespace, name);
    if (schedule === null)
      throw new Refusal('NOT_FOUND', `there is no schedule "${name}" in the namespace "${namespace}"`);
    const range = rangeOf(order, await storeNow(db));
    if (schedule.definition.delay !== undefined)
      throw refusal('/schedule', 'a fixed delay counts from the end of each run, so it has no times in the past');
    let total = 0;
    for (let after: number | null = range.from - 1; after !== null; ) {
      const piece = countTimes(schedule.times, after, range.to, serverLimits.backfillCounted);
      total += piece.count;
      after = piece.last;
      if (total > limits.backfillRuns)
        throw refusal('/to', `more than ${limits.backfillRuns} nominal times; take a shorter range`);
      if (after !== null) await sleep(clock, 0);
    }
    return { schedule, range, total };
  }

  async #holderOf(
    tx: Tx,
    namespace: string,
    key: string,
    name: string,
    order: BackfillOrder,
    id: string,
  ): Promise<string> {
    const { identity, settings } = this.#deps;
    const fingerprint = identity.hash(canonicalJson(['backfill', name, order]));
    // A key that was used for a run is another key here.
    const claim = { namespace, key: `backfill ${key}`, runId: id, fingerprint };
    const [holder] = await idempotencyTake(tx, [claim], settings.idempotencyTtlMs);
    if (holder === undefined || holder.fresh) return id;
    if (holder.fingerprint !== fingerprint)
      throw new Refusal('IDEMPOTENCY_MISMATCH', `the key "${key}" belongs to another request`);
    return holder.runId;
  }

  async #write(tx: Tx, asked: Asked): Promise<void> {
    const { definitions, identity } = this.#deps;
    const { namespace, actor, name, order, counted, id } = asked;
    const { schedule, range, total } = counted;
    const now = await scheduleClockwork(tx, definitions, namespace, name);
    if (now?.id !== schedule.id || now.version !== schedule.version)
      throw new Refusal('CONFLICT', `the schedule "${name}" was changed while its times were counted; ask again`);
    const target = await backfillTarget(tx, schedule.jobId, schedule.id);
    if (!target.enabled) {
      const job = await jobNameById(tx, schedule.jobId);
      throw new Refusal('CONFLICT', `the job "${job ?? ''}" is disabled`);
    }
    if ((await backfillsLive(tx, namespace)) >= serverLimits.backfillsLive)
      throw new Refusal('CONFLICT', `${serverLimits.backfillsLive} backfills are under way; wait, or cancel some`);
    const { missingOnly, active, reason } = order;
    await backfillInsert(tx, {
      id,
      namespace,
      scheduleId: schedule.id,
      jobId: schedule.jobId,
      spec: schedule.definition,
      anchorAt: schedule.anchorAt,
      calendars: schedule.calendars,
      ...range,
      missingOnly,
      active,
      rate: order.rate ?? null,
      payload: asked.payload,
      reason,
      total,
      actor,
    });
    const detail = { backfill: id, from: range.from, to: range.to, total, reason };
    await eventsAppend(tx, identity, [
      { id: asked.eventId, namespace, actor, action: 'backfill.create', subject: name, detail },
    ]);
  }

  async #readingBack(
    work: () => Promise<BackfillView>,
    read: () => Promise<BackfillView | null>,
  ): Promise<BackfillView> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof OutcomeUnknown)) throw cause;
      this.#deps.metrics.add('tidewheel_store_unknown_outcomes_total', 1);
      try {
        const view = await read();
        if (view !== null) return view;
      } catch (error) {
        // A store that cannot be read leaves the outcome unknown; it does not make it undone.
        if (!isPassing(error)) throw error;
      }
      throw new Refusal('OUTCOME_UNKNOWN', 'the store did not acknowledge the backfill', {
        retryAfterSeconds: 1,
        cause,
      });
    }
  }
}

interface Asked {
  namespace: string;
  actor: string;
  name: string;
  order: BackfillOrder;
  payload: string | null;
  counted: Counted;
  id: string;
  eventId: string;
}

function rangeOf(order: BackfillOrder, now: number): BackfillRange {
  const from = instantOf(order.from);
  const to = instantOf(order.to);
  if (to <= from) throw refusal('/to', '`to` is not later than `from`');
  if (to > now) throw refusal('/to', 'a backfill is for the past: `to` lies in the future');
  return { from, to, newestFirst: order.order === 'newest' };
}

function instantOf(time: string | number): number {
  return typeof time === 'number' ? time : Date.parse(time);
}

function emptyRange({ schedule }: Counted): Refusal {
  const { every, anchor, in: once } = schedule.definition;
  const began = new Date(schedule.anchorAt).toISOString();
  const why =
    (every !== undefined && anchor === undefined) || once !== undefined
      ? `: this schedule counts from ${began}; give it an \`anchor\` to have times before`
      : '';
  return refusal('/from', `the schedule has no nominal times in this range${why}`);
}

function payloadText(payload: unknown): string | null {
  if (payload === undefined) return null;
  const text = JSON.stringify(payload);
  if (new TextEncoder().encode(text).length <= limits.payloadBytes) return text;
  const detail = `at most ${limits.payloadBytes} bytes of JSON`;
  throw new Refusal('PAYLOAD_TOO_LARGE', `the payload is too large: ${detail}`, {
    faults: [{ pointer: '/payload', detail }],
  });
}

function refusal(pointer: string, detail: string): Refusal {
  return new Refusal('VALIDATION_FAILED', detail, { faults: [{ pointer, detail }] });
}

export function noBackfill(namespace: string, id: string): Refusal {
  return new Refusal('NOT_FOUND', `there is no backfill ${id} in the namespace "${namespace}"`);
}
