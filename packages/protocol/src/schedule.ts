// A schedule: when a job runs. Exactly one of cron, every, at, in.

import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { limits } from './limits.ts';
import { nameSchema, timeSchema } from './names.ts';
import { fireOutcomes } from './states.ts';

export const overlapPolicies = ['allow', 'skip'] as const;
export const misfirePolicies = ['skip', 'last', 'all'] as const;

/** What to do with nominal times that passed while no master could fire them. */
export const misfireSchema = z.strictObject({
  /** skip: none of them; last: the newest within the window; all: each within the window, newest `max` of them. */
  policy: z.enum(misfirePolicies).default('last'),
  /** Lateness up to which a fire is still made up for. */
  window: durationSchema.default(3_600_000),
  max: z.number().int().min(1).max(1000).default(100),
  /** Later than this counts as missed; below it a fire is merely late. */
  grace: durationSchema.default(60_000),
});

export const scheduleDefinitionSchema = z
  .strictObject({
    name: nameSchema,
    /** 5 or 6 fields (seconds first), names, ranges, steps, L, #, @daily and the like. */
    cron: z.string().min(1).max(500).optional(),
    timezone: z.string().min(1).max(64).default('UTC'),
    /** Fixed rate from the moment of creation. */
    every: durationSchema.pipe(z.number().int().min(1000, 'at least 1s')).optional(),
    /** One shot at an instant: ISO 8601 with offset, or milliseconds. */
    at: z.union([z.iso.datetime({ offset: true }), timeSchema]).optional(),
    /** One shot this long after the schedule was created. */
    in: durationSchema.optional(),
    overlap: z.enum(overlapPolicies).default('allow'),
    misfire: misfireSchema.prefault({}),
    paused: z.boolean().default(false),
    payload: z.unknown().optional(),
    description: z.string().max(2000).default(''),
  })
  .superRefine((schedule, context) => {
    const given = [schedule.cron, schedule.every, schedule.at, schedule.in].filter((spec) => spec !== undefined).length;
    if (given !== 1) context.addIssue({ code: 'custom', message: 'give exactly one of cron, every, at, in', path: [] });
  });
export type ScheduleInput = z.input<typeof scheduleDefinitionSchema>;
export type ScheduleDefinition = z.output<typeof scheduleDefinitionSchema>;

export const scheduleViewSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  name: z.string(),
  job: z.string(),
  version: z.number().int(),
  definition: z.record(z.string(), z.unknown()),
  /** enabled: has a next fire. paused: by a person, with a reason. finished: no fire will come any more. */
  state: z.enum(['enabled', 'paused', 'finished']),
  pausedReason: z.string().nullable(),
  pausedBy: z.string().nullable(),
  nextFireAt: timeSchema.nullable(),
  lastFireAt: timeSchema.nullable(),
  lastRunState: z.string().nullable(),
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type ScheduleView = z.infer<typeof scheduleViewSchema>;

export const fireViewSchema = z.object({
  fireAt: timeSchema,
  outcome: z.enum(fireOutcomes),
  reason: z.string().nullable(),
  runId: z.string().nullable(),
  decidedAt: timeSchema,
});
export type FireView = z.infer<typeof fireViewSchema>;

export const previewRequestSchema = z.strictObject({
  cron: z.string().min(1).max(500),
  timezone: z.string().min(1).max(64).default('UTC'),
  count: z.number().int().min(1).max(limits.pageItems).default(10),
  after: timeSchema.optional(),
});
export const previewSchema = z.object({
  timezone: z.string(),
  fires: z.array(z.object({ at: timeSchema, local: z.string() })),
});
export type Preview = z.infer<typeof previewSchema>;

export const pauseRequestSchema = z.strictObject({ reason: z.string().min(1).max(limits.reasonChars) });
