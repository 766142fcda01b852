// The states of a run, an attempt's outcome and a session, as plain words. Every table, message, route and page uses these.

/** Unfinished states live in the hot table `run`; final states only in `run_archive`. */
export const unfinishedStates = ['blocked', 'scheduled', 'ready', 'running'] as const;
export const finalStates = ['succeeded', 'failed', 'canceled', 'skipped', 'lost'] as const;
export const runStates = [...unfinishedStates, ...finalStates] as const;

export type UnfinishedState = (typeof unfinishedStates)[number];
export type FinalState = (typeof finalStates)[number];
export type RunState = (typeof runStates)[number];

export function isFinal(state: RunState): state is FinalState {
  return (finalStates as readonly RunState[]).includes(state);
}

/** How one attempt ended. `lost`: its session died. `stale`: it reported after it had lost its right to. */
export const attemptOutcomes = ['succeeded', 'failed', 'timed-out', 'canceled', 'lost', 'start-timed-out'] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** What a worker may say of an attempt; the other outcomes are findings of a master. */
export const reportedOutcomes = ['succeeded', 'failed', 'timed-out', 'canceled'] as const;
export type ReportedOutcome = (typeof reportedOutcomes)[number];

export const sessionStates = ['live', 'draining', 'dead'] as const;
export type SessionState = (typeof sessionStates)[number];

/** One row of the fire ledger: the nominal time was turned into a run, or skipped with a reason. */
export const fireOutcomes = ['fired', 'skipped'] as const;
export type FireOutcome = (typeof fireOutcomes)[number];
export const skipReasons = [
  'misfire',
  'misfire-window',
  'misfire-limit',
  'overlap',
  'overlap-limit',
  'job-disabled',
  'restore-gap',
] as const;
export type SkipReason = (typeof skipReasons)[number];
/** What there is to say of a time that was fired: made up for after an outage, or waiting for the previous run to end. */
export const fireReasons = ['catch-up', 'buffered'] as const;
export type FireReason = (typeof fireReasons)[number];

/** What brought a run into being. */
export const triggerKinds = ['schedule', 'api', 'retry', 'backfill'] as const;
export type TriggerKind = (typeof triggerKinds)[number];

export const roles = ['viewer', 'operator', 'admin', 'worker'] as const;
export type Role = (typeof roles)[number];
