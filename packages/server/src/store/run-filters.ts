// Turns the filters of a run list into walks: for each of the two tables, which index is walked in the order of ids, and what
// is left to check row by row.

import { finalStates, unfinishedStates, type RunState } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Param, Tx } from '../ports/database.ts';

export interface RunFilter {
  namespace: string;
  states?: readonly RunState[] | undefined;
  /** Ids of the jobs and schedules of the wanted name; those that were deleted and made anew are several. */
  jobIds?: readonly string[] | undefined;
  schedules?: readonly { id: string; jobId: string }[] | undefined;
  worker?: string | undefined;
  queue?: string | undefined;
  createdAfter?: number | undefined;
  createdBefore?: number | undefined;
}

export interface Walk {
  table: 'run' | 'run_archive';
  /** Conditions that an index answers in the order of ids. */
  indexed: string;
  /** Conditions that are checked row by row, null when there are none. */
  checked: string | null;
  params: Param[];
  /** How many of `params` belong to `indexed`. */
  indexedParams: number;
  /** What an index finds in another order than that of ids: worth it where few rows match. */
  narrow: Narrow | null;
}

export interface Narrow {
  /** With the one parameter's place, when it has one. */
  text: (param: string) => string;
  param: string | null;
}

class Conditions {
  readonly params: Param[] = [];
  readonly #texts: string[] = [];

  param(value: Param): string {
    return `$${this.params.push(value)}`;
  }

  list(values: readonly string[]): string {
    return `(${values.map((value) => this.param(value)).join(', ')})`;
  }

  add(text: string): void {
    this.#texts.push(text);
  }

  take(): string | null {
    const text = this.#texts.length === 0 ? null : this.#texts.join(' and ');
    this.#texts.length = 0;
    return text;
  }
}

/** Null when no unfinished run can match. */
export function hotWalk(filter: RunFilter, before: string | null): Walk | null {
  const states = statesOf(filter, unfinishedStates);
  if (states === null || matchesNothing(filter)) return null;
  const by = new Conditions();
  addIdRange(by, filter, before);
  // Running runs are few and often the oldest: their own index finds them at once. Of a worker only those count that it runs.
  const runningOnly = filter.worker !== undefined || (states.length === 1 && states[0] === 'running');
  if (runningOnly) by.add(`r.session_id >= '00000000-0000-0000-0000-000000000000'`);
  if (filter.worker !== undefined) {
    by.add(`r.session_id in (select s.id from session s where s.worker = ${by.param(filter.worker)})`);
  }
  if (filter.schedules !== undefined) by.add(`r.schedule_id in ${by.list(filter.schedules.map((one) => one.id))}`);
  if (filter.jobIds !== undefined) by.add(`r.job_id in ${by.list(filter.jobIds)}`);
  const narrow =
    runningOnly || filter.schedules !== undefined || filter.jobIds !== undefined ? null : narrowOf(filter, states);
  const indexed = by.take() ?? 'true';
  const indexedParams = by.params.length;
  by.add(`r.namespace = ${by.param(filter.namespace)}`);
  if (filter.states !== undefined) by.add(`r.state in ${by.list(states)}`);
  addCreated(by, filter);
  if (filter.queue !== undefined) addQueue(by, filter.namespace, filter.queue);
  return { table: 'run', indexed, checked: by.take(), params: by.params, indexedParams, narrow };
}

/** Null when no finished run can match. */
export function archiveWalk(tx: Tx, filter: RunFilter, before: string | null): Walk | null {
  const states = statesOf(filter, finalStates);
  if (states === null || matchesNothing(filter)) return null;
  const by = new Conditions();
  addIdRange(by, filter, before);
  const jobIds = filter.schedules?.map((one) => one.jobId) ?? filter.jobIds;
  const unsuccessful = filter.states !== undefined && !states.includes('succeeded');
  if (jobIds !== undefined) by.add(`r.job_id in ${by.list([...new Set(jobIds)])}`);
  else by.add(`r.namespace = ${by.param(filter.namespace)}`);
  if (unsuccessful && jobIds === undefined) by.add(`r.state <> 'succeeded'`);
  const indexed = by.take() ?? 'true';
  const indexedParams = by.params.length;
  if (filter.states !== undefined) by.add(`r.state in ${by.list(states)}`);
  if (filter.schedules !== undefined) by.add(`r.schedule_id in ${by.list(filter.schedules.map((one) => one.id))}`);
  if (filter.schedules !== undefined && filter.jobIds !== undefined) by.add(`r.job_id in ${by.list(filter.jobIds)}`);
  addCreated(by, filter);
  if (filter.queue !== undefined) addQueue(by, filter.namespace, filter.queue);
  if (filter.worker !== undefined) by.add(attemptedBy(tx, by, filter.worker));
  return { table: 'run_archive', indexed, checked: by.take(), params: by.params, indexedParams, narrow: null };
}

/** Scheduled runs have an index by due time; those of a namespace are found by its jobs. */
function narrowOf({ namespace }: RunFilter, states: readonly RunState[]): Narrow {
  if (states.length === 1 && states[0] === 'scheduled') return { text: () => `r.state = 'scheduled'`, param: null };
  const text = (param: string) => `r.job_id in (select j.id from job j where j.namespace = ${param})`;
  return { text, param: namespace };
}

function statesOf(filter: RunFilter, among: readonly RunState[]): RunState[] | null {
  const wanted = among.filter((state) => filter.states?.includes(state) ?? true);
  return wanted.length === 0 ? null : wanted;
}

/** A name that never existed: no row can match, and SQL has no empty list. */
function matchesNothing(filter: RunFilter): boolean {
  return filter.jobIds?.length === 0 || filter.schedules?.length === 0;
}

/**
 * Ids begin with the time at which the run was made, or its nominal fire time, so times bound the range of ids; the bounds
 * leave room for clocks that differ and for fires that were made up for late. The exact time is checked besides.
 */
function addIdRange(by: Conditions, filter: RunFilter, before: string | null): void {
  if (before !== null) by.add(`r.id < ${by.param(before)}`);
  if (filter.createdBefore !== undefined)
    by.add(`r.id < ${by.param(firstIdAt(filter.createdBefore + serverLimits.idAheadMs))}`);
  if (filter.createdAfter !== undefined)
    by.add(`r.id >= ${by.param(firstIdAt(filter.createdAfter - serverLimits.idBehindMs))}`);
}

function addCreated(by: Conditions, filter: RunFilter): void {
  if (filter.createdAfter !== undefined) by.add(`r.created_at >= ${by.param(filter.createdAfter)}`);
  if (filter.createdBefore !== undefined) by.add(`r.created_at < ${by.param(filter.createdBefore)}`);
}

function addQueue(by: Conditions, namespace: string, queue: string): void {
  by.add(
    `r.lane_id in (select l.id from lane l where l.namespace = ${by.param(namespace)} and l.queue = ${by.param(queue)})`,
  );
}

/** Quotes inside JSON strings are escaped, so this text can only be the attempt's own field. */
function attemptedBy(tx: Tx, by: Conditions, worker: string): string {
  const find = tx.dialect.engine === 'sqlite' ? 'instr' : 'strpos';
  return `${find}(r.attempts, ${by.param(`"worker":${JSON.stringify(worker)}`)}) > 0`;
}

function firstIdAt(ms: number): string {
  const hex = Math.min(Math.max(0, Math.trunc(ms)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Jobs of that name, the living one and the newest of those that were deleted. */
export async function jobIdsNamed(tx: Tx, namespace: string, name: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    'select id from job where namespace = $1 and name = $2 order by id desc limit 20',
    [namespace, name],
  );
  return rows.map((row) => row.id);
}

export async function schedulesNamed(
  tx: Tx,
  namespace: string,
  name: string,
): Promise<{ id: string; jobId: string }[]> {
  return tx.query<{ id: string; jobId: string }>(
    'select id, job_id as "jobId" from schedule where namespace = $1 and name = $2 order by id desc limit 20',
    [namespace, name],
  );
}
