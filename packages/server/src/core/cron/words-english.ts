// Says what an expression means in English.

import type { DayRule, DaySet, WeekdaySet } from './day-rule.ts';
import { clock, type Meaning, mondayFirst, spoken, type Times, withinHour } from './meaning.ts';

const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const marks = { to: ' to ', comma: ', ' };
const ordinals = ['first', 'second', 'third', 'fourth', 'fifth'];

export function english({ times, days, months, years }: Meaning): string {
  const when = timesSaid(times);
  const monthText = joined(spoken(months, (month) => monthNames[month - 1] ?? '', marks));
  const yearText = years.length === 0 ? '' : `in ${joined(spoken(years, String, marks))}`;
  const onDays = daysSaid(days, monthText);
  const tail = yearText === '' ? '' : `, ${yearText}`;
  if (times.kind !== 'at') return `${when}${onDays === '' ? '' : `, ${onDays}`}${tail}`;
  const capital = onDays === '' ? 'Every day' : (onDays[0] ?? '').toUpperCase() + onDays.slice(1);
  return `${capital} ${when}${tail}`;
}

function joined(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

function timesSaid(times: Times): string {
  const every = (step: number, unit: string) => (step === 1 ? `Every ${unit}` : `Every ${step} ${unit}s`);
  switch (times.kind) {
    case 'at':
      return `at ${joined(times.seconds.map(clock))}`;
    case 'between': {
      const span = `from ${clock(times.from * 3600)} to ${clock(times.to * 3600 + 3540)}`;
      return `${every(times.step, 'minute')} ${span}${times.start === 0 ? '' : `, first at ${withinHour(times.start * 60)}`}`;
    }
    case 'every': {
      const start = times.start === 0 ? '' : startSaid(times);
      const text = `${every(times.step, times.unit)}${start}`;
      if (times.at === 0) return text;
      return times.unit === 'hour' ? `${text} at ${withinHour(times.at)}` : `${text} at second ${times.at}`;
    }
    case 'fields': {
      const { seconds, minutes, hours } = times;
      const list = (unit: string, values: readonly number[]) =>
        `${unit}${values.length === 1 ? '' : 's'} ${joined(spoken(values, String, marks))}`;
      const parts: string[] = [];
      if (seconds === null) parts.push('every second');
      else if (seconds.length > 1 || seconds[0] !== 0) parts.push(list('second', seconds));
      parts.push(minutes === null ? 'every minute' : list('minute', minutes));
      parts.push(hours === null ? 'every hour' : list('hour', hours));
      return `At ${parts.join(' of ')}`;
    }
  }
}

function startSaid({ unit, start }: Extract<Times, { kind: 'every' }>): string {
  return unit === 'hour' ? `, first at ${clock(start * 3600).slice(0, 2)} o'clock,` : ` from ${unit} ${start} on`;
}

function daysSaid({ days, weekdays, join }: DayRule, monthText: string): string {
  const ofMonth = monthText === '' ? 'of the month' : `of ${monthText}`;
  const inMonth = monthText === '' ? '' : ` in ${monthText}`;
  if (days.any && weekdays.any) return monthText === '' ? '' : `every day in ${monthText}`;
  // Joined by "or", a field that allows every day makes the other one idle.
  if (join === 'or' && (days.any || weekdays.any)) return monthText === '' ? '' : `every day in ${monthText}`;
  const dates = days.any ? '' : `on ${datesSaid(days)} ${ofMonth}`;
  if (weekdays.any) return dates;
  if (days.any) return weekdaysSaid(weekdays, ofMonth, inMonth);
  if (join === 'and') return `${dates} if that is ${conditionSaid(weekdays)}`;
  return `${dates}, and also ${weekdaysSaid(weekdays, ofMonth, inMonth)}`;
}

function datesSaid({ values, fromEnd, nearWeekday }: DaySet): string {
  const parts: string[] = [];
  if (values.length > 0) {
    parts.push(`${values.length === 1 ? 'day' : 'days'} ${joined(spoken(values, String, marks))}`);
  }
  for (const back of fromEnd) parts.push(back === 0 ? 'the last day' : `the day ${back} before the last`);
  for (const near of nearWeekday) {
    parts.push(near === 'last' ? 'the last weekday' : `the weekday nearest to day ${near}`);
  }
  return joined(parts);
}

function weekdaysSaid({ values, nth }: WeekdaySet, ofMonth: string, inMonth: string): string {
  const parts: string[] = [];
  const text = values.join();
  if (text === '1,2,3,4,5') parts.push(`Monday to Friday${inMonth}`);
  else if (text === '0,6') parts.push(`Saturday and Sunday${inMonth}`);
  else if (values.length > 0) parts.push(`every ${namesOf(values)}${inMonth}`);
  if (nth.length > 0) parts.push(`on ${joined(nthsOf(nth))} ${ofMonth}`);
  return parts.join(' and ');
}

/** What a day must be: `a Monday or Friday`. */
function conditionSaid({ values, nth }: WeekdaySet): string {
  const parts: string[] = [];
  if (values.length > 0) parts.push(`a ${namesOf(values).replace(' and ', ' or ')}`);
  parts.push(...nthsOf(nth));
  return parts.join(' or ');
}

function namesOf(values: readonly number[]): string {
  return joined(mondayFirst(values).map((day) => dayNames[day] ?? ''));
}

function nthsOf(nth: WeekdaySet['nth']): string[] {
  return nth.map(({ weekday, nth: which }) => {
    const word = which === 'last' ? 'last' : (ordinals[which - 1] ?? '');
    return `the ${word} ${dayNames[weekday] ?? ''}`;
  });
}
