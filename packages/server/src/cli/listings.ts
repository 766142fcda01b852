// How each kind of thing looks in a table: which columns, what `-o wide` adds, what `-o name` prints, what is coloured.

import {
  formatDuration,
  type FireAuditRow,
  type FireFinding,
  type FireView,
  type JobView,
  type LockView,
  type RunState,
  type RunSummary,
  type ScheduleView,
  type TokenView,
  type WorkerView,
} from '@tidewheel/protocol';
import type { Listing } from './output.ts';
import type { Style } from './table.ts';
import { tookText } from './time-text.ts';

const stateStyles: Partial<Record<string, Style>> = {
  succeeded: 'green',
  failed: 'red',
  lost: 'red',
  canceled: 'yellow',
  skipped: 'yellow',
  running: 'cyan',
  paused: 'yellow',
  finished: 'dim',
  live: 'green',
  draining: 'yellow',
  dead: 'dim',
};
export const styleOfState = (state: string): Style | undefined => stateStyles[state];

export const jobListing: Listing<JobView> = {
  name: (job) => `job/${job.name}`,
  empty: 'no jobs; declare some in a file and `tidewheel apply -f FILE`',
  columns: (times) => [
    { title: 'NAME', value: (job) => job.name, shrink: true },
    { title: 'KIND', value: (job) => job.kind },
    { title: 'QUEUE', value: (job) => textOf(job.definition['queue']) },
    { title: 'SCHEDULES', value: (job) => String(job.scheduleCount), right: true },
    { title: 'VERSION', value: (job) => String(job.version), right: true },
    { title: 'ENABLED', value: (job) => (job.definition['enabled'] === false ? 'no' : 'yes') },
    { title: 'CHANGED', value: (job) => times(job.updatedAt) },
    { title: 'CREATED', value: (job) => times(job.createdAt), wide: true },
    { title: 'DESCRIPTION', value: (job) => textOf(job.definition['description']), wide: true },
  ],
};

export const lockListing: Listing<LockView> = {
  name: (lock) => `lock/${lock.name}`,
  empty: 'no locks are held',
  columns: (times) => [
    { title: 'NAME', value: (lock) => lock.name, shrink: true },
    { title: 'STATE', value: (lock) => lock.state, style: (lock) => (lock.state === 'held' ? 'cyan' : 'dim') },
    { title: 'TOKEN', value: (lock) => String(lock.token), right: true },
    { title: 'OWNER', value: (lock) => lock.owner ?? '', shrink: true },
    { title: 'FOR', value: (lock) => lock.label ?? '', shrink: true },
    { title: 'SINCE', value: (lock) => times(lock.acquiredAt) },
    { title: 'ENDS', value: (lock) => times(lock.expiresAt) },
    { title: 'RENEWED', value: (lock) => times(lock.renewedAt), wide: true },
    { title: 'SESSION', value: (lock) => lock.sessionId ?? '', wide: true },
  ],
};

export const scheduleListing: Listing<ScheduleView> = {
  name: (schedule) => `schedule/${schedule.name}`,
  empty: 'no schedules',
  columns: (times) => [
    { title: 'NAME', value: (schedule) => schedule.name, shrink: true },
    { title: 'JOB', value: (schedule) => schedule.job, shrink: true },
    { title: 'WHEN', value: (schedule) => whenText(schedule.definition), shrink: true },
    { title: 'STATE', value: (schedule) => schedule.state, style: (schedule) => styleOfState(schedule.state) },
    { title: 'NEXT', value: (schedule) => times(schedule.nextFireAt) },
    { title: 'LAST', value: (schedule) => times(schedule.lastFireAt) },
    {
      title: 'LAST RUN',
      value: (schedule) => schedule.lastRunState ?? '',
      style: (schedule) => styleOfState(schedule.lastRunState ?? ''),
    },
    { title: 'OVERLAP', value: (schedule) => textOf(schedule.definition['overlap']), wide: true },
    { title: 'VERSION', value: (schedule) => String(schedule.version), right: true, wide: true },
    { title: 'REASON', value: (schedule) => schedule.pausedReason ?? '', wide: true },
  ],
};

/** `30 6 * * * (Asia/Shanghai)`, `every 10s`, `once, at …`: as it was written. */
export function whenText(definition: Readonly<Record<string, unknown>>): string {
  const { cron, timezone, every, at, in: after, delay, rrule, times } = definition;
  if (typeof cron === 'string')
    return timezone === 'UTC' || timezone === undefined ? cron : `${cron} (${textOf(timezone)})`;
  if (typeof every === 'number') return `every ${formatDuration(every)}`;
  if (typeof after === 'number') return `once, ${formatDuration(after)} after creation`;
  if (typeof delay === 'number') return `${formatDuration(delay)} after its previous run`;
  if (typeof rrule === 'string') return rrule.replaceAll('\n', ' ');
  if (Array.isArray(times)) return times.map((one) => whenText(one as Record<string, unknown>)).join('; ');
  return `once, at ${typeof at === 'number' ? new Date(at).toISOString() : textOf(at)}`;
}

export const runListing: Listing<RunSummary> = {
  name: (run) => `run/${run.id}`,
  empty: 'no runs match',
  columns: (times) => [
    { title: 'ID', value: (run) => run.id },
    { title: 'JOB', value: (run) => run.job, shrink: true },
    { title: 'STATE', value: (run) => run.state, style: (run) => styleOfState(run.state) },
    { title: 'TRY', value: (run) => `${run.attempt}/${run.attemptsMax}`, right: true },
    { title: 'TRIGGER', value: (run) => run.trigger },
    { title: 'DUE', value: (run) => times(run.dueAt) },
    { title: 'TOOK', value: (run) => tookOf(run), right: true },
    { title: 'WORKER', value: (run) => run.worker ?? '', wide: true },
    { title: 'SCHEDULE', value: (run) => run.schedule ?? '', wide: true },
    { title: 'QUEUE', value: (run) => run.queue, wide: true },
    { title: 'STARTED', value: (run) => times(run.startedAt), wide: true },
    { title: 'FINISHED', value: (run) => times(run.finishedAt), wide: true },
    { title: 'ERROR', value: (run) => run.error?.message ?? '', wide: true },
  ],
};

export function tookOf(run: { readonly startedAt: number | null; readonly finishedAt: number | null }): string {
  return run.startedAt === null || run.finishedAt === null ? '' : tookText(run.finishedAt - run.startedAt);
}

/** What a run's final state and last attempt say about timeouts of the job. */
export function ranIntoTimeout(run: {
  readonly state: RunState;
  readonly error: { readonly kind: string } | null;
  readonly attempts?: readonly { readonly outcome: string | null }[];
}): boolean {
  const last = run.attempts?.at(-1)?.outcome;
  return (
    run.state === 'failed' &&
    (last === 'timed-out' || last === 'start-timed-out' || run.error?.kind === 'start-timeout')
  );
}

export const workerListing: Listing<WorkerView> = {
  name: (worker) => `worker/${worker.sessionId}`,
  empty: 'no workers are connected; start one with `tidewheel worker`',
  columns: (times) => [
    { title: 'WORKER', value: (worker) => worker.worker, shrink: true },
    { title: 'STATE', value: (worker) => worker.state, style: (worker) => styleOfState(worker.state) },
    { title: 'SLOTS', value: (worker) => `${worker.running}/${worker.slots}`, right: true },
    { title: 'QUEUES', value: (worker) => worker.queues.join(','), shrink: true },
    { title: 'HOST', value: (worker) => `${worker.host}:${worker.pid}`, shrink: true },
    { title: 'SEEN', value: (worker) => times(worker.lastSeenAt) },
    { title: 'ROUND TRIP', value: (worker) => roundTripText(worker.stats.roundTripMs), right: true },
    { title: 'SESSION', value: (worker) => worker.sessionId },
    { title: 'HANDLERS', value: (worker) => worker.handlers.join(','), wide: true },
    { title: 'LABELS', value: (worker) => labelsText(worker.labels), wide: true },
    { title: 'VERSION', value: (worker) => worker.version, wide: true },
    { title: 'SINCE', value: (worker) => times(worker.createdAt), wide: true },
  ],
};

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

export const tokenListing: Listing<TokenView> = {
  name: (token) => `token/${token.id}`,
  empty: 'no tokens',
  columns: (times) => [
    { title: 'ID', value: (token) => token.id },
    { title: 'NAME', value: (token) => token.name, shrink: true },
    { title: 'ROLE', value: (token) => token.role },
    { title: 'NAMESPACE', value: (token) => token.namespace },
    { title: 'PREFIX', value: (token) => token.prefix },
    { title: 'LAST USED', value: (token) => times(token.lastUsedAt) },
    { title: 'EXPIRES', value: (token) => (token.expiresAt === null ? 'never' : times(token.expiresAt)) },
    { title: 'CREATED', value: (token) => times(token.createdAt), wide: true },
  ],
};

export const fireListing: Listing<FireView> = {
  name: (fire) => `fire/${new Date(fire.fireAt).toISOString()}`,
  empty: 'this schedule has not fired yet',
  columns: (times) => [
    { title: 'FIRE', value: (fire) => new Date(fire.fireAt).toISOString() },
    {
      title: 'OUTCOME',
      value: (fire) => fire.outcome,
      style: (fire) => (fire.outcome === 'skipped' ? 'yellow' : undefined),
    },
    { title: 'REASON', value: (fire) => fire.reason ?? '' },
    { title: 'RUN', value: (fire) => fire.runId ?? '' },
    { title: 'LATE', value: (fire) => tookText(Math.max(0, fire.decidedAt - fire.fireAt)), right: true },
    { title: 'DECIDED', value: (fire) => times(fire.decidedAt), wide: true },
  ],
};

export const findingListing: Listing<FireFinding> = {
  name: (finding) => `schedule/${finding.schedule}`,
  empty: 'nothing is amiss',
  columns: (times) => [
    { title: 'SCHEDULE', value: (finding) => finding.schedule, shrink: true },
    { title: 'JOB', value: (finding) => finding.job, shrink: true },
    { title: 'MISSING', value: ({ missing }) => String(missing), right: true, style: ({ missing }) => alarm(missing) },
    { title: 'DOUBLED', value: ({ doubled }) => String(doubled), right: true, style: ({ doubled }) => alarm(doubled) },
    {
      title: 'UNEXPECTED',
      value: ({ unexpected }) => String(unexpected),
      right: true,
      style: ({ unexpected }) => alarm(unexpected),
    },
    { title: 'FIRST', value: ({ samples: [first] }) => (first === undefined ? '' : times(first.fireAt)) },
    { title: 'FOUND', value: (finding) => times(finding.foundAt) },
  ],
};

export const auditListing: Listing<FireAuditRow> = {
  name: (row) => `schedule/${row.schedule}`,
  empty: 'no schedules were in force in this time',
  columns: () => [
    { title: 'SCHEDULE', value: (row) => row.schedule, shrink: true },
    { title: 'JOB', value: (row) => row.job, shrink: true },
    { title: 'EXPECTED', value: (row) => String(row.expected), right: true },
    { title: 'FIRED', value: (row) => String(row.fired), right: true },
    { title: 'SKIPPED', value: (row) => String(row.skipped), right: true },
    { title: 'SKIPPED BY', value: (row) => reasonsText(row.skippedBy), wide: true },
    { title: 'CAUGHT UP', value: (row) => String(row.caughtUp), right: true, wide: true },
    { title: 'LATE P99', value: (row) => tookText(row.lateP99Ms), right: true, wide: true },
    { title: 'LATE MAX', value: (row) => tookText(row.lateMaxMs), right: true },
    { title: 'MISSING', value: (row) => String(row.missing), right: true, style: (row) => alarm(row.missing) },
    { title: 'DOUBLED', value: (row) => String(row.doubled), right: true, style: (row) => alarm(row.doubled) },
    { title: 'UNEXPECTED', value: (row) => String(row.unexpected), right: true, style: (row) => alarm(row.unexpected) },
  ],
};

function reasonsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}

function alarm(count: number): Style | undefined {
  return count > 0 ? 'red' : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

function roundTripText(ms: number | undefined): string {
  return ms === undefined ? '' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
