// What was, for replaying it against another policy: the runs of a pool's lanes in columns, page by page, and how long its workers were there.

import { z } from 'zod';
import { limits } from './limits.ts';
import { nameSchema, timeSchema } from './names.ts';

const range = {
  /** Runs made from here on, up to `to`. */
  from: z.coerce.number().int().min(0),
  to: z.coerce.number().int().min(0),
};
const isForward = ({ from, to }: { from: number; to: number }) => from < to;
const forward = { message: 'must be later than from', path: ['to'] };

export const replayQuerySchema = z.strictObject(range).refine(isForward, forward);

export const replayRunsQuerySchema = z
  .strictObject({
    ...range,
    cursor: z.string().max(500).optional(),
    /** Finished runs of the namespace that are looked at for one page. */
    limit: z.coerce.number().int().min(1).max(limits.replayRuns).default(limits.replayRuns),
  })
  .refine(isForward, forward);

/** Finished runs that had begun, one in each place of the columns. A page may be empty and not the last. */
export const replayRunsSchema = z.object({
  /** Lanes and jobs by which the columns `lane` and `job` count. */
  lanes: z.array(
    z.object({ id: z.string(), queue: nameSchema, handler: z.string(), selector: z.record(z.string(), z.string()) }),
  ),
  jobs: z.array(z.string()),
  /** When it was to begin; with retries, the last time. */
  dueAt: z.array(timeSchema),
  lane: z.array(z.number().int()),
  job: z.array(z.number().int()),
  waitMs: z.array(z.number()),
  durationMs: z.array(z.number()),
  /** 1: a schedule fired it, so a calendar knew of it. */
  foreseen: z.array(z.number().int()),
  nextCursor: z.string().nullable(),
});
export type ReplayRuns = z.infer<typeof replayRunsSchema>;

export const replayWorkersSchema = z.object({
  /** Time for which the pool's workers were registered, added up. */
  workerMs: z.number(),
  /** Workers at the beginning. */
  atStart: z.number().int(),
  /** Workers that ended before are not known any more. */
  knownFrom: timeSchema,
});
export type ReplayWorkers = z.infer<typeof replayWorkersSchema>;
