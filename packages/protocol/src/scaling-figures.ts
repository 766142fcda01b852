// What scalers outside of Tidewheel are told about a pool, or about a queue for which no pool is declared: flat numbers, so that a path of one
// word finds each.

import { z } from 'zod';

export const scalingFiguresSchema = z.object({
  /** How many workers there are to be. */
  wantedWorkers: z.number().int(),
  /** Where the number comes from: the leader's last decision for the pool, or only what waits and runs now. */
  basis: z.enum(['decision', 'backlog']),
  liveWorkers: z.number().int(),
  drainingWorkers: z.number().int(),
  /** Of the live workers. */
  slots: z.number().int(),
  busySlots: z.number().int(),
  waitingRuns: z.number().int(),
  /** Seconds of one slot, by the usual length of the runs that wait. */
  waitingWorkSeconds: z.number(),
  oldestWaitSeconds: z.number(),
  runningRuns: z.number().int(),
});
export type ScalingFigures = z.infer<typeof scalingFiguresSchema>;
