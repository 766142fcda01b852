// The seven fields of a cron expression: their names, ranges, and what to say is expected in them.

export interface FieldSpec {
  readonly key: 'second' | 'minute' | 'hour' | 'day' | 'month' | 'weekday' | 'year';
  readonly title: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names: readonly string[];
  readonly expected: string;
}

/** As the wider range of days is not: H in this field is a day that every month has. */
export const hashedDayMax = 28;
export const firstYear = 1970;
export const lastYear = 2199;

export const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const;
export const weekdayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

const second: FieldSpec = { key: 'second', title: 'second', min: 0, max: 59, names: [], expected: '0-59' };
const minute: FieldSpec = { key: 'minute', title: 'minute', min: 0, max: 59, names: [], expected: '0-59' };
const hour: FieldSpec = { key: 'hour', title: 'hour', min: 0, max: 23, names: [], expected: '0-23' };
const day: FieldSpec = {
  key: 'day',
  title: 'day of month',
  min: 1,
  max: 31,
  names: [],
  expected: '1-31, L (last day), L-3, 15W (weekday nearest to the 15th) or LW (last weekday)',
};
const month: FieldSpec = {
  key: 'month',
  title: 'month',
  min: 1,
  max: 12,
  names: monthNames,
  expected: '1-12 or JAN-DEC',
};
const weekday: FieldSpec = {
  key: 'weekday',
  title: 'day of week',
  min: 0,
  max: 7,
  names: weekdayNames,
  expected: '0-7 (0 and 7 are Sunday) or SUN-SAT, 5#3 (third Friday) or 5L (last Friday)',
};
const year: FieldSpec = {
  key: 'year',
  title: 'year',
  min: firstYear,
  max: lastYear,
  names: [],
  expected: `${firstYear}-${lastYear}`,
};

/** Seconds first, year last; five and six fields leave out what is missing at the ends. */
export const allFields = [second, minute, hour, day, month, weekday, year] as const;

/** How many values the field can have. The two Sundays are one. */
export function sizeOf(spec: FieldSpec): number {
  return spec.key === 'weekday' ? 7 : spec.max - spec.min + 1;
}

/** The last value of `*` and of `5/15`. */
export function endOf(spec: FieldSpec): number {
  return spec.key === 'weekday' ? 6 : spec.max;
}
