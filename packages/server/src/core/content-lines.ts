// Lines as iCalendar has them (RFC 5545 §3.1): `NAME;PARAMETER=value:value`, folded where a line begins with a space. Also its dates
// and durations. Faults carry the number of the line, from 1.

import { dayMs, dayNumber, daysInMonth } from './days.ts';

export interface ContentLine {
  /** In capitals, as are the names of parameters. */
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly value: string;
  readonly line: number;
}

export class LineFault extends Error {
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

/** Folded lines made whole, blank ones left out. */
export function unfolded(text: string): { text: string; line: number }[] {
  const whole: { text: string; line: number }[] = [];
  for (const [index, row] of text.split(/\r\n|\n|\r/).entries()) {
    const last = whole.at(-1);
    if (/^[ \t]/.test(row) && last !== undefined) last.text += row.slice(1);
    else if (row.trim() !== '') whole.push({ text: row.trimEnd(), line: index + 1 });
  }
  return whole;
}

/** Names are letters, digits and hyphens; values of parameters may stand in quotes, and then hold anything. */
const head = /^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):/;

export function contentLine({ text, line }: { text: string; line: number }): ContentLine {
  const match = head.exec(text);
  if (match === null) {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw new LineFault(line, `"${shown}" is not of the form NAME:value`);
  }
  const [whole, name = '', parameterText = ''] = match;
  const parameters = new Map<string, string>();
  for (const [, parameter = '', value = ''] of parameterText.matchAll(/;([A-Za-z0-9-]+)=((?:"[^"]*"|[^";])*)/g)) {
    parameters.set(parameter.toUpperCase(), value.replace(/^"([^"]*)"$/, '$1'));
  }
  return { name: name.toUpperCase(), parameters, value: text.slice(whole.length).trim(), line };
}

/** `date`: a whole day; `wall`: of a zone that stands elsewhere; `utc`: the wall time is that of UTC. */
export interface WrittenTime {
  readonly form: 'date' | 'wall' | 'utc';
  readonly wall: number;
}

/** `19970902`, `19970902T090000` or `19970902T090000Z`. Null when it is not so written, or no such day or time exists. */
export function writtenTime(text: string): WrittenTime | null {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/i.exec(text.trim());
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (year < 1000 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  // A leap second is the last second of its minute here: clocks of computers do not show it.
  if (hour > 23 || minute > 59 || second > 60) return null;
  const time = (hour * 3600 + minute * 60 + Math.min(second, 59)) * 1000;
  const form = match[4] === undefined ? 'date' : match[7] === '' ? 'wall' : 'utc';
  return { form, wall: dayNumber(year, month, day) * dayMs + time };
}

/** `P1D`, `PT1H30M`, `P2W`, in milliseconds; days and weeks are of 24 hours each. Null when it is not so written, or negative. */
export function writtenDuration(text: string): number | null {
  const match =
    /^\+?P(?=[\dT])(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?$/i.exec(
      text.trim(),
    );
  if (match === null) return null;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return (weeks * 7 + days) * dayMs + (hours * 3600 + minutes * 60 + seconds) * 1000;
}
