// Every change of the rows that matter, in commit order, as SQLite triggers saw it: rolled-back transactions leave nothing.
// The triggers are temporary objects of the simulated store and use only SQL, so no production code knows of them.

import type { Database } from '../ports/database.ts';

/** Facts of one change, by what changed; what did not change is null. */
export interface Facts {
  /** Of a run; the others have theirs together. */
  before: RunFacts | null;
  after: RunFacts | null;
  fire: { fireAt: number; outcome: string; reason: string | null; runId: string | null } | null;
  session: { before: string | null; after: string } | null;
  cursor: { before: number; after: number } | null;
  version: { version: number } | null;
  event: { namespace: string; action: string; subject: string } | null;
  term: { before: TermFacts; after: TermFacts } | null;
  /** A write of a leader, as the journal makes it (leader-journal.ts). */
  write: { term: number } | null;
  /** Of a lease row. */
  token: { before: number; after: number } | null;
  lock: { before: LockFacts | null; after: LockFacts | null } | null;
}

export interface HistoryRow extends Facts {
  seq: number;
  /** By the store's clock. */
  at: number;
  /** True time. */
  when: number;
  kind:
    | 'run+'
    | 'run~'
    | 'run-'
    | 'archive+'
    | 'archive~'
    | 'archive-'
    | 'fire+'
    | 'fire~'
    | 'fire-'
    | 'session+'
    | 'session~'
    | 'cursor~'
    | 'version+'
    | 'event+'
    | 'term~'
    | 'write+'
    | 'lease~'
    | 'lock+'
    | 'lock~'
    | 'lock-';
  id: string;
}

export interface RunFacts {
  state: string;
  attempt: number;
  attemptId: string | null;
  sessionId: string | null;
  scheduleId: string | null;
  fireAt: number | null;
  trigger: string;
  dueAt: number;
  /** The newest finished attempt and how many there are. */
  lastAttemptId: string | null;
  lastOutcome: string | null;
  finishedAttempts: number;
}

export interface TermFacts {
  term: number;
  token: number;
  origin: string;
  masterId: string | null;
}

export interface LockFacts {
  hold: string | null;
  token: number;
  renewedAt: number;
  ttlMs: number;
  sessionId: string | null;
  /** When the lease of that session ends, 0 when it is dead, null when there is none. */
  sessionEndsAt: number | null;
}

export const noFacts: Facts = {
  before: null,
  after: null,
  fire: null,
  session: null,
  cursor: null,
  version: null,
  event: null,
  term: null,
  write: null,
  token: null,
  lock: null,
};

function runFacts(row: 'old' | 'new', archived: boolean): string {
  const session = archived ? 'null' : `${row}.session_id`;
  return `json_object('state', ${row}.state, 'attempt', ${row}.attempt, 'attemptId', ${row}.attempt_id, 'sessionId', ${session},
    'scheduleId', ${row}.schedule_id, 'fireAt', ${row}.fire_at,
    'trigger', ${row}.trigger_kind, 'dueAt', ${row}.due_at,
    'lastAttemptId', json_extract(${row}.attempts, '$[#-1].attemptId'),
    'lastOutcome', json_extract(${row}.attempts, '$[#-1].outcome'), 'finishedAttempts', json_array_length(${row}.attempts))`;
}

function fireFacts(row: 'old' | 'new'): string {
  return `json_object('fireAt', ${row}.fire_at, 'outcome', ${row}.outcome, 'reason', ${row}.reason, 'runId', ${row}.run_id)`;
}

function termFacts(row: 'old' | 'new'): string {
  return `json_object('term', ${row}.term, 'token', ${row}.token, 'origin', ${row}.origin, 'masterId', ${row}.master_id)`;
}

function lockFacts(row: 'old' | 'new'): string {
  return `json_object('hold', ${row}.hold, 'token', ${row}.token, 'renewedAt', ${row}.renewed_at, 'ttlMs', ${row}.ttl_ms,
    'sessionId', ${row}.session_id, 'sessionEndsAt', case when ${row}.session_id is not null then coalesce(
      (select case when s.state = 'dead' then 0 else s.expires_at end from session s where s.id = ${row}.session_id), 0) end)`;
}

function both(before: string | null, after: string | null): string {
  return `json_object('before', ${before === null ? 'null' : `json(${before})`}, 'after', ${after === null ? 'null' : `json(${after})`})`;
}

interface Watch {
  kind: HistoryRow['kind'];
  on: string;
  when?: string;
  id: string;
  column: 'run' | Exclude<keyof Facts, 'before' | 'after'>;
  before?: string;
  after?: string;
}

const watches: readonly Watch[] = [
  { kind: 'run+', on: 'insert on run', id: 'new.id', column: 'run', after: runFacts('new', false) },
  {
    kind: 'run~',
    on: 'update on run',
    when: 'old.state <> new.state or old.attempt_id is not new.attempt_id or old.session_id is not new.session_id or old.attempts <> new.attempts',
    id: 'new.id',
    column: 'run',
    before: runFacts('old', false),
    after: runFacts('new', false),
  },
  { kind: 'run-', on: 'delete on run', id: 'old.id', column: 'run', before: runFacts('old', false) },
  { kind: 'archive+', on: 'insert on run_archive', id: 'new.id', column: 'run', after: runFacts('new', true) },
  {
    kind: 'archive~',
    on: 'update on run_archive',
    id: 'new.id',
    column: 'run',
    before: runFacts('old', true),
    after: runFacts('new', true),
  },
  { kind: 'archive-', on: 'delete on run_archive', id: 'old.id', column: 'run', before: runFacts('old', true) },
  { kind: 'fire+', on: 'insert on fire', id: 'new.schedule_id', column: 'fire', after: fireFacts('new') },
  {
    kind: 'fire~',
    on: 'update of schedule_id, fire_at, outcome, reason, run_id, decided_at on fire',
    id: 'new.schedule_id',
    column: 'fire',
    after: fireFacts('new'),
  },
  { kind: 'fire-', on: 'delete on fire', id: 'old.schedule_id', column: 'fire', after: fireFacts('old') },
  {
    kind: 'session+',
    on: 'insert on session',
    id: 'new.id',
    column: 'session',
    after: `json_object('before', null, 'after', new.state)`,
  },
  {
    kind: 'session~',
    on: 'update on session',
    when: 'old.state <> new.state',
    id: 'new.id',
    column: 'session',
    after: `json_object('before', old.state, 'after', new.state)`,
  },
  {
    kind: 'cursor~',
    on: 'update on schedule',
    when: 'old.cursor <> new.cursor',
    id: 'new.id',
    column: 'cursor',
    after: `json_object('before', old.cursor, 'after', new.cursor)`,
  },
  {
    kind: 'version+',
    on: 'insert on schedule_version',
    id: 'new.schedule_id',
    column: 'version',
    after: `json_object('version', new.version)`,
  },
  {
    kind: 'event+',
    on: 'insert on event',
    id: 'new.id',
    column: 'event',
    after: `json_object('namespace', new.namespace, 'action', new.action, 'subject', new.subject)`,
  },
  {
    kind: 'term~',
    on: 'update on leader_term',
    id: `'leader'`,
    column: 'term',
    after: both(termFacts('old'), termFacts('new')),
  },
  {
    kind: 'write+',
    on: 'insert on sim_leader_write',
    id: 'new.writer',
    column: 'write',
    after: `json_object('term', new.term)`,
  },
  {
    kind: 'lease~',
    on: 'update on lease',
    when: 'old.token <> new.token',
    id: 'new.name',
    column: 'token',
    after: `json_object('before', old.token, 'after', new.token)`,
  },
  { kind: 'lock+', on: 'insert on lock', id: lockId('new'), column: 'lock', after: both(null, lockFacts('new')) },
  {
    kind: 'lock~',
    on: 'update on lock',
    when: 'old.hold is not new.hold or old.token <> new.token',
    id: lockId('new'),
    column: 'lock',
    after: both(lockFacts('old'), lockFacts('new')),
  },
  { kind: 'lock-', on: 'delete on lock', id: lockId('old'), column: 'lock', after: both(lockFacts('old'), null) },
];

function lockId(row: 'old' | 'new'): string {
  return `${row}.namespace || ' ' || ${row}.name`;
}

/** The database must know `true_ms()` and `sim_watching()`: nothing is seen while that is 0. */
export async function watchHistory(db: Database): Promise<void> {
  await db.query('create table sim_leader_write (term bigint not null, writer text not null, seq integer primary key)');
  await db.query(
    `create table sim_history (seq integer primary key, at integer not null, true_at integer not null, kind text not null, id text not null, col text not null, before text, after text)`,
  );
  await keepRemoved(db);
  for (const [index, watch] of watches.entries()) {
    await db.query(
      `create trigger sim_watch_${index} after ${watch.on} when sim_watching() = 1${watch.when === undefined ? '' : ` and (${watch.when})`} begin
         insert into sim_history (at, true_at, kind, id, col, before, after)
         values (now_ms(), true_ms(), '${watch.kind}', ${watch.id}, '${watch.column}', ${watch.before ?? 'null'}, ${watch.after ?? 'null'});
       end`,
    );
  }
}

/** What retention removes stays for the checkers: rows of the archive and of the logs, with when they went. */
async function keepRemoved(db: Database): Promise<void> {
  for (const table of ['run_archive', 'log_chunk']) {
    const columns = await db.query<{ name: string; type: string }>('select name, type from pragma_table_info($1)', [
      table,
    ]);
    const names = columns.map(({ name }) => name);
    await db.query(
      `create table sim_removed_${table} (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}, removed_at integer not null)`,
    );
    await db.query(
      `create trigger sim_keep_${table} before delete on ${table} when sim_watching() = 1 begin
         insert into sim_removed_${table} (${names.join(', ')}, removed_at)
         values (${names.map((name) => `old.${name}`).join(', ')}, now_ms());
       end`,
    );
  }
}

interface StoredRow {
  seq: number;
  at: number;
  when: number;
  kind: HistoryRow['kind'];
  id: string;
  col: Watch['column'];
  before: string | null;
  after: string | null;
}

export async function readHistory(db: Database): Promise<HistoryRow[]> {
  const rows = await db.query<StoredRow>(
    'select seq, at, true_at as "when", kind, id, col, before, after from sim_history order by seq',
  );
  return rows.map(({ seq, at, when, kind, id, col, before, after }) => {
    const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
    const facts = col === 'run' ? { before: parsed(before), after: parsed(after) } : { [col]: parsed(after) };
    // As the watches above write them.
    return { seq, at, when, kind, id, ...noFacts, ...(facts as Partial<Facts>) };
  });
}
