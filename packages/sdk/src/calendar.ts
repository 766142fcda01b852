// A calendar, in code: a named set of moments that schedules leave out or keep to. It is registered together with the tasks.

import { type CalendarInput, calendarDefinitionSchema, faultsOf, Refusal } from '@tidewheel/protocol';

/** `dates`, `ranges`, `weekdays`, `hours`, nested `calendars`; less what `except` says. */
export type CalendarOptions = Omit<CalendarInput, 'name'> & {
  /** A stable name, unique in the namespace. */
  id: string;
};

const brand = Symbol.for('tidewheel.calendar');

export interface Calendar {
  readonly id: string;
  readonly definition: CalendarInput;
  readonly [brand]: true;
}

/** Throws a Refusal at once when the definition is invalid. */
export function calendar({ id, ...rules }: CalendarOptions): Calendar {
  const definition: CalendarInput = { ...rules, name: id };
  const parsed = calendarDefinitionSchema.safeParse(definition);
  if (!parsed.success) {
    throw new Refusal('VALIDATION_FAILED', `the calendar "${id}" is not well defined`, {
      faults: faultsOf(parsed.error.issues),
    });
  }
  return { id, definition, [brand]: true };
}

export function isCalendar(value: unknown): value is Calendar {
  return typeof value === 'object' && value !== null && brand in value;
}
