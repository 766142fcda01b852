// The calendar of coming fires: how many nominal times lie ahead, in equal buckets of time, how much work they bring by what their
// jobs usually take, and where that is more than the workers of now can do.

import { z } from 'zod';
import { limits } from './limits.ts';
import { timeSchema } from './names.ts';

const count = z.number().int();

export const comingFiresQuerySchema = z.strictObject({
  /** From now on when absent. */
  from: z.coerce.number().int().min(0).optional(),
  /** One day later than `from` when absent; at most `limits.comingFiresRangeMs` later. */
  to: z.coerce.number().int().min(0).optional(),
  /** Milliseconds of one bucket; chosen by the range when absent. */
  bucket: z.coerce.number().int().min(60_000).max(86_400_000).optional(),
});

export const comingBucketSchema = z.object({
  at: timeSchema,
  fires: count,
  /** The most fires on one second. */
  peak: count,
  /** Work that begins in this bucket, in milliseconds of one slot. */
  workMs: count,
  /** Slots that are needed, by the work that begins or still goes on, over the slots there are; null without workers. */
  load: z.number().nullable(),
  /** The schedules with the most work here, the largest first. */
  top: z.array(z.object({ schedule: z.string(), job: z.string(), fires: count, workMs: count })),
});
export type ComingBucket = z.infer<typeof comingBucketSchema>;

export const comingFiresSchema = z.object({
  from: timeSchema,
  to: timeSchema,
  bucketMs: count,
  schedules: count,
  fires: count,
  /** Slots of the workers that are there now. */
  slots: count,
  /** Schedules with so many fires that the later ones are extrapolated from the first, by name; the first names only. */
  estimated: z.array(z.string()),
  /** Not all schedules were looked at, because there are more than one answer takes. */
  truncated: z.boolean(),
  buckets: z.array(comingBucketSchema).max(limits.comingBuckets),
});
export type ComingFires = z.infer<typeof comingFiresSchema>;
