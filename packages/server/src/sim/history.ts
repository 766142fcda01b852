// Every change of the rows that matter, in commit order, as SQLite triggers saw it: rolled-back transactions leave nothing.
// The triggers are temporary objects of the simulated store and use only SQL, so no production code knows of them.

import type { Database } from '../ports/database.ts';

/** `at`: the store's clock. Absent values are null. */
export interface HistoryRow {
  seq: number;
  at: number;
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
    | 'cursor~';
  id: string;
  before: RunFacts | null;
  after: RunFacts | null;
  fire: { fireAt: number; outcome: string; reason: string | null; runId: string | null } | null;
  session: { before: string | null; after: string } | null;
  cursor: { before: number; after: number } | null;
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

interface Watch {
  kind: HistoryRow['kind'];
  on: string;
  when?: string;
  id: string;
  column: 'run' | 'fire' | 'session' | 'cursor';
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
  { kind: 'fire~', on: 'update on fire', id: 'new.schedule_id', column: 'fire', after: fireFacts('new') },
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
];

export async function watchHistory(db: Database): Promise<void> {
  await db.query(
    `create table sim_history (seq integer primary key, at integer not null, kind text not null, id text not null, col text not null, before text, after text)`,
  );
  for (const [index, watch] of watches.entries()) {
    await db.query(
      `create trigger sim_watch_${index} after ${watch.on} ${watch.when === undefined ? '' : `when ${watch.when}`} begin
         insert into sim_history (at, kind, id, col, before, after)
         values (now_ms(), '${watch.kind}', ${watch.id}, '${watch.column}', ${watch.before ?? 'null'}, ${watch.after ?? 'null'});
       end`,
    );
  }
}

interface StoredRow {
  seq: number;
  at: number;
  kind: HistoryRow['kind'];
  id: string;
  col: Watch['column'];
  before: string | null;
  after: string | null;
}

export async function readHistory(db: Database): Promise<HistoryRow[]> {
  const rows = await db.query<StoredRow>('select seq, at, kind, id, col, before, after from sim_history order by seq');
  return rows.map((row) => {
    const parsed = (column: Watch['column'], text: string | null): unknown =>
      row.col === column && text !== null ? JSON.parse(text) : null;
    return {
      seq: row.seq,
      at: row.at,
      kind: row.kind,
      id: row.id,
      before: parsed('run', row.before) as RunFacts | null,
      after: parsed('run', row.after) as RunFacts | null,
      fire: parsed('fire', row.after) as HistoryRow['fire'],
      session: parsed('session', row.after) as HistoryRow['session'],
      cursor: parsed('cursor', row.after) as HistoryRow['cursor'],
    };
  });
}
