-- usable from: 8
-- What copies of a store need: backups as they were made and verified, whether the store may be worked on, and what is open after a
-- restore.

-- One row.
create table store_state (
  id integer not null primary key check (id = 1),
  -- open; filling: a copy or a restore writes to it; moving: its last rows are being copied elsewhere; moved: it was.
  state text not null check (state in ('open', 'filling', 'moving', 'moved')),
  detail text not null default '',
  -- Grows with every restore: masters that began before it stop.
  epoch integer not null default 0
);
insert into store_state (id, state) values (1, 'open');

create table backup (
  id uuid not null primary key,
  -- sqlite: the file; postgres: a base backup; logical: rows, for either engine.
  kind text not null check (kind in ('sqlite', 'postgres', 'logical')),
  state text not null check (state in ('running', 'verifying', 'verified', 'failed', 'pruned')),
  target text not null,
  started_at bigint not null,
  finished_at bigint,
  verified_at bigint,
  -- What it holds, what of that was not there already, and how far it has come.
  bytes bigint not null default 0,
  stored_bytes bigint not null default 0,
  done_bytes bigint not null default 0,
  -- JSON: where in the source's history it stands; what the verification counted.
  position text,
  verification text,
  error text,
  created_by text not null
);
create index backup_newest on backup (started_at);

-- A restored store fires and dispatches nothing until somebody has chosen what becomes of the time that it does not know.
create table restore_gap (
  id uuid not null primary key,
  backup_id uuid not null,
  -- Newest moment that the store knows of.
  from_at bigint not null,
  restored_at bigint not null,
  closed_at bigint,
  -- JSON: what was chosen, by whom; it is carried out by the leader until the gap is closed.
  choice text
);
create index restore_gap_open on restore_gap (id) where closed_at is null;

-- Attempts that ran when the backup was made, and others that workers held when they came back to the restored store.
create table restore_report (
  gap_id uuid not null,
  attempt_id uuid not null,
  -- Null: of the time that the store does not know.
  run_id uuid,
  worker text not null,
  -- When its worker came back with it; null: not yet.
  seen_at bigint,
  primary key (gap_id, attempt_id)
);

-- What was missed because of a restore is decided by the operator's choice, and not by the schedule's own rule.
alter table catch_up add column choice text;
