// For how long history is kept, what is held whatever the rules say, and how large the store is.

import { z } from 'zod';
import { durationSchema, formatDuration } from './duration.ts';
import { limits } from './limits.ts';
import { idSchema, nameSchema, timeSchema } from './names.ts';
import type { FinalState } from './states.ts';

/** What rules tell apart. A run that was lost failed; one that was skipped was canceled before it began. */
export const outcomes = ['succeeded', 'failed', 'canceled'] as const;
export type Outcome = (typeof outcomes)[number];

const outcomeOf: Readonly<Record<FinalState, Outcome>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  lost: 'failed',
  canceled: 'canceled',
  skipped: 'canceled',
};
export function outcomeOfState(state: FinalState): Outcome {
  return outcomeOf[state];
}

/** `forever`, or a duration: `30d`. */
export const keepSchema = z
  .union([z.literal('forever').transform(() => limits.keepForeverMs), durationSchema])
  .refine(
    (ms) => ms >= limits.keepLeastMs,
    'at least one day: repeated results and idempotency keys refer to finished runs',
  );

export function keepText(ms: number): string {
  return ms >= limits.keepForeverMs ? 'forever' : formatDuration(ms);
}

/** How long finished runs are kept, by outcome. What is absent follows the namespace, then the server's default. */
export const retentionSchema = z.strictObject({
  succeeded: keepSchema.optional(),
  failed: keepSchema.optional(),
  canceled: keepSchema.optional(),
});
export type Retention = z.output<typeof retentionSchema>;

const keepView = z.object({ succeeded: z.number().int(), failed: z.number().int(), canceled: z.number().int() });
export type Keep = z.infer<typeof keepView>;

/** Milliseconds. `namespace` and `jobs` hold only what was set. */
export const retentionViewSchema = z.object({
  default: keepView,
  namespace: keepView.partial(),
  jobs: z.array(z.object({ job: z.string(), keep: keepView.partial() })),
  holds: z.number().int(),
});
export type RetentionView = z.infer<typeof retentionViewSchema>;

/** One run, all runs of one job, or, with neither, the whole namespace. */
export const holdRequestSchema = z
  .strictObject({
    job: nameSchema.optional(),
    run: idSchema.optional(),
    reason: z.string().trim().min(1).max(limits.reasonChars),
  })
  .refine((hold) => hold.job === undefined || hold.run === undefined, 'give either a job or a run');
export type HoldRequest = z.output<typeof holdRequestSchema>;
export const releaseRequestSchema = z.strictObject({ reason: z.string().trim().min(1).max(limits.reasonChars) });

export const holdViewSchema = z.object({
  id: z.string(),
  what: z.enum(['namespace', 'job', 'run']),
  job: z.string().nullable(),
  run: z.string().nullable(),
  reason: z.string(),
  placedBy: z.string(),
  placedAt: timeSchema,
});
export type HoldView = z.infer<typeof holdViewSchema>;

const bytes = z.number().nonnegative();

export const retentionPassSchema = z.object({
  at: timeSchema,
  runs: z.number().int(),
  logChunks: z.number().int(),
  fires: z.number().int(),
  others: z.number().int(),
  /** Partitions of a day that were dropped, with all that was in them or after what had to stay was taken out. */
  partitions: z.number().int(),
});
export type RetentionPass = z.infer<typeof retentionPassSchema>;

export const spaceLevels = ['ok', 'filling', 'full'] as const;
export type SpaceLevel = (typeof spaceLevels)[number];

export const storeStatusSchema = z.object({
  at: timeSchema,
  engine: z.enum(['sqlite', 'postgres']),
  /** Without what is free for reuse inside, where the engine tells. */
  usedBytes: bytes,
  /** Inside, and written again before the store grows. */
  reusableBytes: bytes,
  /** What can still be written: of the budget or the disk, whichever ends first. Null: nobody has said, and it cannot be seen. */
  freeBytes: bytes.nullable(),
  /** `budget` or `disk`: what `freeBytes` is of. */
  freeOf: z.enum(['budget', 'disk']).nullable(),
  /** Below this, new runs are refused; below four times this, the status says so. */
  reserveBytes: bytes,
  level: z.enum(spaceLevels),
  /** Over the last days, as far as there are measurements; null before there are. */
  growthBytesPerDay: z.number().nullable(),
  /** When the reserve is reached at that rate; null when it is not growing, or nobody knows what is free. */
  fullAt: timeSchema.nullable(),
  tables: z.array(
    z.object({
      table: z.string(),
      bytes,
      /** As far as the engine's statistics know. */
      rows: z.number(),
      /** Room inside that is not in use, estimated. */
      bloatBytes: bytes,
      partitions: z.number().int(),
    }),
  ),
  /** SQLite is not asked for the size of each table, because that would read all of it: it is estimated from the newest rows. */
  estimated: z.boolean(),
  /** Fires before this are no longer kept; 0: all are. */
  ledgerFrom: timeSchema,
  /** Of the last pass of retention that removed something. */
  lastPass: retentionPassSchema.nullable(),
});
export type StoreStatus = z.infer<typeof storeStatusSchema>;
