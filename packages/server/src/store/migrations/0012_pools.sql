-- usable from: 11
-- Pools of workers: what is declared, what people have ordered, what was decided and why; and workers that a pool has drain.

create table pool (
  id uuid not null primary key,
  namespace text not null,
  name text not null,
  version integer not null,
  source text not null,
  definition text not null,
  -- JSON: what the policy remembers from one decision to the next (core/scaling/scaling-input.ts), for a new leader to go on with.
  memory text,
  -- JSON: what the leader knows of it, for people.
  status text,
  -- From the order of a worker to its registration, as measured; null until there was one.
  startup_ms bigint,
  created_at bigint not null,
  updated_at bigint not null,
  unique (namespace, name)
);

-- What was decided when something changed; the newest of each pool are kept.
create table scaling_decision (
  id uuid not null primary key,
  pool_id uuid not null,
  at bigint not null,
  -- JSON, as protocol/pool.ts shows it.
  decision text not null
);
create index scaling_decision_pool on scaling_decision (pool_id, id);

create table pool_order (
  id uuid not null primary key,
  pool_id uuid not null,
  kind text not null check (kind in ('scale', 'freeze', 'maintenance', 'reserve', 'rollout')),
  -- JSON, as protocol/pool-view.ts has it.
  body text not null,
  reason text not null,
  from_at bigint not null,
  until_at bigint,
  created_by text not null,
  created_at bigint not null,
  ended_at bigint,
  ended text
);
create index pool_order_open on pool_order (pool_id, id) where ended_at is null;
create index pool_order_all on pool_order (pool_id, id);

-- Since when a pool has this worker drain: it gets no work, stays connected, and can be taken back. Null: a drain, if there is one, was
-- asked for by somebody else and ends with the worker.
alter table session add column cordoned_at bigint;
-- It was empty and has been given up: from then on it is not taken back.
alter table session add column released_at bigint;
-- Its machine ends then: what it runs is handed over before.
alter table session add column ends_at bigint;
