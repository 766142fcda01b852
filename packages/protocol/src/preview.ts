// A look ahead: when a schedule fires, stored or only thought of, with what changes of the clock and calendars do to its times, the
// schedule in words, and what of it is allowed but seldom meant.

import { z } from 'zod';
import { calendarDefinitionSchema } from './calendar.ts';
import { limits } from './limits.ts';
import { timeSchema } from './names.ts';
import { scheduleSketchSchema, wordsSchema } from './schedule.ts';

const count = z.number().int().min(1).max(limits.pageItems);

export const storedPreviewQuerySchema = z.strictObject({
  count: z.coerce.number().pipe(count).default(10),
  /** Only times later than this; later than now when absent. */
  after: z.coerce.number().pipe(timeSchema).optional(),
});

export const previewRequestSchema = z
  .strictObject({
    schedule: scheduleSketchSchema.optional(),
    /** Instead of `schedule`: an expression and its zone, UTC when absent. */
    cron: z.string().min(1).max(limits.cronChars).optional(),
    timezone: z.string().min(1).max(64).optional(),
    /** Calendars that are not stored, or shall be thought of otherwise than stored. */
    calendars: z.array(calendarDefinitionSchema).max(limits.calendarsPerSchedule).optional(),
    count: count.default(10),
    after: timeSchema.optional(),
  })
  .refine(({ schedule, cron }) => (schedule === undefined) !== (cron === undefined), 'give either schedule or cron')
  .refine(({ schedule, timezone }) => schedule === undefined || timezone === undefined, {
    message: 'the zone of a schedule stands in the schedule',
    path: ['timezone'],
  });
export type PreviewRequest = z.input<typeof previewRequestSchema>;
/** Checked, with all defaults filled in. */
export type PreviewOrder = z.output<typeof previewRequestSchema>;

/**
 * gap: put to this instant because its own wall time does not exist on that day. repeated-first, repeated-second: the wall time shows
 * twice on that day. moved: put to this day by a calendar.
 */
export const fireMarks = ['gap', 'repeated-first', 'repeated-second', 'moved'] as const;
export type FireMark = (typeof fireMarks)[number];

const moment = { at: timeSchema, local: z.string() };

export const previewFireSchema = z.object({
  ...moment,
  marks: z.array(z.enum(fireMarks)),
  /** The time that a calendar took out and that became this one. */
  movedFrom: z.object(moment).optional(),
  /** When its run becomes due, where that differs from `at`: known for stored schedules only. */
  dueAt: timeSchema.optional(),
});
export type PreviewFire = z.infer<typeof previewFireSchema>;

/** Times one after the other that one calendar takes out. */
export const leftOutSchema = z.object({
  calendar: z.string(),
  first: z.object(moment),
  last: z.object(moment),
  count: z.number().int(),
  /** Where they are moved to; absent when they do not occur. */
  movedTo: z.object(moment).optional(),
});
export type LeftOut = z.infer<typeof leftOutSchema>;

export const scheduleWarningSchema = wordsSchema.extend({ code: z.string() });
export type ScheduleWarning = z.infer<typeof scheduleWarningSchema>;

export const previewSchema = z.object({
  /** `local` is the wall time of this zone, with its offset. */
  timezone: z.string(),
  words: wordsSchema,
  warnings: z.array(scheduleWarningSchema),
  fires: z.array(previewFireSchema),
  /** Among and, where no further fire comes, after `fires`. */
  leftOut: z.array(leftOutSchema),
  /** Not all that is left out was looked at. */
  leftOutMore: z.boolean(),
  /** Runs become due up to this many milliseconds after their time. */
  jitter: z.number().int(),
});
export type Preview = z.infer<typeof previewSchema>;
