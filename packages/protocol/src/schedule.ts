// A schedule: when a job runs. Exactly one of cron, every, at, in, delay, rrule, or several triggers as `times`.
// Fields added after the first release are optional without a default, so that stored definitions stay what they are.

import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { limits } from './limits.ts';
import { nameSchema, timeSchema } from './names.ts';
import { fireOutcomes } from './states.ts';

/** What a fire does while the previous run of the schedule has not ended. */
export const overlapPolicies = [
  /** Runs beside it. */
  'allow',
  /** Is skipped. */
  'skip',
  /** Waits for its end; one may wait, further ones are skipped. */
  'buffer-one',
  /** Waits for the end of all before it, in order. */
  'buffer-all',
  /** Cancels it, as a person would, and starts when it has ended. Those that still wait give way to the newest. */
  'cancel-previous',
  /** As `cancel-previous`, but kills at once, without the grace of `timeout.kill`. */
  'kill-previous',
] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];
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
  /** Made-up runs of this schedule per minute, besides the budget that all schedules share. No bound of its own when absent. */
  rate: z.number().int().min(1).max(60_000).optional(),
});

/**
 * Wall times that a change of the clock skips or repeats. An expression is fixed when neither its second, minute nor hour begins
 * with `*`; all others follow the wall clock as Vixie cron has it. Interval schedules know no wall clock.
 */
export const dstSchema = z.strictObject({
  /** Of fixed expressions: after: at the first instant after the gap; before: at the last minute (second) before it; skip: not at all. */
  gap: z.enum(['skip', 'after', 'before']).optional(),
  /** once: fixed expressions the first time, others both; first, last, both: every expression. */
  overlap: z.enum(['once', 'first', 'last', 'both']).optional(),
});
export type DstRules = z.output<typeof dstSchema>;
export const dstDefaults = { gap: 'after', overlap: 'once' } as const;

const instantSchema = z.union([z.iso.datetime({ offset: true }), timeSchema]);
const intervalSchema = durationSchema.pipe(z.number().int().min(1000, 'at least 1s'));
const timezoneSchema = z.string().min(1).max(64);

const triggerFields = {
  /** 5 fields, 6 (seconds first) or 7 (year last); names, ranges, steps, L, L-3, W, LW, #, H, @daily and the like. */
  cron: z.string().min(1).max(limits.cronChars).optional(),
  /** Fixed rate, from `anchor` or else from the moment of creation. */
  every: intervalSchema.optional(),
  anchor: instantSchema.optional(),
  /** One shot at an instant: ISO 8601 with offset, or milliseconds. */
  at: instantSchema.optional(),
  /** RFC 5545 recurrence: the value of RRULE, with DTSTART before it on a line of its own where it matters. */
  rrule: z.string().min(1).max(limits.rruleChars).optional(),
};

/** One of several triggers that a schedule combines. Times of two that fall together are one. */
const combinedTriggerSchema = z
  .strictObject({ ...triggerFields, timezone: timezoneSchema.optional() })
  .superRefine((trigger, context) => exactlyOne(trigger, ['cron', 'every', 'at', 'rrule'], context));
export type CombinedTrigger = z.output<typeof combinedTriggerSchema>;

const calendarNames = z.union([
  nameSchema.transform((name) => [name]),
  z.array(nameSchema).min(1).max(limits.calendarsPerSchedule),
]);

/** Times that calendars take out. Days are those of the schedule's zone, unless a calendar has its own. */
export const scheduleCalendarSchema = z
  .strictObject({
    /** No times inside any of these calendars. */
    exclude: calendarNames.optional(),
    /** Only times inside one of these calendars. */
    only: calendarNames.optional(),
    /** A time that is taken out: skip: does not occur; next, previous: the same wall time on the nearest day that remains. */
    move: z.enum(['skip', 'next', 'previous']).optional(),
  })
  .refine((rule) => rule.exclude !== undefined || rule.only !== undefined, 'give exclude, only, or both');

const scheduleFields = {
  name: nameSchema,
  ...triggerFields,
  timezone: timezoneSchema.default('UTC'),
  /** One shot this long after the schedule was created. */
  in: durationSchema.optional(),
  /** Fixed delay: this long after the previous run of this schedule has ended. */
  delay: intervalSchema.optional(),
  /** Several triggers instead of one. */
  times: z.array(combinedTriggerSchema).min(1).max(limits.triggersPerSchedule).optional(),
  dst: dstSchema.optional(),
  calendar: scheduleCalendarSchema.optional(),
  /** Nominal times before `start` or after `end` do not occur. */
  start: instantSchema.optional(),
  end: instantSchema.optional(),
  /** At most so many nominal times, from `start` or else from the moment of creation. */
  count: z.number().int().min(1).max(limits.scheduleCount).optional(),
  /** Runs become due up to this much after their nominal time; how much depends on schedule and time alone. */
  jitter: durationSchema.pipe(z.number().int().max(limits.jitterMs, 'at most one day')).optional(),
  overlap: z.enum(overlapPolicies).default('allow'),
  misfire: misfireSchema.prefault({}),
  paused: z.boolean().default(false),
  payload: z.unknown().optional(),
  description: z.string().max(2000).default(''),
};
const kindsOfTimes = ['cron', 'every', 'at', 'in', 'delay', 'rrule', 'times'] as const;

export const scheduleDefinitionSchema = z
  .strictObject(scheduleFields)
  .superRefine((schedule, context) => exactlyOne(schedule, kindsOfTimes, context));
export type ScheduleInput = z.input<typeof scheduleDefinitionSchema>;
export type ScheduleDefinition = z.output<typeof scheduleDefinitionSchema>;

/** A schedule that is only thought of. Its name matters where `H` stands in an expression. */
export const scheduleSketchSchema = z
  .strictObject({ ...scheduleFields, name: nameSchema.optional() })
  .superRefine((schedule, context) => exactlyOne(schedule, kindsOfTimes, context));
export type ScheduleSketch = z.output<typeof scheduleSketchSchema>;

/** The same said in each language. */
export const wordsSchema = z.object({ en: z.string(), zh: z.string() });
export type Words = z.infer<typeof wordsSchema>;

function exactlyOne<T extends object>(value: T, keys: readonly (keyof T & string)[], context: z.RefinementCtx): void {
  const given = keys.filter((key) => value[key] !== undefined).length;
  if (given !== 1) context.addIssue({ code: 'custom', message: `give exactly one of ${keys.join(', ')}`, path: [] });
  const { every, anchor } = value as { every?: unknown; anchor?: unknown };
  if (anchor !== undefined && every === undefined) {
    context.addIssue({ code: 'custom', message: 'an anchor belongs to `every`', path: ['anchor'] });
  }
}

export const scheduleViewSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  name: z.string(),
  job: z.string(),
  version: z.number().int(),
  definition: z.record(z.string(), z.unknown()),
  /** When it fires, in words. */
  words: wordsSchema.optional(),
  /** enabled: has a next fire, or a fixed delay whose run goes on. paused: by a person, with a reason. finished: no fire will come any more. */
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
  /** Of the run, as long as it is kept: its state, when it became due, and when its first attempt began. */
  runState: z.string().nullable().optional(),
  dueAt: timeSchema.nullable().optional(),
  startedAt: timeSchema.nullable().optional(),
});
export type FireView = z.infer<typeof fireViewSchema>;

export const pauseRequestSchema = z.strictObject({ reason: z.string().min(1).max(limits.reasonChars) });
