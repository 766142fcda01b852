// The numbers of the overview page of one namespace. What is counted in the hot table is counted along its partial indexes,
// so the cost follows the backlog, never the history; callers keep an answer for a while when it took long.

import type { Overview } from '@tidewheel/protocol';
import { serves } from '../core/placement.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { findingsOpen } from './fire-findings.ts';
import { storeNow } from './jobs.ts';
import { sessionsOf } from './run-waiting.ts';

const minuteMs = 60_000;
const seriesMinutes = 60;

type Attention = Overview['attention'][number];

export async function overviewOf(tx: Tx, namespace: string): Promise<Overview> {
  const now = await storeNow(tx);
  const waiting = await readyByLane(tx, namespace);
  const sessions = await sessionsOf(tx, namespace);
  const live = sessions.filter((session) => session.state === 'live');
  const { recent, series } = await finishedLately(tx, namespace, now);
  const oldest = Math.min(...waiting.map((lane) => lane.oldest));
  const unserved = waiting.filter((lane) => !sessions.some((session) => serves({ namespace, ...session }, lane)));
  const schedules = await scheduleCounts(tx, namespace);
  return {
    now,
    waiting: waiting.reduce((sum, lane) => sum + lane.runs, 0),
    scheduled: await scheduledCount(tx, namespace),
    running: await runningCount(tx, namespace),
    oldestWaitingMs: waiting.length === 0 ? null : Math.max(0, now - oldest),
    recent,
    series,
    workers: {
      live: live.length,
      slots: live.reduce((sum, session) => sum + session.slots, 0),
      busy: sessions.reduce((sum, session) => sum + session.running, 0),
    },
    schedules,
    nextFires: await nextFires(tx, namespace),
    attention: [
      ...(await firesAmiss(tx, namespace)),
      ...unserved.slice(0, serverLimits.overviewRows).map(noWorker),
      ...(await failedRuns(tx, namespace, now)),
      ...(await pausedSchedules(tx, namespace)),
    ],
  };
}

interface WaitingLane {
  id: string;
  namespace: string;
  queue: string;
  handler: string;
  selector: Readonly<Record<string, string>>;
  paused: boolean;
  weight: number;
  runs: number;
  oldest: number;
}

/** One range of the index of ready runs for each lane of the namespace. */
async function readyByLane(tx: Tx, namespace: string): Promise<WaitingLane[]> {
  const rows = await tx.query<Omit<WaitingLane, 'selector' | 'paused'> & { selector: string; paused: number }>(
    `select l.id, l.namespace, l.queue, l.handler, l.selector, l.paused, l.weight, w.runs, w.oldest
     from lane l join (
       select lane_id, count(*) as runs, min(due_at) as oldest from run
       where state = 'ready' and lane_id in (select id from lane where namespace = $1) group by lane_id
     ) w on w.lane_id = l.id`,
    [namespace],
  );
  return rows.map((row) => ({
    ...row,
    selector: JSON.parse(row.selector) as Record<string, string>,
    paused: row.paused === 1,
  }));
}

async function scheduledCount(tx: Tx, namespace: string): Promise<number> {
  const [row] = await tx.query<{ runs: number }>(
    `select count(*) as runs from run where state = 'scheduled' and namespace = $1`,
    [namespace],
  );
  return row?.runs ?? 0;
}

/** Along the sessions, so that runs of a session that has just died still count until they are rescued. */
async function runningCount(tx: Tx, namespace: string): Promise<number> {
  const [row] = await tx.query<{ runs: number }>(
    `select count(*) as runs from run r where r.session_id is not null and r.namespace = $1`,
    [namespace],
  );
  return row?.runs ?? 0;
}

async function finishedLately(tx: Tx, namespace: string, now: number): Promise<Pick<Overview, 'recent' | 'series'>> {
  const newest = Math.floor(now / minuteMs) * minuteMs;
  const first = newest - (seriesMinutes - 1) * minuteMs;
  const rows = await tx.query<{ minute: number; state: string; runs: number }>(
    `select minute, state, sum(runs) as runs from run_stat where namespace = $1 and minute >= $2 group by minute, state`,
    [namespace, first],
  );
  const recent = { succeeded: 0, failed: 0, canceled: 0, lost: 0 };
  const series = Array.from({ length: seriesMinutes }, (_, index) => ({
    at: first + index * minuteMs,
    succeeded: 0,
    failed: 0,
  }));
  for (const { minute, state, runs } of rows) {
    if (Object.hasOwn(recent, state)) recent[state as keyof typeof recent] += runs;
    const point = series[(minute - first) / minuteMs];
    if (point === undefined) continue;
    if (state === 'succeeded') point.succeeded += runs;
    if (state === 'failed' || state === 'lost') point.failed += runs;
  }
  return { recent, series };
}

async function scheduleCounts(tx: Tx, namespace: string): Promise<Overview['schedules']> {
  const rows = await tx.query<{ state: string; schedules: number }>(
    `select state, count(*) as schedules from schedule where namespace = $1 and state <> 'deleted' group by state`,
    [namespace],
  );
  const countOf = (state: string) => rows.find((row) => row.state === state)?.schedules ?? 0;
  return { enabled: countOf('enabled'), paused: countOf('paused') };
}

async function nextFires(tx: Tx, namespace: string): Promise<Overview['nextFires']> {
  return tx.query<Overview['nextFires'][number]>(
    `select s.name as schedule, j.name as job, s.next_fire_at as at from schedule s join job j on j.id = s.job_id
     where s.namespace = $1 and s.state = 'enabled' and s.next_fire_at is not null order by s.next_fire_at, s.name limit $2`,
    [namespace, serverLimits.overviewRows],
  );
}

async function firesAmiss(tx: Tx, namespace: string): Promise<Attention[]> {
  const found = await findingsOpen(tx, namespace, serverLimits.overviewRows);
  return found.map(({ schedule, foundAt }) => ({ kind: 'fires-amiss', subject: schedule, id: null, at: foundAt }));
}

function noWorker(lane: WaitingLane): Attention {
  const labels = Object.entries(lane.selector).map(([key, value]) => ` ${key}=${value}`);
  return { kind: 'no-worker', subject: `${lane.queue} ${lane.handler}${labels.join('')}`, id: null, at: lane.oldest };
}

/** Of the last hour, newest first. */
async function failedRuns(tx: Tx, namespace: string, now: number): Promise<Attention[]> {
  const rows = await tx.query<{ id: string; job: string; finished_at: number }>(
    `select r.id, j.name as job, r.finished_at from run_archive r join job j on j.id = r.job_id
     where r.namespace = $1 and r.state <> 'succeeded' and r.state in ('failed', 'lost') and r.finished_at >= $2
     order by r.id desc limit $3`,
    [namespace, now - seriesMinutes * minuteMs, serverLimits.overviewRows],
  );
  return rows.map((row) => ({ kind: 'failed-run', subject: row.job, id: row.id, at: row.finished_at }));
}

async function pausedSchedules(tx: Tx, namespace: string): Promise<Attention[]> {
  const rows = await tx.query<{ name: string; updated_at: number }>(
    `select name, updated_at from schedule where namespace = $1 and state = 'paused' order by updated_at desc limit $2`,
    [namespace, serverLimits.overviewRows],
  );
  return rows.map((row) => ({ kind: 'paused-schedule', subject: row.name, id: null, at: row.updated_at }));
}
