// Values of options as typed on the command line, refused with what was expected before anything is done.

import { parseDuration } from '@tidewheel/protocol';
import { InvalidArgumentError } from 'commander';
import { UsageError } from './failure.ts';
import { readText } from './manifest-files.ts';
import type { Terminal } from './terminal.ts';
import { parseMoment } from './time-text.ts';

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  };
}

export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 500ms, 10s, 5m or 1h30m');
  return ms;
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** `key=value`, several times or separated by commas. */
export function labels(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const added = text.split(',').map((part): [string, string] => {
    const at = part.indexOf('=');
    if (at <= 0) throw new InvalidArgumentError('expected key=value');
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
  });
  return { ...before, ...Object.fromEntries(added) };
}

export function commaList(text: string, before: readonly string[] = []): string[] {
  return [
    ...before,
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}

export function momentOf(option: string, text: string | undefined, terminal: Terminal): number | undefined {
  if (text === undefined) return undefined;
  const at = parseMoment(text, terminal.nowMs(), parseDuration);
  if (at === null)
    throw new UsageError(
      `${option} is "${text}"; expected a time such as 2026-11-21T08:00:00+08:00, or 2h for two hours ago`,
    );
  return at;
}

/** JSON as written, `@file`, or `-` for standard input. */
export async function jsonValue(option: string, text: string | undefined, terminal: Terminal): Promise<unknown> {
  if (text === undefined) return undefined;
  const source = text === '-' ? await terminal.stdin() : text.startsWith('@') ? readText(text.slice(1)) : text;
  try {
    return JSON.parse(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option} is not JSON: ${reason}; write a text as '"text"', a file as @FILE`);
  }
}

/** A time to come: as it is written, the next one of a wall time such as 20:00 on this machine, or +2h from now. */
export function momentAhead(option: string, text: string, terminal: Terminal): number {
  const now = terminal.nowMs();
  const ahead = text.startsWith('+') ? parseDuration(text.slice(1)) : null;
  if (ahead !== null) return now + ahead;
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour !== undefined && minute !== undefined) {
    const next = new Date(now);
    next.setHours(Number(hour), Number(minute), 0, 0);
    if (next.getTime() <= now) next.setDate(next.getDate() + 1);
    return next.getTime();
  }
  const at = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UsageError(
    `${option} is "${text}"; expected a time such as 2026-12-01T20:00:00Z, 20:00, or +2h for in two hours`,
  );
}
