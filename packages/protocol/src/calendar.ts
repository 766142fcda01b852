// A calendar: a named set of moments, such as public holidays or office hours. Schedules leave it out, or keep to it.
// The set is the union of all rules, minus `except`. China's working weekends are an `except` of the weekdays SAT and SUN.

import { z } from 'zod';
import { limits } from './limits.ts';
import { nameSchema, timeSchema } from './names.ts';

export const weekdays = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
export type Weekday = (typeof weekdays)[number];

const entries = <T extends z.ZodType>(entry: T) => z.array(entry).min(1).max(limits.calendarEntries).optional();

/** `2026-10-01`, or `12-25` for every year. */
const dateSchema = z
  .string()
  .regex(
    /^(?:\d{4}-)?(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
    'a date is written 2026-10-01, or 12-25 for every year',
  );
/** `22:00-06:00`: from the first on, before the second; 24:00 is the end of the day. A range that goes backwards passes midnight. */
const hoursSchema = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'hours are written 09:00-17:30');

const rules = {
  dates: entries(dateSchema),
  /** Both ends belong to the range. */
  ranges: entries(z.strictObject({ from: dateSchema, to: dateSchema })),
  weekdays: z.array(z.enum(weekdays)).min(1).max(7).optional(),
  /** On every day. */
  hours: entries(hoursSchema),
  /** Everything inside these calendars. */
  calendars: entries(nameSchema),
};

export const calendarDefinitionSchema = z
  .strictObject({
    name: nameSchema,
    description: z.string().max(2000).default(''),
    /** Whose days and hours these are; the schedule's own when absent. */
    timezone: z.string().min(1).max(64).optional(),
    ...rules,
    except: z.strictObject(rules).optional(),
  })
  .refine(
    ({ dates, ranges, weekdays: days, hours, calendars }) =>
      [dates, ranges, days, hours, calendars].some((rule) => rule !== undefined),
    'give at least one of dates, ranges, weekdays, hours, calendars',
  );
export type CalendarInput = z.input<typeof calendarDefinitionSchema>;
export type CalendarDefinition = z.output<typeof calendarDefinitionSchema>;

/** A calendar as the API shows it. The ETag is `"<version>"`. */
export const calendarViewSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  version: z.number().int(),
  definition: z.record(z.string(), z.unknown()),
  /** Schedules and calendars that use it, by name; the first ones. */
  usedBy: z.array(z.object({ kind: z.enum(['schedule', 'calendar']), name: z.string() })),
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type CalendarView = z.infer<typeof calendarViewSchema>;

const daySchema = z.iso.date();

/** An iCalendar file (RFC 5545) as a calendar. Its events are the set; recurring ones are written out from `from` on, before `to`. */
export const calendarImportSchema = z.strictObject({
  text: z.string().min(1).max(limits.calendarFileChars),
  description: z.string().max(2000).optional(),
  /** Of events with wall times of no zone; the calendar's own zone. */
  timezone: z.string().min(1).max(64).optional(),
  /** The first and the last day that recurring events are written out for; this year's first day and five years on when absent. */
  from: daySchema.optional(),
  to: daySchema.optional(),
  /** Answers with what would be stored, and stores nothing. */
  dryRun: z.boolean().default(false),
});
export type CalendarImport = z.input<typeof calendarImportSchema>;
/** Checked, with all defaults filled in. */
export type CalendarImportOrder = z.output<typeof calendarImportSchema>;

export const calendarImportedSchema = z.object({
  /** As it is stored now; null after a dry run. */
  calendar: calendarViewSchema.nullable(),
  definition: z.record(z.string(), z.unknown()),
  /** In the file, and how many of them were left out; `notes` says why, of the first ones. */
  events: z.number().int(),
  leftOut: z.number().int(),
  notes: z.array(z.object({ line: z.number().int(), detail: z.string() })),
});
export type CalendarImported = z.infer<typeof calendarImportedSchema>;

/** What of a day lies in a calendar, in the wall time of `timezone`. */
export const calendarDaySchema = z.object({
  date: z.string(),
  timezone: z.string(),
  inside: z.enum(['whole', 'partly', 'not']),
  /** Of a day that lies partly inside: from the first minute on, before the second; `24:00` is the end of the day. */
  hours: z.array(z.object({ from: z.string(), to: z.string() })),
});
export type CalendarDay = z.infer<typeof calendarDaySchema>;

export const calendarDaysQuerySchema = z.strictObject({
  from: daySchema,
  /** The last day, at most `limits.calendarDays` days with the first. */
  to: daySchema,
  /** Of a calendar without a zone of its own. */
  timezone: z.string().min(1).max(64).default('UTC'),
});
/** The days of a range that lie in a calendar, wholly or partly; the others are left out. */
export const calendarDaysSchema = z.object({
  timezone: z.string(),
  days: z.array(calendarDaySchema.omit({ timezone: true })),
});
export type CalendarDays = z.infer<typeof calendarDaysSchema>;
