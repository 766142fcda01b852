// The leader's duty to forget what nobody needs any more: expired idempotency keys, sessions that ended long ago, locks
// that nobody holds. Slowly, in bounded portions.

import { serverLimits } from '../core/limits.ts';
import { locksForget } from '../store/locks.ts';
import { idempotencyForget } from '../store/runs-submit.ts';
import { sessionsForget } from '../store/sessions.ts';
import type { MasterSettings } from './deps.ts';
import type { Duty } from './duty.ts';

const restMs = 60_000;
/** How long a free lock stays in the lists. */
const lockKeepMs = 600_000;
/** Between two portions while there is more. */
const pauseMs = 100;

export function housekeeping(settings: Pick<MasterSettings, 'sessionKeepMs'>): Duty {
  return {
    name: 'housekeeping',
    begin: (leader) => async () => {
      const most = await leader.transaction(async (tx) =>
        Math.max(
          await idempotencyForget(tx, serverLimits.promoteRuns),
          await sessionsForget(tx, settings.sessionKeepMs, serverLimits.promoteRuns),
          await locksForget(tx, lockKeepMs, serverLimits.promoteRuns),
        ),
      );
      return most === serverLimits.promoteRuns ? pauseMs : restMs;
    },
  };
}
