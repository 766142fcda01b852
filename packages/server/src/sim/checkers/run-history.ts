// The life of every run, replayed row by row in commit order against a table of legal steps of its own. Two promises look at
// the same replay: S7 at the steps, S6 at who was allowed to make them. A store that lost its newest commits may take up an attempt that
// it had given before (adoption), and learn that one is over whose end it has lost.

import type { Evidence } from '../evidence.ts';
import type { HistoryRow, RunFacts } from '../history.ts';
import { type GivenAttempt, lostClaims, lostEnds, restores } from './lost-history.ts';

export interface ReplayFindings {
  /** Illegal steps, doubled outcomes, changes after the end. */
  steps: string[];
  /** Steps that a session made, or was given, which had no right to. */
  fencing: string[];
  /** Attempt id → its accepted end, by true time. */
  accepted: Map<string, { runId: string; outcome: string; at: number; sessionId: string }>;
  /** Attempt id → when and to whom it was given. */
  given: Map<string, GivenAttempt>;
}

const legal: Readonly<Record<string, readonly string[]>> = {
  blocked: ['ready', 'scheduled', 'canceled', 'skipped', 'failed'],
  scheduled: ['ready', 'canceled', 'failed'],
  ready: ['running', 'canceled', 'failed'],
  running: ['ready', 'scheduled', 'succeeded', 'failed', 'canceled', 'lost'],
};

const reported = ['succeeded', 'failed', 'timed-out', 'canceled'];

interface Life {
  facts: RunFacts;
  /** Archived in the same transaction that must delete it from the hot table. */
  final: string | null;
  deleted: boolean;
}

export function replay(evidence: Pick<Evidence, 'history' | 'lost' | 'truth'>): ReplayFindings {
  const { history } = evidence;
  const restoredAt = Math.min(...restores(evidence).map(({ to }) => to));
  const replayed = new Replay(lostClaims(evidence), lostEnds(evidence), restoredAt);
  for (const row of history) replayed.take(row);
  return replayed.end();
}

class Replay {
  readonly #found: ReplayFindings = { steps: [], fencing: [], accepted: new Map(), given: new Map() };
  readonly #lives = new Map<string, Life>();
  readonly #sessions = new Map<string, string>();
  readonly #lostClaims: ReadonlyMap<string, GivenAttempt>;
  readonly #lostEnds: ReadonlySet<string>;
  readonly #restoredAt: number;

  constructor(lostClaimed: ReadonlyMap<string, GivenAttempt>, lostEnded: ReadonlySet<string>, restoredAt: number) {
    this.#restoredAt = restoredAt;
    this.#lostClaims = lostClaimed;
    this.#lostEnds = lostEnded;
  }

  take(row: HistoryRow): void {
    if (row.session !== null) return this.#session(row.id, row.session);
    if (row.kind === 'fire~' || row.kind === 'fire-') this.#found.steps.push(`a ledger row of ${row.id} was changed`);
    // What retention removes has a checker of its own.
    if (row.kind === 'archive~') this.#found.steps.push(`the finished run ${row.id} was changed`);
    if (row.kind === 'run+' && row.after !== null) this.#born(row, row.after);
    if (row.kind === 'run~' && row.after !== null) this.#moved(row, row.after);
    if (row.kind === 'archive+' && row.after !== null) this.#finished(row, row.after);
    if (row.kind === 'run-') this.#deleted(row);
  }

  end(): ReplayFindings {
    for (const [id, life] of this.#lives) {
      if ((life.final === null) === life.deleted)
        this.#found.steps.push(`run ${id} is ${life.deleted ? 'gone without an end' : 'finished and unfinished'}`);
    }
    return this.#found;
  }

  #session(id: string, { before, after }: { before: string | null; after: string }): void {
    if (before === 'dead' || (before === null && this.#sessions.has(id)))
      this.#found.fencing.push(`the dead session ${id} came back`);
    this.#sessions.set(id, after);
  }

  #born(row: HistoryRow, after: RunFacts): void {
    if (this.#lives.has(row.id)) this.#found.steps.push(`run ${row.id} was made twice`);
    if (!['ready', 'scheduled', 'running', 'blocked'].includes(after.state))
      this.#found.steps.push(`run ${row.id} began as ${after.state}`);
    if (after.state === 'running') this.#claimed(row, after, 0);
    this.#lives.set(row.id, { facts: after, final: null, deleted: false });
  }

  #moved(row: HistoryRow, after: RunFacts): void {
    const life = this.#lives.get(row.id);
    if (life === undefined || life.final !== null || life.deleted) {
      this.#found.steps.push(`run ${row.id} moved although it had ended`);
      return;
    }
    const before = life.facts;
    life.facts = after;
    const isAdopted = after.attemptId !== null && this.#lostClaims.has(after.attemptId);
    const from = isAdopted && before.state === 'scheduled' ? { ...before, state: 'ready' } : before;
    if (before.state !== after.state) this.#step(row, from, after.state);
    if (after.state === 'running' && before.state !== 'running') this.#claimed(row, after, before.attempt);
    else if (after.attempt !== before.attempt)
      this.#found.steps.push(`run ${row.id} counted an attempt without a claim`);
    else if (after.state === 'running' && after.attemptId !== before.attemptId)
      this.#found.steps.push(`run ${row.id} changed its attempt while running`);
    if (before.state === 'running' && after.state !== 'running') this.#attemptEnded(row, before, after);
  }

  #finished(row: HistoryRow, after: RunFacts): void {
    const life = this.#lives.get(row.id);
    if (life === undefined || life.final !== null || life.deleted) {
      this.#found.steps.push(`run ${row.id} was finished although it was not there`);
      return;
    }
    this.#step(row, life.facts, after.state);
    if (life.facts.state === 'running') this.#attemptEnded(row, life.facts, after);
    life.final = after.state;
  }

  #deleted(row: HistoryRow): void {
    const life = this.#lives.get(row.id);
    if (life === undefined || life.deleted) this.#found.steps.push(`run ${row.id} was deleted twice`);
    else life.deleted = true;
  }

  #step(row: HistoryRow, before: RunFacts, to: string): void {
    // What waits may have run before a restore.
    if (to === 'lost' && before.state !== 'running' && row.when >= this.#restoredAt) return;
    if (legal[before.state]?.includes(to) !== true)
      this.#found.steps.push(`run ${row.id} went from ${before.state} to ${to}`);
  }

  #claimed(row: HistoryRow, after: RunFacts, attemptsBefore: number): void {
    const { attemptId, sessionId } = after;
    if (attemptId === null || sessionId === null)
      return void this.#found.steps.push(`run ${row.id} runs without an attempt`);
    const lost = this.#lostClaims.get(attemptId);
    if (lost === undefined ? after.attempt !== attemptsBefore + 1 : after.attempt <= attemptsBefore)
      this.#found.steps.push(`run ${row.id} counted ${attemptsBefore} → ${after.attempt}`);
    if (this.#found.given.has(attemptId)) this.#found.fencing.push(`the attempt id ${attemptId} was given twice`);
    const state = this.#sessions.get(sessionId);
    if (state !== 'live')
      this.#found.fencing.push(`run ${row.id} was given to session ${sessionId}, which is ${state ?? 'unknown'}`);
    this.#found.given.set(attemptId, { runId: row.id, at: Math.min(row.when, lost?.at ?? row.when), sessionId });
  }

  /** The attempt that `before` was running has an outcome: the newest of the finished ones. */
  #attemptEnded(row: HistoryRow, before: RunFacts, after: RunFacts): void {
    const { lastAttemptId, lastOutcome } = after;
    const { attemptId, sessionId } = before;
    if (attemptId === null || sessionId === null || lastOutcome === null)
      return void this.#found.steps.push(`run ${row.id} stopped running without an outcome`);
    if (after.finishedAttempts !== before.finishedAttempts + 1)
      this.#found.steps.push(
        `run ${row.id} has ${before.finishedAttempts} → ${after.finishedAttempts} finished attempts`,
      );
    if (lastAttemptId !== attemptId)
      this.#found.fencing.push(`run ${row.id} took the outcome of ${lastAttemptId} while ${attemptId} was current`);
    const session = this.#sessions.get(sessionId);
    if (lastOutcome === 'lost') {
      if (session !== 'dead' && !this.#lostEnds.has(attemptId))
        this.#found.fencing.push(`attempt ${attemptId} was called lost while its session was ${session}`);
      return;
    }
    if (!reported.includes(lastOutcome)) this.#found.steps.push(`attempt ${attemptId} ended as ${lastOutcome}`);
    if (session === 'dead')
      this.#found.fencing.push(`${lastOutcome} of attempt ${attemptId} was accepted from a dead session`);
    if (lastAttemptId === null) return;
    if (this.#found.accepted.has(lastAttemptId))
      this.#found.steps.push(`attempt ${lastAttemptId} has two accepted outcomes`);
    this.#found.accepted.set(lastAttemptId, { runId: row.id, outcome: lastOutcome, at: row.when, sessionId });
  }
}
