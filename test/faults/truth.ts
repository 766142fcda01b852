// What really happened, as the workers wrote it: each process appends lines to a file of its own, with the host's time. The store is
// not asked, so it cannot be believed wrongly. A line is whole or was never finished, because a process was killed in it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `beat`: it still runs. */
export type Moment = 'start' | 'beat' | 'end';

export interface TruthLine {
  readonly kind: Moment;
  readonly run: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly job: string;
  /** ms since 1970, by the host. */
  readonly at: number;
  readonly fireAt: number | null;
  readonly pid: number;
  /** Of an end: whether it was told to stop. */
  readonly how?: 'done' | 'stopped';
}

/** One attempt as it was executed. */
export interface Execution {
  readonly run: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly job: string;
  readonly fireAt: number | null;
  readonly pid: number;
  readonly startedAt: number;
  /** Last sign of life: its end, or the last beat before it was killed. */
  readonly lastAt: number;
  readonly ended: 'done' | 'stopped' | null;
  /** More than one: the same attempt was executed again. */
  readonly starts: number;
}

export function readTruth(directory: string): Execution[] {
  const lines = new Map<string, TruthLine[]>();
  for (const name of readdirSync(directory)) {
    for (const text of readFileSync(join(directory, name), 'utf8').split('\n')) {
      const line = lineOf(text);
      if (line === null) continue;
      const same = lines.get(line.attemptId);
      if (same === undefined) lines.set(line.attemptId, [line]);
      else same.push(line);
    }
  }
  return [...lines.values()].flatMap((same) => executionOf(same) ?? []);
}

function lineOf(text: string): TruthLine | null {
  try {
    return text === '' ? null : (JSON.parse(text) as TruthLine);
  } catch {
    return null;
  }
}

function executionOf(lines: readonly TruthLine[]): Execution | null {
  const starts = lines.filter((line) => line.kind === 'start');
  const [first] = starts;
  if (first === undefined) return null;
  const end = lines.find((line) => line.kind === 'end');
  const { run, attempt, attemptId, job, fireAt, pid } = first;
  return {
    run,
    attempt,
    attemptId,
    job,
    fireAt,
    pid,
    startedAt: first.at,
    lastAt: Math.max(...lines.map((line) => line.at)),
    ended: end?.how ?? null,
    starts: starts.length,
  };
}
