// Carries live backfills on. Every master looks; whoever gets the lock of a backfill's row takes one bounded step of it:
//
//   count runs that have ended ─► make as many as rate and `active` allow ─► move the position on, or finish
//
// All of a step is one transaction, and the ledger's primary key stands against a second run of one time. So a crash or an unknown
// outcome needs nothing special: the next look reads where the backfill stands.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import { backfillTimes, Pace, timeBefore } from '../core/backfill-times.ts';
import { givingWay } from '../core/giving-way.ts';
import { serverLimits } from '../core/limits.ts';
import { nextFireAfter, type ScheduleTimes } from '../core/schedule-times.ts';
import type { Tx } from '../ports/database.ts';
import {
  type BackfillFire,
  backfillCancelsDone,
  backfillFiresInsert,
  backfillRunsCancel,
  backfillSucceeded,
  backfillTarget,
} from '../store/backfill-runs.ts';
import {
  backfillAdvance,
  backfillHold,
  backfillsOutlook,
  type BackfillStep,
  type HeldBackfill,
} from '../store/backfills.ts';
import type { JobVersion } from '../store/definition-cache.ts';
import { eventsAppend } from '../store/events.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';
import type { Room } from './space-watch.ts';

/** Another master holds what is due: look again after this, in case it dies. */
const heldByOthersMs = 50;
/** The shortest time between two looks: runs end at any rate, and one look serves many. */
const quietMs = 20;
/** While none is live, one that was asked for without a signal arriving waits for so many polls at most. */
const quietPolls = 10;
/** How long a backfill of a disabled job rests before it looks whether the job is enabled again. */
const disabledMs = 5000;
/** While the store is nearly full. */
const noRoomMs = 5000;

interface Made {
  lanes: string[];
  sessions: Set<string>;
  runs: number;
  canceled: string[];
}

export class Backfilling implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #room: Pick<Room, 'hasRoom'>;
  readonly #loop: Loop;
  readonly #unsubscribe: (() => void)[] = [];
  /** Namespaces that had live backfills at the last look: ends of their runs make room. */
  #namespaces = new Set<string>();

  constructor(context: MasterContext, changes: Changes, room: Pick<Room, 'hasRoom'>) {
    this.#room = room;
    this.#context = context;
    this.#changes = changes;
    this.#loop = new Loop('backfilling', context, () => this.look());
  }

  async start(): Promise<void> {
    const { signals } = this.#context;
    if (this.#unsubscribe.length === 0) {
      this.#unsubscribe.push(
        signals.subscribe('backfills', () => this.#loop.wake()),
        signals.subscribe('changed', ({ namespace, topics }) => {
          if (topics.includes('runs') && this.#namespaces.has(namespace)) this.#loop.wake();
        }),
      );
    }
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#loop.stop();
  }

  /** One look at all live backfills; milliseconds until the next is due. */
  async look(): Promise<number> {
    const { db, settings, posture } = this.#context;
    if (posture.resting) return settings.pollMs;
    if (!this.#room.hasRoom) return noRoomMs;
    const live = await backfillsOutlook(db, serverLimits.backfillsLooked);
    this.#namespaces = new Set(live.map((one) => one.namespace));
    let nextMs = live.length === 0 ? settings.pollMs * quietPolls : settings.pollMs;
    for (const one of live) {
      // A step is bounded: what it left is seen by the next look.
      const waitMs = one.due ? ((await this.#step(one.id)) ?? 0) : one.waitMs;
      if (waitMs !== null) nextMs = Math.min(nextMs, Math.max(quietMs, waitMs));
    }
    return nextMs;
  }

  /** Milliseconds after which another step may be due; null: when a run ends. */
  async #step(id: string): Promise<number | null> {
    const { db, failpoints } = this.#context;
    failpoints.reach('backfill.before');
    const made: Made = { lanes: [], sessions: new Set(), runs: 0, canceled: [] };
    let namespace = '';
    const waitMs = await db.transaction(async (tx) => {
      Object.assign(made, { lanes: [], sessions: new Set(), runs: 0, canceled: [] });
      const held = await backfillHold(tx, id, serverLimits.backfillStep);
      failpoints.reach('backfill.locked');
      if (held === null) return heldByOthersMs;
      ({ namespace } = held);
      const next = held.state === 'running' ? await this.#advance(tx, held, made) : await this.#wind(tx, held, made);
      failpoints.reach('backfill.before-commit');
      return next;
    });
    failpoints.reach('backfill.committed');
    if (namespace !== '') this.#announce(namespace, made);
    return waitMs;
  }

  async #advance(tx: Tx, held: HeldBackfill, made: Made): Promise<number | null> {
    const { definitions, identity } = this.#context;
    const target = await backfillTarget(tx, held.jobId, held.scheduleId);
    const same = {
      position: held.position,
      exhausted: held.exhausted,
      decided: 0,
      leftOut: 0,
      nextRunAt: held.nextRunAt,
    };
    if (target.gone) {
      const { id: subject, namespace } = held;
      const detail = { reason: 'its schedule was deleted' };
      await eventsAppend(tx, identity, [{ namespace, actor: 'tidewheel', action: 'backfill.cancel', subject, detail }]);
      return finish(tx, held, { ...same, state: 'canceled' });
    }
    const version = (await definitions.jobVersions(tx, [target.versionId])).get(target.versionId);
    if (version === undefined) throw new Error(`backfill ${held.id} has no job version`);
    const pace = new Pace(
      held.rate,
      held.nextRunAt,
      held.now,
      Math.min(held.active - held.open, serverLimits.backfillStep),
    );
    if (held.exhausted) return finish(tx, held, { ...same, state: 'running' });
    if (!target.enabled) {
      await backfillAdvance(tx, held.id, { ...same, nextRunAt: held.now + disabledMs, state: 'running', live: true });
      return disabledMs;
    }
    if (pace.allowed <= 0) {
      await backfillAdvance(tx, held.id, { ...same, state: 'running', live: true });
      return held.open < held.active ? held.nextRunAt - held.now : null;
    }
    const [{ compiled } = { compiled: null }] = await definitions.compiled(tx, [compiledRow(held)]);
    if (compiled === null) throw new Error(`backfill ${held.id} has no times`);
    const { times, definition } = compiled;
    const { fires, exhausted } = await this.#choose(tx, held, times, pace.allowed);
    const runs = fires.filter((fire) => fire.run !== null).length;
    await backfillFiresInsert(tx, factsOf(held, definition, version), fires);
    made.runs = runs;
    if (runs > 0) made.lanes.push(version.laneId);
    const nextRunAt = pace.after(runs);
    await finish(
      tx,
      { ...held, open: held.open + runs },
      {
        position: fires.at(-1)?.fireAt ?? held.position,
        exhausted,
        decided: fires.length,
        leftOut: fires.length - runs,
        nextRunAt,
        state: 'running',
      },
    );
    if (exhausted) return null;
    return held.open + runs < held.active ? Math.max(0, nextRunAt - held.now) : null;
  }

  /** The next times with what becomes of each. A page of times in which all have succeeded moves on without a run. */
  async #choose(
    tx: Tx,
    held: HeldBackfill,
    times: ScheduleTimes,
    allowed: number,
  ): Promise<{ fires: BackfillFire[]; exhausted: boolean }> {
    const page = held.missingOnly ? serverLimits.backfillStep : allowed;
    const next = backfillTimes(times, held, held.position, page);
    const succeeded = held.missingOnly ? await backfillSucceeded(tx, held.scheduleId, next) : new Set<number>();
    const fires: BackfillFire[] = [];
    let runs = 0;
    for (const [index, fireAt] of next.entries()) {
      const leftOut = succeeded.has(fireAt);
      if (!leftOut && runs === allowed) return { fires, exhausted: false };
      if (!leftOut) runs += 1;
      const [before, after] = held.newestFirst
        ? [next[index + 1], next[index - 1]]
        : [next[index - 1], next[index + 1]];
      const interval = {
        previousFireAt: before ?? timeBefore(times, fireAt),
        nextFireAt: after ?? nextFireAfter(times, fireAt),
      };
      fires.push({ fireAt, run: leftOut ? null : { id: this.#context.identity.next(), ...interval } });
    }
    return { fires, exhausted: next.length < page };
  }

  /** A canceled one: its runs are canceled if that was asked for, and it is live until all have ended. */
  async #wind(tx: Tx, held: HeldBackfill, made: Made): Promise<number | null> {
    const { masterId } = this.#context;
    if (held.cancelRuns) {
      const reason = held.cancelReason === '' ? 'its backfill was canceled' : held.cancelReason;
      const canceled = await backfillRunsCancel(tx, masterId, held, reason, serverLimits.backfillStep);
      made.canceled.push(...canceled.canceled);
      for (const session of canceled.sessions) made.sessions.add(session);
      if (canceled.more) return 0;
      await backfillCancelsDone(tx, held.id);
    }
    const { position, exhausted, nextRunAt, state } = held;
    await finish(tx, held, { position, exhausted, decided: 0, leftOut: 0, nextRunAt, state });
    return null;
  }

  #announce(namespace: string, made: Made): void {
    const { metrics, signals } = this.#context;
    if (made.runs > 0) metrics.add('tidewheel_runs_submitted_total', made.runs);
    if (made.lanes.length > 0) signals.publish('ready', { lanes: made.lanes });
    if (made.sessions.size > 0) signals.publish('cancel', { sessions: [...made.sessions] });
    if (made.canceled.length > 0) {
      metrics.add('tidewheel_runs_finished_total', made.canceled.length, { state: 'canceled' });
      signals.publish('logs', { runs: made.canceled });
    }
    if (made.runs + made.canceled.length > 0) this.#changes.note([namespace], 'runs');
  }
}

/** Writes a step; done when every time is decided and no run of it is unfinished. */
async function finish(tx: Tx, held: HeldBackfill, step: Omit<BackfillStep, 'live'>): Promise<null> {
  const over = held.open === 0;
  const state = step.state === 'running' && step.exhausted && over ? 'done' : step.state;
  await backfillAdvance(tx, held.id, { ...step, state, live: state === 'running' || !over });
  return null;
}

/** The schedule as it was when the backfill was asked for; it never changes, so the backfill's id stands for it in memory. */
function compiledRow({ id, namespace, spec, anchorAt, calendars }: HeldBackfill) {
  return { id, namespace, version: 0, spec, anchor_at: anchorAt, calendars };
}

function factsOf(held: HeldBackfill, definition: ScheduleDefinition, version: JobVersion) {
  const { spec } = version;
  const payload = definition.payload ?? spec.payload;
  return {
    backfillId: held.id,
    namespace: held.namespace,
    jobId: held.jobId,
    jobVersionId: version.id,
    laneId: version.laneId,
    scheduleId: held.scheduleId,
    // One below the job's own, so that what is due now never waits behind the past.
    priority: givingWay(spec.priority),
    payload: held.payload ?? (payload === undefined ? null : JSON.stringify(payload)),
    startTimeoutMs: spec.timeout.start ?? null,
  };
}
