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
