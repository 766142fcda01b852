// S5. What fences and what was decided never goes back: cursors of schedules, terms of leaders and their tokens (of one origin),
// tokens of lease rows and of users' locks.

import type { HistoryRow } from '../history.ts';
import type { Checker } from './checker.ts';

export const onlyGrowing: Checker = {
  id: 'S5',
  promise: 'cursors, terms and tokens never go down',
  check({ history }) {
    const lockTokens = new Map<string, number>();
    return history.flatMap((row) => faultOf(row, lockTokens) ?? []);
  },
};

function faultOf({ id, cursor, term, token, lock }: HistoryRow, lockTokens: Map<string, number>): string | null {
  if (cursor !== null && cursor.after < cursor.before) return `the cursor of ${id} went back`;
  if (token !== null && token.after < token.before)
    return `the lease ${id} has token ${token.after} after ${token.before}`;
  if (term !== null) {
    const { before, after } = term;
    if (after.term < before.term) return `term ${after.term} came after ${before.term}`;
    // A restore lets the terms jump, and nobody leads then.
    if (after.term > before.term && after.masterId === null) return null;
    const begins = after.term > before.term;
    if (begins && after.origin === before.origin && after.token <= before.token)
      return `term ${after.term} began with token ${after.token} of ${after.origin} after ${before.token}`;
    if (!begins && (after.token !== before.token || after.origin !== before.origin))
      return `term ${after.term} changed its token`;
  }
  const { after: lockNow } = lock ?? { after: null };
  if (lockNow !== null) {
    const last = lockTokens.get(id) ?? 0;
    lockTokens.set(id, lockNow.token);
    if (lockNow.token < last) return `the lock ${id} has token ${lockNow.token} after ${last}`;
  }
  return null;
}
