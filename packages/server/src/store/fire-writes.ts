// What a fire transaction writes, gathered from the decisions of many schedules: one statement for each kind of row.
// A run that may begin, while its lane has no older work waiting and a connected worker has offered a slot, is inserted
// already claimed.

import type { FireDecision } from '../core/fire.ts';
import { givingWay } from '../core/giving-way.ts';
import { become } from '../core/run.ts';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import type { DefinitionCache, CompiledSchedule, JobVersion } from './definition-cache.ts';
import type { ClaimedRun, Slot } from './runs-claim.ts';
import { type Freed, runsFinish } from './runs-finish.ts';
import { takesOffer } from './runs-submit.ts';
import type { UnfinishedRuns } from './turns.ts';

export interface FireDeps {
  identity: Pick<Identity, 'ofFire'>;
  definitions: DefinitionCache;
  masterId: string;
  settings: {
    /** Runs that are made up for after an outage, of all schedules together. */
    readonly catchUpPerSecond: number;
  };
  /** A slot for a run of this lane that may begin at once, or null; absent where runs are made that can wait. */
  offer?: (laneId: string) => Slot | null;
}

/** A locked schedule with something to decide. */
export interface LockedSchedule {
  id: string;
  namespace: string;
  jobId: string;
  compiled: CompiledSchedule;
}

export interface FiredRun {
  id: string;
  state: 'blocked' | 'scheduled' | 'ready' | 'running';
  laneId: string;
  namespace: string;
  fireAt: number;
}

/** What a transaction has decided, to be announced after its commit. */
export interface FiresDecided {
  runs: FiredRun[];
  /** Those that were inserted already claimed, to be handed to their workers. */
  direct: ClaimedRun[];
  skipped: number;
  /** Milliseconds from nominal time to decision, one per run that was fired in time. */
  delaysMs: number[];
  /** Some schedule still has undecided nominal times in the past. */
  more: boolean;
  /** Missed times were set aside. */
  aside: boolean;
  namespaces: Set<string>;
  /** Sessions with attempts that give way to a newer run. */
  cancels: Set<string>;
  /** Runs that ended or may begin because of it; `null` when there are none. */
  freed: Freed | null;
  /** Some run is due later. */
  scheduled: boolean;
}

export function nothingDecided(): FiresDecided {
  return {
    runs: [],
    direct: [],
    skipped: 0,
    delaysMs: [],
    more: false,
    aside: false,
    namespaces: new Set(),
    cancels: new Set(),
    freed: null,
    scheduled: false,
  };
}

interface LedgerRow {
  schedule_id: string;
  fire_at: number;
  outcome: 'fired' | 'skipped';
  reason: string | null;
  run_id: string | null;
  decided_at: number;
}

/** What is absent is null in the row: it need not travel. */
interface NewRunRow {
  id: string;
  namespace: string;
  job_id: string;
  job_version_id: string;
  lane_id: string;
  state: 'blocked' | 'scheduled' | 'ready';
  priority: number;
  due_at: number;
  schedule_id: string;
  fire_at: number;
  previous_fire_at?: number | undefined;
  next_fire_at?: number | undefined;
  payload?: string | undefined;
  start_deadline?: number | undefined;
  attempt_id?: string | undefined;
  session_id?: string | undefined;
}

const ledgerColumns = {
  schedule_id: 'uuid',
  fire_at: 'bigint',
  outcome: 'text',
  reason: 'text',
  run_id: 'uuid',
  decided_at: 'bigint',
} as const;

const runColumns = {
  id: 'uuid',
  namespace: 'text',
  job_id: 'uuid',
  job_version_id: 'uuid',
  lane_id: 'uuid',
  state: 'text',
  priority: 'int',
  due_at: 'bigint',
  schedule_id: 'uuid',
  fire_at: 'bigint',
  previous_fire_at: 'bigint',
  next_fire_at: 'bigint',
  payload: 'text',
  start_deadline: 'bigint',
  attempt_id: 'uuid',
  session_id: 'uuid',
} as const;

/** `now`: the store's clock when it was decided. */
export interface Situation {
  version: JobVersion;
  now: number;
}

export class FireWrites {
  readonly decided = nothingDecided();
  readonly #deps: FireDeps;
  readonly #ledger: LedgerRow[] = [];
  /** In the order of `decided.runs`. */
  readonly #runs: NewRunRow[] = [];
  readonly #replaced: { runs: UnfinishedRuns; kill: boolean }[] = [];

  constructor(deps: FireDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#ledger.length;
  }

  /** One decision; `dueAt`: when its run may begin, were it not for others. */
  add(schedule: LockedSchedule, at: Situation, fire: FireDecision, dueAt: number): void {
    const { decided } = this;
    const fired = fire.outcome === 'fired';
    const runId = fired ? this.#deps.identity.ofFire(schedule.id, fire.fireAt) : null;
    this.#ledger.push({
      schedule_id: schedule.id,
      fire_at: fire.fireAt,
      outcome: fire.outcome,
      reason: fire.reason,
      run_id: runId,
      decided_at: at.now,
    });
    decided.namespaces.add(schedule.namespace);
    if (runId === null) {
      decided.skipped += 1;
      return;
    }
    const { spec, laneId, id: versionId } = at.version;
    if (fire.reason !== 'catch-up') decided.delaysMs.push(at.now - fire.fireAt);
    const state = fire.waits ? 'blocked' : dueAt > at.now ? 'scheduled' : 'ready';
    decided.runs.push({ id: runId, state, laneId, namespace: schedule.namespace, fireAt: fire.fireAt });
    decided.scheduled ||= state === 'scheduled';
    const payload = schedule.compiled.definition.payload ?? spec.payload;
    const startTimeoutMs = spec.timeout.start;
    this.#runs.push({
      id: runId,
      namespace: schedule.namespace,
      job_id: schedule.jobId,
      job_version_id: versionId,
      lane_id: laneId,
      state,
      priority: fire.reason === 'catch-up' ? givingWay(spec.priority) : spec.priority,
      due_at: dueAt,
      schedule_id: schedule.id,
      fire_at: fire.fireAt,
      previous_fire_at: fire.previous ?? undefined,
      next_fire_at: fire.next ?? undefined,
      payload: payload === undefined ? undefined : JSON.stringify(payload),
      // Of a run that waits it is moved on with its due time, when its turn has come.
      start_deadline:
        startTimeoutMs === undefined ? undefined : (fire.waits ? dueAt : Math.max(dueAt, at.now)) + startTimeoutMs,
    });
  }

  /** What is unfinished gives way: what has not begun ends, what runs is canceled, or killed. */
  replace(runs: UnfinishedRuns, kill: boolean): void {
    this.#replaced.push({ runs, kill });
  }

  async write(tx: Tx): Promise<void> {
    // First: a run that ends makes way for what waits, which must not be the new ones yet.
    await this.#writeReplaced(tx);
    const { rows } = tx.dialect;
    if (this.#ledger.length > 0) {
      await tx.query(
        `insert into fire (schedule_id, fire_at, outcome, reason, run_id, decided_at)
         select x.schedule_id, x.fire_at, x.outcome, x.reason, x.run_id, x.decided_at from ${rows('$1', 'x', ledgerColumns)}`,
        [JSON.stringify(this.#ledger)],
      );
    }
    if (this.#runs.length > 0) await this.#writeRuns(tx);
  }

  async #writeRuns(tx: Tx): Promise<void> {
    this.#takeOffers();
    const placed = await tx.query<{ id: string; claimed_at: number | null }>(
      `insert into run (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
         schedule_id, fire_at, previous_fire_at, next_fire_at, payload, start_deadline, attempt, attempt_id, session_id, claimed_at)
       with y as materialized (select x.*, (select now_ms()) as now, ${takesOffer('x')} as taken from ${tx.dialect.rows('$1', 'x', runColumns)})
       select y.id, y.namespace, y.job_id, y.job_version_id, y.lane_id, case when y.taken then 'running' else y.state end, y.priority,
         y.due_at, y.now, 'schedule', y.schedule_id, y.fire_at, y.previous_fire_at, y.next_fire_at, y.payload, y.start_deadline,
         case when y.taken then 1 else 0 end, case when y.taken then y.attempt_id end,
         case when y.taken then y.session_id end, case when y.taken then y.now end
       from y returning id, claimed_at`,
      [JSON.stringify(this.#runs)],
    );
    const claimedAt = new Map(placed.flatMap((row) => (row.claimed_at === null ? [] : [[row.id, row.claimed_at]])));
    for (const [index, row] of this.#runs.entries()) {
      const at = claimedAt.get(row.id);
      const fired = this.decided.runs[index];
      if (at === undefined || fired === undefined) continue;
      fired.state = become('ready', 'running');
      this.decided.direct.push(claimOf(row, at));
    }
  }

  /** The most urgent first: there may be fewer slots than runs. */
  #takeOffers(): void {
    const { offer } = this.#deps;
    if (offer === undefined) return;
    const urgent = this.#runs
      .filter((row) => row.state === 'ready')
      .toSorted((a, b) => b.priority - a.priority || a.due_at - b.due_at);
    const full = new Set<string>();
    for (const row of urgent) {
      const slot = full.has(row.lane_id) ? null : offer(row.lane_id);
      if (slot === null) full.add(row.lane_id);
      else [row.attempt_id, row.session_id] = [slot.attemptId, slot.sessionId];
    }
  }

  async #writeReplaced(tx: Tx): Promise<void> {
    const active = this.#replaced.flatMap(({ runs, kill }) => runs.active.map((run) => ({ id: run.id, kill })));
    if (active.length > 0) {
      const canceled = await tx.query<{ session_id: string | null }>(
        `update run set cancel_requested_at = coalesce(cancel_requested_at, now_ms()),
           cancel_reason = coalesce(cancel_reason, 'the next run of its schedule takes its place'),
           cancel_grace_ms = coalesce(x.grace, cancel_grace_ms)
         from ${tx.dialect.rows('$1', 'x', { id: 'uuid', grace: 'int' })} where run.id = x.id returning run.session_id`,
        [JSON.stringify(active.map(({ id, kill }) => ({ id, grace: kill ? 0 : null })))],
      );
      for (const { session_id: sessionId } of canceled) if (sessionId !== null) this.decided.cancels.add(sessionId);
    }
    const ended = this.#replaced.flatMap(({ runs }) => [
      ...runs.active
        .filter((run) => run.state !== 'running')
        .map((run) => ({ ...run, state: become(run.state, 'canceled') })),
      ...runs.blocked.map((run) => ({ ...run, state: become('blocked', 'skipped') })),
    ]);
    if (ended.length === 0) return;
    this.decided.freed = await runsFinish(
      tx,
      this.#deps.masterId,
      ended.map(({ id, namespace, state, attempts }) => ({
        id,
        namespace,
        state,
        attemptId: null,
        startedAt: null,
        attempts,
        output: null,
        error: null,
      })),
    );
  }
}

function claimOf(row: NewRunRow, claimedAt: number): ClaimedRun {
  return {
    id: row.id,
    namespace: row.namespace,
    jobVersionId: row.job_version_id,
    laneId: row.lane_id,
    attempt: 1,
    attemptId: row.attempt_id ?? '',
    sessionId: row.session_id ?? '',
    payload: row.payload ?? null,
    scheduleId: row.schedule_id,
    fireAt: row.fire_at,
    previousFireAt: row.previous_fire_at ?? null,
    nextFireAt: row.next_fire_at ?? null,
    dueAt: row.due_at,
    claimedAt,
    cancelRequestedAt: null,
    cancelReason: null,
    cancelGraceMs: null,
  };
}
