-- The tables of the foundation. Written once for both engines: the SQLite driver reads uuid as text and bigint as integer.
-- Times are integer milliseconds UTC. JSON that is only carried is text.

create table meta (
  key text not null primary key,
  value text not null
);

create table namespace (
  name text not null primary key,
  weight integer not null default 1,
  created_at bigint not null
);

-- A lane is all that decides which workers may run a run. Rows are made when a definition is saved.
create table lane (
  id uuid not null primary key,
  namespace text not null,
  queue text not null,
  handler text not null,
  selector text not null,
  paused integer not null default 0,
  weight integer not null default 1,
  unique (namespace, queue, handler, selector)
);

-- Deleted jobs and schedules keep their row, so that history stays readable and auditable.
create table job (
  id uuid not null primary key,
  namespace text not null,
  name text not null,
  version integer not null,
  version_id uuid not null,
  enabled integer not null,
  source text not null,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint
);
create unique index job_name on job (namespace, name) where deleted_at is null;

-- Immutable; masters keep them in memory by id.
create table job_version (
  id uuid not null primary key,
  job_id uuid not null,
  version integer not null,
  lane_id uuid not null,
  kind text not null,
  spec text not null,
  created_by text not null,
  created_at bigint not null,
  unique (job_id, version)
);

create table schedule (
  id uuid not null primary key,
  namespace text not null,
  job_id uuid not null,
  name text not null,
  version integer not null,
  spec text not null,
  state text not null check (state in ('enabled', 'paused', 'finished', 'deleted')),
  -- Nominal fires up to here are decided. Never goes back.
  cursor bigint not null,
  next_fire_at bigint,
  -- What fixed rates and `in` count from.
  anchor_at bigint not null,
  paused_reason text,
  paused_by text,
  created_at bigint not null,
  updated_at bigint not null,
  check ((state = 'enabled') = (next_fire_at is not null))
);
create unique index schedule_name on schedule (namespace, name) where state <> 'deleted';
create index schedule_due on schedule (next_fire_at) where state = 'enabled';
create index schedule_job on schedule (job_id);

-- From `valid_from` (exclusive) on, this spec and state are in force. The audit recomputes expected fires from it.
create table schedule_version (
  schedule_id uuid not null,
  version integer not null,
  spec text not null,
  state text not null,
  anchor_at bigint not null,
  valid_from bigint not null,
  changed_by text not null,
  primary key (schedule_id, version)
);

-- The ledger: one row per nominal fire. The primary key is the identity of the fire.
create table fire (
  schedule_id uuid not null,
  fire_at bigint not null,
  outcome text not null check (outcome in ('fired', 'skipped')),
  reason text,
  run_id uuid,
  decided_at bigint not null,
  primary key (schedule_id, fire_at)
);

-- Unfinished runs only. Finishing moves the row to run_archive in the same transaction.
create table run (
  id uuid not null primary key,
  namespace text not null,
  job_id uuid not null,
  job_version_id uuid not null,
  lane_id uuid not null,
  state text not null check (state in ('blocked', 'scheduled', 'ready', 'running')),
  priority integer not null,
  due_at bigint not null,
  created_at bigint not null,
  trigger_kind text not null,
  schedule_id uuid,
  fire_at bigint,
  retry_of uuid,
  payload text,
  -- From due to claim; null when the job sets none. Over it the run fails.
  start_deadline bigint,
  attempt integer not null default 0,
  attempt_id uuid,
  session_id uuid,
  claimed_at bigint,
  started_at bigint,
  cancel_requested_at bigint,
  cancel_reason text,
  -- JSON array of finished attempts.
  attempts text not null default '[]',
  check ((state = 'running') = (attempt_id is not null)),
  check ((attempt_id is null) = (session_id is null))
);
create index run_ready on run (lane_id, priority desc, due_at, id) where state = 'ready';
create index run_scheduled on run (due_at) where state = 'scheduled';
create index run_session on run (session_id) where session_id is not null;
create index run_schedule on run (schedule_id) where schedule_id is not null;
create index run_job on run (job_id, id);
create index run_start_deadline on run (start_deadline) where state = 'ready' and start_deadline is not null;

create table run_archive (
  id uuid not null primary key,
  namespace text not null,
  job_id uuid not null,
  job_version_id uuid not null,
  lane_id uuid not null,
  state text not null check (state in ('succeeded', 'failed', 'canceled', 'skipped', 'lost')),
  priority integer not null,
  due_at bigint not null,
  created_at bigint not null,
  trigger_kind text not null,
  schedule_id uuid,
  fire_at bigint,
  retry_of uuid,
  payload text,
  attempt integer not null,
  -- The attempt whose outcome was accepted; null for runs that ended without one.
  attempt_id uuid,
  started_at bigint,
  finished_at bigint not null,
  cancel_requested_at bigint,
  cancel_reason text,
  attempts text not null,
  output text,
  error text
);
create index run_archive_job on run_archive (job_id, id);
-- For run lists. Measured on SQLite: the first adds 1.4 microseconds to an insert, the second nothing that can be seen.
create index run_archive_namespace on run_archive (namespace, id);
create index run_archive_unsuccessful on run_archive (namespace, id) where state <> 'succeeded';

-- Finished runs per minute, state and master (so that masters never wait for each other's counters).
create table run_stat (
  namespace text not null,
  minute bigint not null,
  state text not null,
  master_id uuid not null,
  runs integer not null,
  primary key (namespace, minute, state, master_id)
);

-- A worker's leased registration. The id is the incarnation that the worker chose at random.
create table session (
  id uuid not null primary key,
  namespace text not null,
  worker text not null,
  master_id uuid,
  state text not null check (state in ('live', 'draining', 'dead')),
  slots integer not null,
  queues text not null,
  handlers text not null,
  labels text not null,
  host text not null,
  pid integer not null,
  version text not null,
  stats text not null default '{}',
  created_at bigint not null,
  last_seen_at bigint not null,
  expires_at bigint not null,
  ended_at bigint
);
create index session_expiry on session (expires_at) where state <> 'dead';
create index session_ended on session (ended_at) where state = 'dead';

create table master (
  id uuid not null primary key,
  address text not null,
  version text not null,
  started_at bigint not null,
  expires_at bigint not null
);

create table log_chunk (
  run_id uuid not null,
  attempt_id uuid not null,
  seq integer not null,
  attempt integer not null,
  at bigint not null,
  stream text not null,
  text text not null,
  primary key (run_id, attempt_id, seq)
);

-- Results that came from attempts which had lost their right to report. Kept for the record.
create table orphan (
  attempt_id uuid not null,
  run_id uuid not null,
  session_id uuid not null,
  outcome text not null,
  output text,
  error text,
  received_at bigint not null,
  primary key (attempt_id, run_id)
);

create table idempotency (
  namespace text not null,
  key text not null,
  run_id uuid not null,
  fingerprint text not null,
  expires_at bigint not null,
  primary key (namespace, key)
);
create index idempotency_expiry on idempotency (expires_at);

-- Append-only: who did what.
create table event (
  id uuid not null primary key,
  namespace text not null,
  at bigint not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail text not null
);
create index event_namespace on event (namespace, id);

create table api_token (
  id uuid not null primary key,
  name text not null,
  role text not null,
  namespace text not null,
  prefix text not null,
  hash text not null unique,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);

-- One-time sign-in links and the console sessions made from them; only hashes are stored.
create table sign_in (
  hash text not null primary key,
  kind text not null check (kind in ('link', 'session')),
  name text not null,
  role text not null,
  namespace text not null,
  created_at bigint not null,
  expires_at bigint not null
);
create index sign_in_expiry on sign_in (expires_at);

create view any_run as
  select id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind, schedule_id,
    fire_at, retry_of, payload, attempt, attempt_id, session_id, claimed_at, started_at, null as finished_at,
    cancel_requested_at, cancel_reason, attempts, null as output, null as error
  from run
  union all
  select id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind, schedule_id,
    fire_at, retry_of, payload, attempt, attempt_id, null as session_id, null as claimed_at, started_at, finished_at,
    cancel_requested_at, cancel_reason, attempts, output, error
  from run_archive;
