-- Leadership: leases for masters that have no other coordinator, the term that every leader write is checked against, and its history.

-- A token only grows, so rows are never removed. Free when `holder` is null or the lease has run out by the store's clock.
create table lease (
  name text not null primary key,
  holder text,
  token bigint not null,
  ttl_ms integer not null,
  renewed_at bigint not null
);

-- One row. A leader write holds a share of it, so that a new term waits for writes of the old one and then refuses them.
create table leader_term (
  id integer not null primary key check (id = 1),
  term bigint not null,
  -- Tokens of one origin grow; those of different origins (another coordinator, a new etcd cluster) cannot be compared.
  origin text not null,
  token bigint not null,
  -- Null while nobody leads.
  master_id uuid,
  -- Whom others let go first, until then.
  successor uuid,
  successor_until bigint not null default 0
);
insert into leader_term (id, term, origin, token) values (1, 0, '', 0);

-- The newest terms, for people.
create table election (
  term bigint not null primary key,
  master_id uuid not null,
  address text not null,
  origin text not null,
  token bigint not null,
  from_at bigint not null,
  until_at bigint,
  reason text
);

-- What each master says of itself, as JSON.
alter table master add column stats text not null default '{}';
alter table master add column renewed_at bigint not null default 0;

-- Locks of users. The token grows with every holder; a row that is forgotten leaves its token in the floor, from which new rows begin.
create table lock (
  namespace text not null,
  name text not null,
  token bigint not null,
  -- One acquisition, named by who asked for it, so that asking twice is asking once. Null: free.
  hold uuid,
  owner text,
  label text,
  -- The worker whose death frees the lock.
  session_id uuid,
  ttl_ms integer not null,
  acquired_at bigint not null,
  renewed_at bigint not null,
  primary key (namespace, name)
);
create index lock_renewed on lock (renewed_at);
create index lock_session on lock (session_id) where session_id is not null;

-- One row.
create table lock_floor (
  id integer not null primary key check (id = 1),
  token bigint not null
);
insert into lock_floor (id, token) values (1, 0);

-- What operators want of a master, and what it answers.
alter table master add column wanted text not null default 'active';
alter table master add column wanted_reason text;
alter table master add column wanted_by text;
-- 1: it has no sessions left, fires nothing and claims nothing.
alter table master add column drained integer not null default 0;
-- 1: it shall give the leadership up, if it has it; whom it shall let go first.
alter table master add column step_down integer not null default 0;
alter table master add column step_down_to uuid;
-- Workers connected, as it said last.
alter table master add column sessions integer not null default 0;
