// What the store has lost on the way: by a fail-over to a standby that lay behind, or by a restore. A promise that was made by what is
// lost is lost with it, and with nothing else. Shared by the checkers whose promises reach out of the store.

import type { Evidence } from '../evidence.ts';
import type { StoreLossRecord } from '../ground-truth.ts';

export interface GivenAttempt {
  runId: string;
  at: number;
  sessionId: string;
}

/** Attempts whose claim is lost. */
export function lostClaims({ lost }: Pick<Evidence, 'lost'>): Map<string, GivenAttempt> {
  const given = new Map<string, GivenAttempt>();
  for (const { id, kind, when, after } of lost) {
    if ((kind !== 'run+' && kind !== 'run~') || after?.state !== 'running') continue;
    const { attemptId, sessionId } = after;
    if (attemptId !== null && sessionId !== null && !given.has(attemptId))
      given.set(attemptId, { runId: id, at: when, sessionId });
  }
  return given;
}

/** Attempts whose end is lost: the store may take them for running still. */
export function lostEnds({ lost }: Pick<Evidence, 'lost'>): Set<string> {
  return new Set(
    lost.flatMap(({ kind, after }) => (kind === 'run~' || kind === 'archive+' ? (after?.lastAttemptId ?? []) : [])),
  );
}

/** Runs of which the end of an attempt is lost: the store takes that one for running still. */
export function runsSetBack({ lost }: Pick<Evidence, 'lost'>): Set<string> {
  return new Set(
    lost.flatMap(({ kind, id, before, after }) =>
      kind === 'run~' && after?.lastAttemptId !== before?.lastAttemptId ? id : [],
    ),
  );
}

/** Runs whose making is lost. */
export function lostRuns({ lost }: Pick<Evidence, 'lost'>): Set<string> {
  return new Set(lost.flatMap(({ kind, id }) => (kind === 'run+' ? id : [])));
}

/** Whether something that was done between two times may be lost, be it in the history or, as logs and leases, not (seed 2146221309). */
export function mayBeLost({ truth }: Evidence, from: number, to: number): boolean {
  return truth.losses.some((loss) => loss.kind !== 'switch' && loss.from <= to && loss.to >= from);
}

export function restores({ truth }: Pick<Evidence, 'truth'>): (StoreLossRecord & { kind: 'restore' })[] {
  return truth.losses.filter((loss): loss is StoreLossRecord & { kind: 'restore' } => loss.kind === 'restore');
}

/** When the gap of a restore was closed, some time after the choice was answered; null when it never was. */
export function gapClosedAt({ history }: Pick<Evidence, 'history'>, { lostSeq }: StoreLossRecord): number | null {
  return history.find(({ seq, event }) => seq > lostSeq && event?.action === 'restore-gap.close')?.when ?? null;
}
