// K1. Locks of users: each acquisition has a token of its own, larger than all before; nobody takes a lock that another one holds by
// the store's clock; and two holders never trust in the same lock at once, unless it was taken away by force, a clock stepped, or the store has lost it.

import type { Evidence } from '../evidence.ts';
import type { HoldRecord } from '../ground-truth.ts';
import type { HistoryRow, LockFacts } from '../history.ts';
import type { Checker } from './checker.ts';
import { mayBeLost } from './lost-history.ts';

export const oneLockHolder: Checker = {
  id: 'K1',
  promise: 'a lock has one holder at a time, and each has a larger token',
  check: (evidence) => [...takeovers(evidence.history), ...answers(evidence), ...overlaps(evidence)],
};

function takeovers(history: readonly HistoryRow[]): string[] {
  const highest = new Map<string, number>();
  return history.flatMap(({ id, at, when, lock }) => {
    const after = lock?.after ?? null;
    if (after === null) return [];
    const before = lock?.before ?? null;
    const last = highest.get(id) ?? 0;
    highest.set(id, Math.max(last, after.token));
    if (after.hold === null || (after.hold === before?.hold && after.token === before.token)) return [];
    if (after.token <= last) return [`${id} was taken at ${when} with token ${after.token}, which was not new`];
    return before === null || isFree(before, at) ? [] : [`${id} was taken at ${when} from ${before.hold}, who held it`];
  });
}

/** A renewal that lies ahead of the clock was written before the clock stepped back. */
function isFree({ hold, renewedAt, ttlMs, sessionEndsAt }: LockFacts, now: number): boolean {
  const isOver = renewedAt + ttlMs <= now || renewedAt > now + ttlMs;
  return hold === null || isOver || (sessionEndsAt !== null && sessionEndsAt <= now);
}

/** What a holder was told is what the store had decided before. */
function answers({ history, lost, truth }: Evidence): string[] {
  const decided = new Map<string, number>();
  for (const { lock, when } of [...lost, ...history])
    if (typeof lock?.after?.hold === 'string') decided.set(`${lock.after.hold} ${lock.after.token}`, when);
  return truth.holds.flatMap(({ name, hold, token, heldFrom }) => {
    if (token === null || heldFrom === null) return [];
    const when = decided.get(`${hold} ${token}`);
    return when !== undefined && when <= heldFrom
      ? []
      : [`${name} was given to ${hold} with token ${token} at ${heldFrom}, which the store does not know`];
  });
}

interface Trust extends HoldRecord {
  from: number;
}

function overlaps(evidence: Evidence): string[] {
  const { history, truth, clock } = evidence;
  const forced = history.flatMap(({ event, when }) =>
    event?.action === 'lock.force-release' ? [{ id: `${event.namespace} ${event.subject}`, when }] : [],
  );
  const lawful = (one: HoldRecord, from: number, to: number): boolean =>
    clock.stepped(from - one.heldTo, to) ||
    mayBeLost(evidence, from, to) ||
    forced.some(({ id, when }) => id === `${one.namespace} ${one.name}` && when >= from && when <= to);
  const trusts = truth.holds
    .flatMap((one): Trust[] =>
      one.heldFrom === null || one.attemptId !== null || one.heldFrom >= one.heldTo
        ? []
        : [{ ...one, from: one.heldFrom }],
    )
    .toSorted((a, b) => a.from - b.from);
  return trusts.flatMap((one, index) => {
    const next = trusts.slice(index + 1).find((two) => two.namespace === one.namespace && two.name === one.name);
    if (next === undefined || next.from >= one.heldTo || lawful(one, one.from - trustSlackMs, one.heldTo)) return [];
    return [
      `${one.name} was held by ${one.holder} (token ${one.token}) to ${one.heldTo} and by ${next.holder} (token ${next.token}) from ${next.from}`,
    ];
  });
}

/** From the store's decision to the answer that a holder heard. */
const trustSlackMs = 20_000;
