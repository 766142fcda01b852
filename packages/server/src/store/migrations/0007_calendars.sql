-- Calendars and the versions of them that schedules are bound to; backfills with a ledger of their own.
-- Not usable by older binaries: they would fire the times that calendars take out.

-- A deleted calendar keeps its row, so that a version number never means two things.
create table calendar (
  namespace text not null,
  name text not null,
  version integer not null,
  source text not null,
  -- JSON array of the calendars that it is made of.
  uses text not null,
  created_at bigint not null,
  updated_at bigint not null,
  deleted_at bigint,
  primary key (namespace, name)
);

-- Immutable; masters keep them in memory.
create table calendar_version (
  namespace text not null,
  name text not null,
  version integer not null,
  definition text not null,
  created_by text not null,
  created_at bigint not null,
  primary key (namespace, name, version)
);

-- JSON: name → version of every calendar that this version of the schedule depends on, nested ones included.
alter table schedule add column calendars text not null default '{}';
alter table schedule_version add column calendars text not null default '{}';
create index schedule_calendars on schedule (namespace, name) where calendars <> '{}' and state <> 'deleted';

create table backfill (
  id uuid not null primary key,
  namespace text not null,
  schedule_id uuid not null,
  job_id uuid not null,
  state text not null check (state in ('running', 'done', 'canceled')),
  -- The schedule as it was when the backfill was asked for.
  spec text not null,
  anchor_at bigint not null,
  calendars text not null,
  -- Nominal times in [from_at, to_at).
  from_at bigint not null,
  to_at bigint not null,
  newest_first integer not null,
  missing_only integer not null,
  active integer not null,
  -- Runs per minute; null: no bound.
  rate integer,
  payload text,
  reason text not null,
  total integer not null,
  -- The last nominal time that was decided, in the order of the backfill; null before the first.
  position bigint,
  -- Every nominal time of the range is decided.
  exhausted integer not null default 0,
  -- Before this moment the rate allows no further run.
  next_run_at bigint not null,
  -- 1: it makes runs, or runs of it have not been counted as ended.
  live integer not null default 1,
  -- 1: its unfinished runs are to be canceled too.
  cancel_runs integer not null default 0,
  cancel_reason text,
  decided integer not null default 0,
  left_out integer not null default 0,
  succeeded integer not null default 0,
  unsuccessful integer not null default 0,
  created_by text not null,
  created_at bigint not null,
  finished_at bigint
);
create index backfill_live on backfill (id) where live = 1;
create index backfill_namespace on backfill (namespace, id);
create index backfill_schedule on backfill (schedule_id, id);

-- The ledger of a backfill: the primary key makes each nominal time one run, or left out.
create table backfill_fire (
  backfill_id uuid not null,
  fire_at bigint not null,
  -- Null: left out, because a run of this time had succeeded.
  run_id uuid,
  -- The final state of the run, when it was counted.
  ended_as text,
  primary key (backfill_id, fire_at)
);
create index backfill_open on backfill_fire (backfill_id) where run_id is not null and ended_as is null;

-- Whether a time has a run that succeeded is told by its runs and what was retried of them.
create index run_archive_retry on run_archive (retry_of) where retry_of is not null;
