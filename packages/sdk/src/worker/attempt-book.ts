// Which attempts a worker holds, and how many more it can take.
//
//   assign → waiting (no slot) → running → finished (its result waits for the acknowledgement) → over
//
// An attempt id is used once in all the world. One that is held is known when it is assigned again, and one that is over
// stays known for a while, so that no repetition of an assignment, however late, runs anything twice.

import type { Assign } from '@tidewheel/protocol';
import { Recent } from './recent.ts';
import { workerLimits } from './worker-limits.ts';

type Phase = 'waiting' | 'running' | 'finished';

interface HeldAttempt {
  readonly runId: string;
  phase: Phase;
  /** Only while it waits for a slot. */
  assign: Assign | null;
  /** The shortest grace that was asked for with a cancel; null before any. */
  cancelGraceMs: number | null;
}

export class AttemptBook {
  readonly #slots: number;
  readonly #held = new Map<string, HeldAttempt>();
  readonly #waiting = new Set<string>();
  readonly #over = new Recent(workerLimits.attemptsRemembered);
  #running = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  get empty(): boolean {
    return this.#held.size === 0;
  }

  /** Slots that new work can have. */
  get free(): number {
    const finished = this.#held.size - this.#running - this.#waiting.size;
    const slots = this.#slots - this.#running - this.#waiting.size;
    return Math.max(0, Math.min(slots, workerLimits.resultsUnsettled - finished));
  }

  /** Running, waiting, or with a result not yet acknowledged. */
  holding(): string[] {
    return [...this.#held.keys()];
  }

  runningAttempts(): { runId: string; attemptId: string }[] {
    const running: { runId: string; attemptId: string }[] = [];
    for (const [attemptId, { runId, phase }] of this.#held) if (phase === 'running') running.push({ runId, attemptId });
    return running;
  }

  /** Undefined unless it is running. */
  runningRunId(attemptId: string): string | undefined {
    const held = this.#held.get(attemptId);
    return held?.phase === 'running' ? held.runId : undefined;
  }

  /** `start`: it is new and has a slot now. Else: how far it has come; `nextWaiting` gives out what waits. */
  accept(assign: Assign): 'start' | Phase | 'over' {
    const { attemptId, runId } = assign;
    const known = this.#held.get(attemptId);
    if (known !== undefined) return known.phase;
    if (this.#over.has(attemptId)) return 'over';
    if (this.#running >= this.#slots) {
      this.#held.set(attemptId, { runId, phase: 'waiting', assign, cancelGraceMs: null });
      this.#waiting.add(attemptId);
      return 'waiting';
    }
    this.#held.set(attemptId, { runId, phase: 'running', assign: null, cancelGraceMs: null });
    this.#running += 1;
    return 'start';
  }

  /** The next waiting attempt, now running, when a slot is free. */
  nextWaiting(): Assign | null {
    if (this.#running >= this.#slots) return null;
    for (const attemptId of this.#waiting) {
      this.#waiting.delete(attemptId);
      const held = this.#held.get(attemptId);
      if (held === undefined || held.assign === null) continue;
      const assign = held.assign;
      held.assign = null;
      held.phase = 'running';
      this.#running += 1;
      return assign;
    }
    return null;
  }

  /** `stop`: ask the runner. `never-started`: its result is due at once. `nothing`: unknown, finished, or asked before with as little grace. */
  cancel(attemptId: string, graceMs = Number.POSITIVE_INFINITY): 'stop' | 'never-started' | 'nothing' {
    const held = this.#held.get(attemptId);
    if (held === undefined || held.phase === 'finished' || isNothingNew(held, graceMs)) return 'nothing';
    held.cancelGraceMs = graceMs;
    return held.phase === 'running' ? 'stop' : 'never-started';
  }

  /** The run's id; undefined when the attempt is not ours, or has finished before: its result counts for nothing. */
  finish(attemptId: string): string | undefined {
    const held = this.#held.get(attemptId);
    if (held === undefined || held.phase === 'finished') return undefined;
    if (held.phase === 'running') this.#running -= 1;
    this.#waiting.delete(attemptId);
    held.phase = 'finished';
    held.assign = null;
    return held.runId;
  }

  /** The attempt is over: acknowledged, or taken away. True when it was running. */
  remove(attemptId: string): boolean {
    const held = this.#held.get(attemptId);
    this.#over.add(attemptId);
    if (held === undefined) return false;
    this.#held.delete(attemptId);
    this.#waiting.delete(attemptId);
    if (held.phase !== 'running') return false;
    this.#running -= 1;
    return true;
  }

  /** All attempts are over. Gives their ids by how far they had come. */
  clear(): Record<Phase, string[]> {
    const lost: Record<Phase, string[]> = { waiting: [], running: [], finished: [] };
    for (const [attemptId, held] of this.#held) {
      lost[held.phase].push(attemptId);
      this.#over.add(attemptId);
    }
    this.#held.clear();
    this.#waiting.clear();
    this.#running = 0;
    return lost;
  }
}

function isNothingNew({ cancelGraceMs }: HeldAttempt, graceMs: number): boolean {
  return cancelGraceMs !== null && cancelGraceMs <= graceMs;
}
