-- What overlap rules, fixed delays, catch-up after an outage and the data interval of runs need.

-- A schedule of fixed delay has no next time while its run goes on, so `enabled` may stand without one. SQLite cannot drop a check,
-- so the table is made anew, on both engines alike. It is taken away first: that waits for whoever is writing to it, and holds others off
-- until the copy is there. A copy made beside them would put cursors back, and every fire since would be decided again.
alter table schedule rename to schedule_before;
create table schedule (
  id uuid not null primary key,
  namespace text not null,
  job_id uuid not null,
  name text not null,
  version integer not null,
  spec text not null,
  state text not null check (state in ('enabled', 'paused', 'finished', 'deleted')),
  -- Nominal fires up to here are decided, but for those in `catch_up`. Never goes back.
  cursor bigint not null,
  next_fire_at bigint,
  -- What fixed rates, fixed delays and `in` count from.
  anchor_at bigint not null,
  paused_reason text,
  paused_by text,
  created_at bigint not null,
  updated_at bigint not null,
  -- When the newest run that was made up for is due: what the schedule's own rate counts from.
  caught_up_to bigint not null default 0,
  check (state = 'enabled' or next_fire_at is null)
);
insert into schedule (id, namespace, job_id, name, version, spec, state, cursor, next_fire_at, anchor_at, paused_reason, paused_by,
  created_at, updated_at)
select id, namespace, job_id, name, version, spec, state, cursor, next_fire_at, anchor_at, paused_reason, paused_by, created_at, updated_at
from schedule_before;
drop table schedule_before;
create unique index schedule_name on schedule (namespace, name) where state <> 'deleted';
create index schedule_due on schedule (next_fire_at) where state = 'enabled';
create index schedule_job on schedule (job_id);
create index schedule_misplaced on schedule (id) where state = 'enabled' and next_fire_at <= cursor;
create index schedule_waiting on schedule (id) where state = 'enabled' and next_fire_at is null;

-- Times that passed while nobody could fire them: set aside, so that the schedule's later times need not wait until these are decided.
-- Those in (after_at, through_at] are undecided; how late they were is judged by when it was noticed.
create table catch_up (
  schedule_id uuid not null,
  through_at bigint not null,
  after_at bigint not null,
  -- The first undecided one.
  next_at bigint not null,
  noticed_at bigint not null,
  primary key (schedule_id, through_at)
);
create index catch_up_next on catch_up (next_at, schedule_id);

-- One row: when the next made-up run of all schedules may be due, in microseconds. Whoever holds its lock catches up; nobody else does.
create table catch_up_budget (
  id integer not null primary key check (id = 1),
  free_at_us bigint not null
);
insert into catch_up_budget (id, free_at_us) values (1, 0);

-- The nominal times before and after the run's own: its data interval.
alter table run add column previous_fire_at bigint;
alter table run add column next_fire_at bigint;
-- How long the attempt may take to end when it is canceled, where that is not what its job says: 0 for a kill.
alter table run add column cancel_grace_ms integer;
alter table run_archive add column previous_fire_at bigint;
alter table run_archive add column next_fire_at bigint;

-- Runs that wait for the previous one of their schedule, in the order in which they get their turn.
create index run_blocked on run (schedule_id, fire_at, id) where state = 'blocked';

drop view any_run;
create view any_run as
  select id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind, schedule_id,
    fire_at, previous_fire_at, next_fire_at, retry_of, payload, attempt, attempt_id, session_id, claimed_at, started_at,
    null as finished_at, cancel_requested_at, cancel_reason, attempts, null as output, null as error
  from run
  union all
  select id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind, schedule_id,
    fire_at, previous_fire_at, next_fire_at, retry_of, payload, attempt, attempt_id, null as session_id, null as claimed_at, started_at,
    finished_at, cancel_requested_at, cancel_reason, attempts, output, error
  from run_archive;
