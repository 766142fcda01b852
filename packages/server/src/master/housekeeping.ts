// The leader's duty to forget what nobody needs any more: expired idempotency keys, sessions that ended long ago, locks
// that nobody holds, the ledgers of backfills as far as their runs are gone. Slowly, in bounded portions.

import { serverLimits } from '../core/limits.ts';
import { backfillFiresForget, type LedgerPlace } from '../store/backfill-runs.ts';
import { locksForget } from '../store/locks.ts';
import { idempotencyForget } from '../store/runs-submit.ts';
import { sessionsForget } from '../store/sessions.ts';
import type { MasterSettings } from './deps.ts';
import type { Duty } from './duty.ts';

const restMs = 60_000;
/** How long a free lock stays in the lists. */
const lockKeepMs = 600_000;
/** How long the ledger of a backfill stays whole after its end. */
const backfillKeepMs = 7 * 86_400_000;
/** Between two portions while there is more. */
const pauseMs = 100;

export function housekeeping(settings: Pick<MasterSettings, 'sessionKeepMs'>): Duty {
  return {
    name: 'housekeeping',
    begin: (leader) => {
      // Rows that stay are looked at again and again, a portion each minute: there may be as many as runs.
      let after: LedgerPlace | null = null;
      return async () => {
        const max = serverLimits.promoteRuns;
        const most = await leader.transaction(async (tx) => {
          const { forgotten, next } = await backfillFiresForget(tx, backfillKeepMs, { after, max });
          after = next;
          return Math.max(
            forgotten,
            await idempotencyForget(tx, max),
            await sessionsForget(tx, settings.sessionKeepMs, max),
            await locksForget(tx, lockKeepMs, max),
          );
        });
        return most === max ? pauseMs : restMs;
      };
    },
  };
}
