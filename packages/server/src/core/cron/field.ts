// Reads one field of a cron expression into the values that it allows. What only the two day fields know (L, W, #) is read in
// days.ts before it comes here.

import { CronFault, nearestName } from './fault.ts';
import { endOf, type FieldSpec, hashedDayMax, sizeOf } from './fields.ts';
import { cronHash } from './hash.ts';

/** A part of the expression and its place, from 0. */
export interface Piece {
  readonly text: string;
  readonly at: number;
}

export interface FieldValues {
  /** In order, each once; Sunday is 0. */
  readonly values: readonly number[];
  /** Vixie's rule for "every": the field begins with `*` (or is `?`). */
  readonly star: boolean;
}

/** The parts of a list, with their places. Empty ones are refused. */
export function listOf(field: Piece, spec: FieldSpec): Piece[] {
  const pieces: Piece[] = [];
  let at = field.at;
  for (const text of field.text.split(',')) {
    if (text === '') {
      const kept = field.text.replaceAll(/,{2,}/g, ',').replaceAll(/^,|,$/g, '');
      throw new CronFault(field.at, field.text, `a list with an empty place; expected ${spec.expected}`, kept || '*');
    }
    pieces.push({ text, at });
    at += text.length + 1;
  }
  return pieces;
}

export function readField(field: Piece, spec: FieldSpec, hashKey: string): FieldValues {
  return remembered(`${spec.key} ${field.text}`, () => readAnew(field, spec, hashKey));
}

/** What was read, by its text. A hundred thousand schedules share some hundreds of fields. Only saves memory and time. */
export function memoOf<Read>(most: number): (text: string, read: () => Read) => Read {
  const known = new Map<string, Read>();
  return (text, read) => {
    // What H chooses is the schedule's own.
    if (/[\s,+]H/i.test(text)) return read();
    let found = known.get(text);
    if (found === undefined) {
      found = read();
      if (known.size >= most) known.clear();
      known.set(text, found);
    }
    return found;
  };
}
const remembered = memoOf<FieldValues>(2000);

function readAnew(field: Piece, spec: FieldSpec, hashKey: string): FieldValues {
  const values = new Set<number>();
  for (const piece of listOf(field, spec)) for (const value of valuesOf(piece, spec, hashKey)) values.add(value);
  return { values: [...values].sort((a, b) => a - b), star: isStar(field.text) };
}

export function isStar(text: string): boolean {
  return text.startsWith('*') || text.startsWith('?');
}

/** One part of a list: `*`, `5`, `MON-FRI`, `22-3`, `H(0-29)`, each with or without a step. */
export function valuesOf(piece: Piece, spec: FieldSpec, hashKey: string): number[] {
  const { text, at } = piece;
  const slash = text.indexOf('/');
  const head = slash < 0 ? text : text.slice(0, slash);
  const step = slash < 0 ? null : stepOf({ text: text.slice(slash + 1), at: at + slash + 1 }, piece, head, spec);
  if (/^H/i.test(head)) return hashed({ text: head, at }, piece, spec, step, hashKey);
  if (head === '?') {
    if (spec.key === 'day' || spec.key === 'weekday') return every(spanOf(spec, spec.min, endOf(spec)), step ?? 1);
    throw new CronFault(at, text, `? stands only for a day; expected * or ${spec.expected}`, text.replace('?', '*'));
  }
  if (head === '*') return every(spanOf(spec, spec.min, endOf(spec)), step ?? 1);
  const range = rangeOf({ text: head, at }, spec);
  if (range === null) {
    const from = valueOf({ text: head, at }, spec);
    return step === null ? [from] : every(spanOf(spec, from, endOf(spec)), step);
  }
  return every(range, step ?? 1);
}

function stepOf(step: Piece, whole: Piece, head: string, spec: FieldSpec): number {
  const { text, at } = step;
  if (!/^\d+$/.test(text)) throw new CronFault(at, text, 'a step is a whole number, as in */5', '1');
  const size = Number(text);
  // `*/0`: without the step it is what a step of one would be.
  if (size === 0) throw new CronFault(whole.at, whole.text, 'a step of 0 goes nowhere; expected 1 or more', head);
  const most = sizeOf(spec);
  if (size > most) {
    const problem = `a step of ${text} is longer than the ${most} values of the field, so that only the first would be met`;
    const units: Record<string, string> = { second: 's', minute: 'm', hour: 'h', day: 'd' };
    const unit = units[spec.key];
    const advice = unit === undefined ? '' : `; for an interval write every: ${text}${unit} instead of cron`;
    throw new CronFault(whole.at, whole.text, `${problem}${advice}`, `${head}/${most}`);
  }
  return size;
}

/** `a-b`; null when the text is no range. Ranges that go backwards pass the end of the field, except for years. */
function rangeOf(piece: Piece, spec: FieldSpec): number[] | null {
  const { text, at } = piece;
  const dash = text.indexOf('-');
  if (dash < 0) return null;
  const ends = text.split('-');
  if (ends.length > 2 || ends.includes('')) {
    const kept = ends.filter((end) => end !== '').slice(0, 2);
    const problem = `no range; a range is two values, as in ${spec.names[1] ?? spec.min}-${spec.names[5] ?? spec.min + 5}`;
    throw new CronFault(at, text, problem, kept.join('-') || '*');
  }
  const from = valueOf({ text: text.slice(0, dash), at }, spec);
  const to = valueOf({ text: text.slice(dash + 1), at: at + dash + 1 }, spec, true);
  if (from > to && spec.key === 'year') {
    throw new CronFault(at, text, 'years do not come round again; expected the earlier one first', `${to}-${from}`);
  }
  // From Sunday to Sunday, both written as 7, is one day.
  if (spec.key === 'weekday' && text === '7-7') return [0];
  return spanOf(spec, from, to);
}

/** The values from `from` to `to`, past the end of the field where need be. */
function spanOf(spec: FieldSpec, from: number, to: number): number[] {
  const size = sizeOf(spec);
  const count = from <= to ? to - from + 1 : to - from + 1 + size;
  return Array.from({ length: Math.min(count, size) }, (_, index) => spec.min + ((from - spec.min + index) % size));
}

function every(span: readonly number[], step: number): number[] {
  return span.filter((_, index) => index % step === 0);
}

/** `asEnd`: the 7 of `5-7` stays 7, because there it is the Sunday after, not the one before. */
function valueOf(piece: Piece, spec: FieldSpec, asEnd = false): number {
  const { text, at } = piece;
  if (/^\d+$/.test(text)) {
    const value = Number(text);
    if (value >= spec.min && value <= spec.max) return value === 7 && spec.key === 'weekday' && !asEnd ? 0 : value;
    const side = value < spec.min ? `below ${spec.min}` : `above ${spec.max}`;
    // 60 and 24 are what comes after the last minute and hour: the next one's beginning.
    const beginsAnew = value === spec.max + 1 && spec.min === 0 && spec.key !== 'weekday';
    const near = beginsAnew ? spec.min : Math.max(spec.min, Math.min(endOf(spec), value));
    throw new CronFault(at, text, `${side}; expected ${spec.expected}`, String(near));
  }
  const index = spec.names.indexOf(text.toUpperCase());
  if (index >= 0) return spec.min + index;
  const near = nearestName(text, spec.names);
  const hint = 'or *, lists 1,2, ranges 1-5, steps */2';
  throw new CronFault(at, text, `not understood; expected ${spec.expected}, ${hint}`, near ?? '*');
}

/** `H`: one value of the range, chosen by the name; with a step, every so many from a beginning that the name chooses. */
function hashed(head: Piece, whole: Piece, spec: FieldSpec, step: number | null, hashKey: string): number[] {
  if (spec.key === 'year') throw new CronFault(whole.at, whole.text, 'H knows no years; expected a year', '*');
  const match = /^H(?:\(([^()]*)\))?$/i.exec(head.text);
  if (match === null) {
    throw new CronFault(head.at, head.text, 'expected H, H/15, H(0-29) or H(0-29)/10', 'H');
  }
  const inside = match[1];
  const last = spec.key === 'day' ? hashedDayMax : endOf(spec);
  const span = inside === undefined ? spanOf(spec, spec.min, last) : rangeOf({ text: inside, at: head.at + 2 }, spec);
  if (span === null) {
    const problem = 'H takes a range, as in H(0-29)';
    throw new CronFault(head.at, head.text, problem, 'H');
  }
  const hash = cronHash(hashKey, spec.key);
  if (step === null) return [span[hash % span.length] ?? spec.min];
  return every(span.slice(hash % Math.min(step, span.length)), step);
}
