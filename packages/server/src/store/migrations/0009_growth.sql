-- usable from: 8
-- What keeps a growing store in bounds: for how long history is kept, what is held, and how large the store was when.

-- For how long finished runs are kept where that is not the default: those of a namespace (the job is all zeros) or of one job.
create table retention_rule (
  namespace text not null,
  job_id uuid not null,
  outcome text not null check (outcome in ('succeeded', 'failed', 'canceled')),
  keep_ms bigint not null,
  primary key (namespace, job_id, outcome)
);

-- Legal holds: what is named here is kept whatever the rules say. Without job and run: the whole namespace. A released hold has no row;
-- the audit log has both ends of it.
create table hold (
  id uuid not null primary key,
  namespace text not null,
  job_id uuid,
  run_id uuid,
  reason text not null,
  placed_by text not null,
  placed_at bigint not null
);
create index hold_namespace on hold (namespace, id);

-- One row. Whoever removes history holds it, and whoever places a hold waits for it: so nothing is removed that is held already.
create table retention_state (
  id integer not null primary key check (id = 1),
  -- Fires before this time may be gone: audits begin here. Never goes back.
  ledger_from bigint not null default 0,
  -- JSON of the last pass that removed something.
  last_pass text
);
insert into retention_state (id) values (1);

-- How large the store was when, for the forecast.
create table store_size (
  at bigint not null primary key,
  used_bytes bigint not null
);

-- When the run of a fixed delay had ended, kept from when the run itself is removed: the next time counts from it, and so does the audit.
alter table fire add column ended_at bigint;
