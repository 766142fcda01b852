// K2. A lock of somebody who is gone is free when its life is over, or when the worker that it was bound to is: whoever waits for it
// then gets it.

import type { Evidence } from '../evidence.ts';
import type { LastAskRecord } from '../ground-truth.ts';
import type { Checker } from './checker.ts';

/** From the end of a lock to the answer of whoever waits for it: polls, sweeps, repeated asking. */
const slackMs = 8000;
/** Until masters are there again after healing. */
const backMs = 14_000;

export const freedLocks: Checker = {
  id: 'K2',
  promise: 'the lock of a holder that is gone is free in time',
  check(evidence) {
    return evidence.truth.lastAsks.flatMap((ask) => {
      const until = ask.gotAt ?? ask.gaveUpAt ?? evidence.endedAt;
      const bound = boundOf(evidence, ask, until);
      return until <= bound
        ? []
        : [
            `${ask.name} of ${ask.namespace}, asked for since ${ask.askedAt}, was not free until ${until}, but should by ${bound}`,
          ];
    });
  },
};

/** What the last one before held: perhaps by a request that was on its way when it died, or waited at a master. */
function boundOf({ history, healedAt }: Evidence, ask: LastAskRecord, until: number): number {
  const id = `${ask.namespace} ${ask.name}`;
  const last = history.findLast(
    (row) =>
      row.id === id &&
      row.when <= until &&
      typeof row.lock?.after?.hold === 'string' &&
      row.lock.after.hold !== ask.hold,
  );
  const held = last?.lock?.after ?? null;
  if (last === undefined || held === null) return healedAt + backMs + slackMs;
  // It may have been renewed once more by a request that was on its way.
  const ownEnd = Math.max(last.when, ask.askedAt) + 2 * held.ttlMs;
  const dead = history.find((row) => row.id === held.sessionId && row.session?.after === 'dead');
  const end = dead === undefined ? ownEnd : Math.min(ownEnd, dead.when);
  return Math.max(end, healedAt + backMs) + slackMs;
}
