// Why an unfinished run is not finished, in one sentence. Lanes make the answer exact: a ready run waits for a slot of the
// workers that serve its lane, and for nothing else.

import type { RunState } from '@tidewheel/protocol';
import { serves, type Lane } from '../core/placement.ts';
import type { Tx } from '../ports/database.ts';

export interface WaitingRun {
  id: string;
  scheduleId: string | null;
  fireAt: number | null;
  state: RunState;
  laneId: string;
  dueAt: number;
  attempt: number;
  attemptsMax: number;
  pastAttempts: number;
  worker: string | null;
  startedAt: number | null;
  cancelRequestedAt: number | null;
}

export async function waitingFor(tx: Tx, run: WaitingRun): Promise<string | null> {
  switch (run.state) {
    case 'scheduled':
      return run.pastAttempts === 0
        ? `It is scheduled for ${timeText(run.dueAt)}.`
        : `Attempt ${run.attempt} did not succeed; the next one follows at ${timeText(run.dueAt)}.`;
    case 'blocked':
      return turnWaitedFor(tx, run);
    case 'running':
      if (run.cancelRequestedAt !== null)
        return `Canceling was asked for; worker "${run.worker ?? ''}" is being told to stop.`;
      return run.startedAt === null ? `Worker "${run.worker ?? ''}" has been handed the run and is starting it.` : null;
    case 'ready':
      return slotWaitedFor(tx, run.laneId);
    default:
      return null;
  }
}

/** Runs of a schedule that take turns: the one that has its turn, and how many wait before this one. */
async function turnWaitedFor(tx: Tx, { id, scheduleId, fireAt }: WaitingRun): Promise<string> {
  if (scheduleId === null) return 'It waits for another run.';
  const counts = `schedule_id = $1 and trigger_kind <> 'backfill'`;
  const [active] = await tx.query<{ id: string }>(
    `select id from run where ${counts} and state <> 'blocked' order by id limit 1`,
    [scheduleId],
  );
  const [before] = await tx.query<{ runs: number }>(
    `select count(*) as runs from run where ${counts} and state = 'blocked' and (fire_at < $2 or (fire_at = $2 and id < $3))`,
    [scheduleId, fireAt, id],
  );
  const earlier = before?.runs ?? 0;
  if (active === undefined) return 'It waits for its turn, which comes in a moment.';
  if (earlier === 0) return `It waits for run ${active.id} of its schedule to end.`;
  return `It waits for run ${active.id} of its schedule to end, and for ${counted(earlier, 'run')} before it.`;
}

interface ServingSession {
  state: 'live' | 'draining';
  slots: number;
  running: number;
  queues: readonly string[];
  handlers: readonly string[];
  labels: Readonly<Record<string, string>>;
}

async function slotWaitedFor(tx: Tx, laneId: string): Promise<string> {
  const lane = await laneById(tx, laneId);
  if (lane.paused) return `The lane of queue "${lane.queue}" and handler "${lane.handler}" is paused.`;
  const sessions = await sessionsOf(tx, lane.namespace);
  const able = sessions.filter((session) => serves({ namespace: lane.namespace, ...session }, lane));
  if (able.length === 0) return nobody(lane, sessions);
  const live = able.filter((session) => session.state === 'live');
  if (live.length === 0)
    return `${counted(able.length, 'worker')} could run it, but ${able.length === 1 ? 'it is' : 'all are'} draining.`;
  const slots = live.reduce((sum, session) => sum + session.slots, 0);
  const running = live.reduce((sum, session) => sum + session.running, 0);
  if (running >= slots)
    return `All slots are busy: ${running} of ${slots} on ${counted(live.length, 'worker')} that can run it.`;
  return 'It is next: a worker with a free slot is connected.';
}

/** Names the first demand that no worker meets. */
function nobody(lane: Lane, sessions: readonly ServingSession[]): string {
  if (sessions.length === 0) return `No worker is connected in the namespace "${lane.namespace}".`;
  const onQueue = sessions.filter((session) => session.queues.includes(lane.queue));
  if (onQueue.length === 0) return `No connected worker serves the queue "${lane.queue}".`;
  const handling = onQueue.filter((session) => session.handlers.includes(lane.handler));
  if (handling.length === 0)
    return `No connected worker of the queue "${lane.queue}" has the handler "${lane.handler}".`;
  const labels = Object.entries(lane.selector).map(([key, value]) => `${key}=${value}`);
  return `No connected worker of the queue "${lane.queue}" with the handler "${lane.handler}" carries the labels ${labels.join(', ')}.`;
}

async function laneById(tx: Tx, laneId: string): Promise<Lane> {
  const [row] = await tx.query<{ namespace: string; queue: string; handler: string; selector: string; paused: number }>(
    'select namespace, queue, handler, selector, paused from lane where id = $1',
    [laneId],
  );
  if (row === undefined) throw new Error(`the lane ${laneId} is gone`);
  const selector = JSON.parse(row.selector) as Record<string, string>;
  return { ...row, id: laneId, selector, paused: row.paused === 1, weight: 1 };
}

/** Workers that are connected now, by the store's clock. */
export async function sessionsOf(tx: Tx, namespace: string): Promise<ServingSession[]> {
  const rows = await tx.query<{
    state: 'live' | 'draining';
    slots: number;
    running: number;
    queues: string;
    handlers: string;
    labels: string;
  }>(
    `select s.state, s.slots, s.queues, s.handlers, s.labels, (select count(*) from run r where r.session_id = s.id) as running
     from session s where s.state <> 'dead' and s.expires_at > now_ms() and s.namespace = $1`,
    [namespace],
  );
  return rows.map((row) => ({
    ...row,
    queues: JSON.parse(row.queues) as string[],
    handlers: JSON.parse(row.handlers) as string[],
    labels: JSON.parse(row.labels) as Record<string, string>,
  }));
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
