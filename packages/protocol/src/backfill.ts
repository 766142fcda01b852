// A backfill: runs for the nominal times of a schedule in a range of the past, made at a rate, with progress, and to be canceled.
// They leave the fire ledger alone: it tells what the scheduler did when it was time.

import { z } from 'zod';
import { limits } from './limits.ts';
import { timeSchema } from './names.ts';

const instantSchema = z.union([z.iso.datetime({ offset: true }), timeSchema]);

export const backfillRequestSchema = z.strictObject({
  /** Nominal times from `from` on and before `to`. */
  from: instantSchema,
  to: instantSchema,
  /** Runs of this backfill that may be unfinished at once. */
  active: z.number().int().min(1).max(limits.backfillActive).default(1),
  /** Runs made per minute; no bound besides `active` when absent. */
  rate: z.number().int().min(1).max(60_000).optional(),
  /** newest: the last nominal time first. */
  order: z.enum(['oldest', 'newest']).default('oldest'),
  /** Leaves out nominal times that have a run which succeeded. */
  missingOnly: z.boolean().default(false),
  payload: z.unknown().optional(),
  reason: z.string().max(limits.reasonChars).default(''),
  /** Counts and shows the first times, makes nothing. */
  dryRun: z.boolean().default(false),
});
export type BackfillRequest = z.input<typeof backfillRequestSchema>;
/** Checked, with all defaults filled in. */
export type BackfillOrder = z.output<typeof backfillRequestSchema>;

export const backfillCancelSchema = z.strictObject({
  reason: z.string().max(limits.reasonChars).default(''),
  /** Its unfinished runs too; those that wait end at once, those that run are asked to stop. */
  runs: z.boolean().default(false),
});

export const backfillStates = ['running', 'done', 'canceled'] as const;
export type BackfillState = (typeof backfillStates)[number];

export const backfillViewSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  schedule: z.string(),
  job: z.string(),
  state: z.enum(backfillStates),
  from: timeSchema,
  to: timeSchema,
  active: z.number().int(),
  rate: z.number().int().nullable(),
  order: z.enum(['oldest', 'newest']),
  missingOnly: z.boolean(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: timeSchema,
  finishedAt: timeSchema.nullable(),
  /** Nominal times in the range; those decided so far, of which left out; runs by what became of them. */
  total: z.number().int(),
  decided: z.number().int(),
  leftOut: z.number().int(),
  unfinished: z.number().int(),
  succeeded: z.number().int(),
  unsuccessful: z.number().int(),
});
export type BackfillView = z.infer<typeof backfillViewSchema>;

export const backfillPreviewSchema = z.object({
  schedule: z.string(),
  /** Nominal times of the range; with `missingOnly`, those that have succeeded are still counted here. */
  total: z.number().int(),
  /** The first ones, in the order in which they would be made. */
  fires: z.array(z.object({ at: timeSchema, local: z.string() })),
});
export type BackfillPreview = z.infer<typeof backfillPreviewSchema>;
