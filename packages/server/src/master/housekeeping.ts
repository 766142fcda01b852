// The leader's duty to forget what nobody needs any more: expired idempotency keys, sessions that ended long ago. Slowly, in
// bounded portions.

import { serverLimits } from '../core/limits.ts';
import { idempotencyForget } from '../store/runs-submit.ts';
import { sessionsForget } from '../store/sessions.ts';
import type { MasterSettings } from './deps.ts';
import type { Duty } from './leader-duties.ts';

const restMs = 60_000;
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
        ),
      );
      return most === serverLimits.promoteRuns ? pauseMs : restMs;
    },
  };
}
