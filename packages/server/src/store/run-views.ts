// What people read of runs: pages, newest first, and single runs. Unfinished runs are in one table, finished ones in another;
// a page merges both. Names come from the definition cache, so a page costs two statements whatever its length.
//
// Rows are walked in the order of ids along an index; what no index covers is checked row by row, and a page looks at a
// bounded number of rows: it may come back short, or empty, with a key that goes on where it stopped.

import type { AttemptView, RunError, RunState, RunSummary, RunView, TriggerKind } from '@tidewheel/protocol';
import type { PastAttempt } from '../core/run.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import type { DefinitionCache } from './definition-cache.ts';
import type { Slice } from './page.ts';
import { archiveWalk, hotWalk, type Narrow, type RunFilter, type Walk } from './run-filters.ts';
import { waitingFor } from './run-waiting.ts';

interface SummaryRow {
  id: string;
  namespace: string;
  job_version_id: string;
  state: RunState;
  trigger_kind: TriggerKind;
  schedule_id: string | null;
  fire_at: number | null;
  priority: number;
  attempt: number;
  worker: string | null;
  created_at: number;
  due_at: number;
  started_at: number | null;
  finished_at: number | null;
  cancel_requested_at: number | null;
  error: string | null;
}

const sharedColumns =
  'id, namespace, job_version_id, state, trigger_kind, schedule_id, fire_at, priority, attempt, created_at, due_at, started_at, cancel_requested_at';

const columnsOf = (alias: string) => sharedColumns.replaceAll(/\w+/g, (name) => `${alias}.${name}`);

/** The worker of the last attempt. Both engines count from the end of a JSON array, in their own words. */
function lastWorker(tx: Tx): string {
  return tx.dialect.engine === 'sqlite' ? `r.attempts ->> '$[#-1].worker'` : `r.attempts::jsonb -> -1 ->> 'worker'`;
}

function hotSelect(where: string): string {
  return `select ${columnsOf('r')}, s.worker, null as finished_at, null as error
    from run r left join session s on s.id = r.session_id where ${where}`;
}

function archiveSelect(tx: Tx, where: string): string {
  return `select ${columnsOf('r')}, ${lastWorker(tx)} as worker, r.finished_at, r.error from run_archive r where ${where}`;
}

/** `before`: only runs with smaller ids, the `next` of the page before. */
export async function runsPage(
  tx: Tx,
  definitions: DefinitionCache,
  filter: RunFilter,
  before: string | null,
  limit: number,
): Promise<Slice<RunSummary, string>> {
  let from = before;
  const rows: SummaryRow[] = [];
  for (let scan = 0; scan < serverLimits.pageScans; scan += 1) {
    const step = await scanOnce(tx, filter, from, limit + 1 - rows.length);
    rows.push(...step.rows);
    from = step.stoppedAt;
    if (rows.length > limit || from === null) break;
  }
  const kept = rows.slice(0, limit);
  const next = rows.length > limit ? (kept.at(-1)?.id ?? null) : from;
  return { items: await summariesOf(tx, definitions, kept), next };
}

/** One walk over both tables; `stoppedAt` is the id at which it gave up looking, null when it saw the end. */
async function scanOnce(tx: Tx, filter: RunFilter, before: string | null, wanted: number) {
  // The hot table first: a run that finishes in between is then seen twice, not never, and the archive's row is the newer.
  const hot = await walk(tx, hotWalk(filter, before), wanted, (where) => hotSelect(where));
  const archived = await walk(tx, archiveWalk(tx, filter, before), wanted, (where) => archiveSelect(tx, where));
  const stops = [hot.stoppedAt, archived.stoppedAt].filter((id) => id !== null).toSorted();
  const stoppedAt = stops.at(-1) ?? null;
  const byId = new Map([...hot.rows, ...archived.rows].map((row) => [row.id, row]));
  const rows = [...byId.values()]
    .filter((row) => stoppedAt === null || row.id >= stoppedAt)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, wanted);
  return { rows, stoppedAt: rows.length === wanted ? null : stoppedAt };
}

async function walk(
  tx: Tx,
  along: Walk | null,
  wanted: number,
  select: (where: string) => string,
): Promise<{ rows: SummaryRow[]; stoppedAt: string | null }> {
  if (along === null) return { rows: [], stoppedAt: null };
  const { indexed, checked, params, narrow } = along;
  const where = [indexed, ...(checked === null ? [] : [checked])];
  const bound = [...params];
  let boundary: string | null = null;
  if (narrow !== null && (await isFew(tx, narrow))) {
    const few = narrow.text(`$${narrow.param === null ? 0 : bound.push(narrow.param)}`);
    where.push(`r.id in (select r.id from run r where ${few} limit ${serverLimits.pageScanRows})`);
  } else if (checked !== null) boundary = await farEnd(tx, along);
  if (boundary !== null) where.push(`r.id >= $${bound.push(boundary)}`);
  const rows = await tx.query<SummaryRow>(
    `${select(where.join(' and '))} order by r.id desc limit $${bound.push(wanted)}`,
    bound,
  );
  return { rows, stoppedAt: rows.length === wanted ? null : boundary };
}

/** Where few rows can match at all, they are read all, and the walk has no end short of theirs. */
async function isFew(tx: Tx, narrow: Narrow): Promise<boolean> {
  const [found] = await tx.query<{ rows: number }>(
    `select count(*) as rows from (select 1 from run r where ${narrow.text('$1')} limit ${serverLimits.pageScanRows}) few`,
    narrow.param === null ? [] : [narrow.param],
  );
  return found !== undefined && found.rows < serverLimits.pageScanRows;
}

/** The last row that one scan looks at, null when there are fewer. */
async function farEnd(tx: Tx, { table, indexed, params, indexedParams }: Walk): Promise<string | null> {
  const [far] = await tx.query<{ id: string }>(
    `select r.id from ${table} r where ${indexed} order by r.id desc limit 1 offset ${serverLimits.pageScanRows - 1}`,
    params.slice(0, indexedParams),
  );
  return far?.id ?? null;
}

async function summariesOf(tx: Tx, definitions: DefinitionCache, rows: readonly SummaryRow[]): Promise<RunSummary[]> {
  const versions = await definitions.jobVersions(
    tx,
    rows.map((row) => row.job_version_id),
  );
  const schedules = await definitions.scheduleNames(
    tx,
    rows.flatMap((row) => row.schedule_id ?? []),
  );
  return rows.map((row) => {
    const version = versions.get(row.job_version_id);
    if (version === undefined) throw new Error(`run ${row.id} has no job version`);
    return {
      id: row.id,
      namespace: row.namespace,
      job: version.job,
      jobVersion: version.version,
      queue: version.spec.queue,
      kind: version.kind,
      state: row.state,
      trigger: row.trigger_kind,
      schedule: row.schedule_id === null ? null : (schedules.get(row.schedule_id) ?? null),
      fireAt: row.fire_at,
      priority: row.priority,
      attempt: row.attempt,
      attemptsMax: version.spec.retry.attempts,
      worker: row.worker,
      createdAt: row.created_at,
      dueAt: row.due_at,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      cancelRequestedAt: row.cancel_requested_at,
      error: row.error === null ? null : (JSON.parse(row.error) as RunError),
    };
  });
}

interface FullRow extends SummaryRow {
  lane_id: string;
  attempt_id: string | null;
  session_id: string | null;
  claimed_at: number | null;
  retry_of: string | null;
  payload: string | null;
  output: string | null;
  attempts: string;
}

/** Null when the namespace has no such run. */
export async function runView(
  tx: Tx,
  definitions: DefinitionCache,
  namespace: string,
  id: string,
): Promise<RunView | null> {
  const row = await fullRow(tx, namespace, id);
  if (row === null) return null;
  const [summary] = await summariesOf(tx, definitions, [row]);
  if (summary === undefined) return null;
  const version = (await definitions.jobVersions(tx, [row.job_version_id])).get(row.job_version_id);
  if (version === undefined) throw new Error(`run ${row.id} has no job version`);
  const past = JSON.parse(row.attempts) as PastAttempt[];
  const refused = await refusedReports(tx, id, past);
  return {
    ...summary,
    payload: jsonOf(row.payload),
    output: jsonOf(row.output),
    attempts: [...past.map((attempt) => pastView(attempt, refused)), ...currentAttempt(row)],
    retryOf: row.retry_of,
    waitingFor: await waitingFor(tx, {
      ...summary,
      laneId: row.lane_id,
      scheduleId: row.schedule_id,
      pastAttempts: past.length,
    }),
  };
}

async function fullRow(tx: Tx, namespace: string, id: string): Promise<FullRow | null> {
  const more = 'r.lane_id, r.attempt_id, r.retry_of, r.payload, r.attempts';
  // The hot table first: a run that finishes in between is then found in the archive.
  const [hot] = await tx.query<FullRow>(
    `select ${columnsOf('r')}, ${more}, r.session_id, r.claimed_at, s.worker, null as finished_at, null as error, null as output
     from run r left join session s on s.id = r.session_id where r.id = $1 and r.namespace = $2`,
    [id, namespace],
  );
  if (hot !== undefined) return hot;
  const [archived] = await tx.query<FullRow>(
    `select ${columnsOf('r')}, ${more}, null as session_id, null as claimed_at, ${lastWorker(tx)} as worker, r.finished_at, r.error, r.output
     from run_archive r where r.id = $1 and r.namespace = $2`,
    [id, namespace],
  );
  return archived ?? null;
}

type RefusedReport = NonNullable<AttemptView['refusedReport']>;

/** Results that came too late, by attempt. Only attempts whose worker was lost can have one. */
async function refusedReports(
  tx: Tx,
  runId: string,
  past: readonly PastAttempt[],
): Promise<Map<string, RefusedReport>> {
  const lost = past.filter((attempt) => attempt.outcome === 'lost');
  if (lost.length === 0) return new Map();
  const rows = await tx.query<{
    attempt_id: string;
    outcome: RefusedReport['outcome'];
    error: string | null;
    received_at: number;
  }>(
    `select o.attempt_id, o.outcome, o.error, o.received_at
     from ${tx.dialect.rows('$1', 'x', { attempt_id: 'uuid' })} join orphan o on o.attempt_id = x.attempt_id and o.run_id = $2`,
    [JSON.stringify(lost.map((attempt) => ({ attempt_id: attempt.attemptId }))), runId],
  );
  return new Map(
    rows.map((row) => [
      row.attempt_id,
      {
        outcome: row.outcome,
        receivedAt: row.received_at,
        error: row.error === null ? null : (JSON.parse(row.error) as RunError),
      },
    ]),
  );
}

function pastView(attempt: PastAttempt, refused: ReadonlyMap<string, RefusedReport>): AttemptView {
  const refusedReport = refused.get(attempt.attemptId);
  return refusedReport === undefined ? attempt : { ...attempt, refusedReport };
}

function currentAttempt(row: FullRow): AttemptView[] {
  if (row.session_id === null || row.attempt_id === null || row.claimed_at === null) return [];
  return [
    {
      attempt: row.attempt,
      attemptId: row.attempt_id,
      worker: row.worker ?? '',
      sessionId: row.session_id,
      claimedAt: row.claimed_at,
      startedAt: row.started_at,
      endedAt: null,
      outcome: null,
      error: null,
    },
  ];
}

/** Outputs are what workers sent as JSON text; a text that is none is shown as it is. */
function jsonOf(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** State and attempts of a run, for following its log. Null when the namespace has no such run. */
export async function runProgress(
  tx: Tx,
  namespace: string,
  id: string,
): Promise<{ state: RunState; attempts: { attempt: number; attemptId: string }[] } | null> {
  const row = await fullRow(tx, namespace, id);
  if (row === null) return null;
  const past = JSON.parse(row.attempts) as PastAttempt[];
  const current = currentAttempt(row);
  return {
    state: row.state,
    attempts: [...past, ...current].map(({ attempt, attemptId }) => ({ attempt, attemptId })),
  };
}
