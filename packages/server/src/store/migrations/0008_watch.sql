-- usable from: 7
-- What the standing audit of fires found, until it is acknowledged or cured; and the clock changes that coming fires were worked out with.

create table fire_finding (
  schedule_id uuid not null primary key,
  namespace text not null,
  missing integer not null,
  doubled integer not null,
  unexpected integer not null,
  -- JSON: the first of them, with their times.
  samples text not null,
  -- They lie in [from_at, through_at]. An acknowledgement covers what lies up to there.
  from_at bigint not null,
  through_at bigint not null,
  found_at bigint not null,
  acknowledged_at bigint,
  acknowledged_by text,
  acknowledged_reason text
);
create index fire_finding_open on fire_finding (namespace, schedule_id) where acknowledged_at is null;

-- Of each zone that schedules use: its offset at `from_at` and its changes up to `until_at`, as JSON, by the zone data named `release`.
create table zone_data (
  zone text not null primary key,
  release text not null,
  from_at bigint not null,
  until_at bigint not null,
  changes text not null,
  -- When these came to differ from what was here before, and how many next fires moved; null when they never did.
  changed_at bigint,
  moved integer not null default 0
);
