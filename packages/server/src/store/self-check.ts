// What must always be true of the rows, asked again and again, in one statement. Every question is answered from an index and gives at
// most a hundred rows; on a healthy store all of them together touch a few pages.

import { probeHandler, probeNamespace, type SelfCheckName, selfCheckNames } from '@tidewheel/protocol';
import { nextFireAfter } from '../core/schedule-times.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { DefinitionCache, type ScheduleVersionRow } from './definition-cache.ts';

/** Fires that are late by more than this are not only late: nobody decides them. */
const overdueMs = 30_000;
/** Sweeps find these at once; after a minute nothing does. */
const strandedMs = 60_000;
/** The largest difference of a master's clock from the store's that nobody need know of. */
const clockMs = 1000;

const probeLateMs = 5000;
/** A live worker of the namespace that the job is named after. */
const answering = `session w where w.namespace = j.name and w.state = 'live' and w.expires_at > now_ms()
  and w.handlers like '%"${probeHandler}"%'`;

/** Each gives the subjects of its findings, at most `$1`. */
const questions: Readonly<Record<SelfCheckName, string>> = {
  'schedule-overdue': `select id as subject from schedule where state = 'enabled' and next_fire_at < now_ms() - ${overdueMs} order by next_fire_at limit $1`,
  'schedule-misplaced': `select id as subject from schedule where state = 'enabled' and next_fire_at <= cursor order by id limit $1`,
  'run-without-session': `select r.id as subject from run r where r.session_id is not null
       and not exists (select 1 from session s where s.id = r.session_id) limit $1`,
  'run-of-dead-session': `select r.id as subject from session s join run r on r.session_id = s.id
     where s.state = 'dead' and s.ended_at < now_ms() - ${strandedMs} limit $1`,
  'session-undead': `select id as subject from session where state <> 'dead' and expires_at < now_ms() - ${strandedMs} order by expires_at limit $1`,
  // One step in the index of ready runs for each lane that has some.
  'run-without-lane': `with recursive waiting (lane_id) as (
       select (select lane_id from run where state = 'ready' order by lane_id limit 1)
       union all
       select (select r.lane_id from run r where r.state = 'ready' and r.lane_id > w.lane_id order by r.lane_id limit 1)
       from waiting w where w.lane_id is not null
     )
     select w.lane_id as subject from waiting w
     where w.lane_id is not null and not exists (select 1 from lane where lane.id = w.lane_id) limit $1`,
  'probe-late': `select j.name || ': ' || case
         when r.id is null and s.next_fire_at < now_ms() - ${probeLateMs} then 'not fired'
         when r.id is null then 'the last one failed'
         when r.state = 'running' and r.started_at is null then 'claimed, and not begun by the worker'
         when r.state = 'running' then 'begun, and not finished by the worker'
         else 'not dispatched, although a worker has a free slot' end as subject
     from schedule s join job j on j.id = s.job_id
     left join run r on r.schedule_id = s.id and r.fire_at < now_ms() - ${probeLateMs}
     where s.namespace = '${probeNamespace}' and s.state = 'enabled' and j.source = 'probes'
       and (s.next_fire_at < now_ms() - ${probeLateMs} or r.state = 'running'
         or r.state = 'ready' and exists (select 1 from ${answering} and w.slots > (select count(*) from run b where b.session_id = w.id))
         or r.id is null and (select a.state from run_archive a where a.job_id = j.id order by a.id desc limit 1) = 'failed')
       and exists (select 1 from ${answering})
     order by j.name limit $1`,
  'master-version': `select distinct version as subject from master where expires_at > now_ms()
       and exists (select 1 from master other where other.expires_at > now_ms() and other.version <> master.version) limit $1`,
  'master-clock': `select id as subject from master where expires_at > now_ms() and abs(clock_offset_ms) > ${clockMs} limit $1`,
};

const askAll = Object.entries(questions)
  .map(([check, sql]) => `select '${check}' as "check", cast(subject as text) as subject from (${sql}) x`)
  .join('\nunion all\n');

/** All questions at once, each with the subjects of at most `max` findings. */
export async function selfCheckAsk(tx: Tx, max: number): Promise<Map<SelfCheckName, string[]>> {
  const found = new Map(selfCheckNames.map((check): [SelfCheckName, string[]] => [check, []]));
  for (const { check, subject } of await tx.query<{ check: SelfCheckName; subject: string }>(askAll, [max]))
    found.get(check)?.push(subject);
  return found;
}

/** Where repairing is safe: the same condition stands in the statement that writes, so that it repairs nothing that is well. */
export const selfCheckRepairs: Readonly<Partial<Record<SelfCheckName, (tx: Tx) => Promise<number>>>> = {
  'schedule-misplaced': schedulesReplace,
  'run-without-session': sessionsImagine,
  'run-of-dead-session': sessionsDieAgain,
};

/** The next fire is computed anew from the cursor, which alone says what has been decided. */
async function schedulesReplace(tx: Tx): Promise<number> {
  const rows = await tx.query<ScheduleVersionRow & { cursor: number }>(
    `select id, namespace, version, spec, cursor, anchor_at, calendars from schedule where state = 'enabled' and next_fire_at <= cursor
     order by id limit $1${tx.dialect.skipLocked}`,
    [serverLimits.selfCheckFindings],
  );
  const placed = (await new DefinitionCache().compiled(tx, rows)).map(({ row: { id, cursor }, compiled }) => {
    const next = nextFireAfter(compiled.times, cursor);
    return { id, next, state: next === null && compiled.definition.delay === undefined ? 'finished' : 'enabled' };
  });
  await tx.query(
    `update schedule set next_fire_at = x.next, state = x.state
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', next: 'bigint', state: 'text' })} where schedule.id = x.id`,
    [JSON.stringify(placed)],
  );
  return placed.length;
}

/** A session that nobody knows is as good as dead: it gets a dead row, and the rescue gives its runs away. */
async function sessionsImagine(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `insert into session (id, namespace, worker, state, slots, queues, handlers, labels, host, pid, version,
       created_at, last_seen_at, expires_at, ended_at)
     select distinct r.session_id, r.namespace, 'unknown', 'dead', 0, '[]', '[]', '{}', '', 0, '',
       now_ms(), now_ms(), now_ms(), now_ms()
     from run r where r.session_id is not null and not exists (select 1 from session s where s.id = r.session_id)
     on conflict (id) do nothing returning id`,
  );
  return rows.length;
}

/** Rescue looks at sessions that died within the last minute. */
async function sessionsDieAgain(tx: Tx): Promise<number> {
  const rows = await tx.query(
    `update session set ended_at = now_ms() where state = 'dead' and ended_at < now_ms() - $1
       and exists (select 1 from run r where r.session_id = session.id) returning id`,
    [strandedMs],
  );
  return rows.length;
}
