-- The archive and the logs become partitioned by time, so that what has grown old is dropped instead of deleted. The key is the id of the
-- run, whose first 48 bits are the time of its making or its nominal time: a run is found by its id in one partition.
-- The tables as they are become the one partition, whatever their size: nothing is copied and nothing is read. They are taken away first,
-- which waits for whoever is writing to them. The leader makes the partitions by day (store/archive-parts.ts).
-- For older binaries nothing changes: the same names, columns and keys.

drop view any_run;

alter table run_archive rename to run_archive_old;
alter table run_archive_old rename constraint run_archive_pkey to run_archive_old_pkey;
alter index run_archive_job rename to run_archive_old_job;
alter index run_archive_namespace rename to run_archive_old_namespace;
alter index run_archive_unsuccessful rename to run_archive_old_unsuccessful;
alter index run_archive_retry rename to run_archive_old_retry;
create table run_archive (like run_archive_old including defaults including constraints) partition by range (id);
alter table run_archive add primary key (id);
create index run_archive_job on run_archive (job_id, id);
create index run_archive_namespace on run_archive (namespace, id);
create index run_archive_unsuccessful on run_archive (namespace, id) where state <> 'succeeded';
create index run_archive_retry on run_archive (retry_of) where retry_of is not null;
alter table run_archive attach partition run_archive_old default;

alter table log_chunk rename to log_chunk_old;
alter table log_chunk_old rename constraint log_chunk_pkey to log_chunk_old_pkey;
create table log_chunk (like log_chunk_old including defaults including constraints) partition by range (run_id);
alter table log_chunk add primary key (run_id, attempt_id, seq);
alter table log_chunk attach partition log_chunk_old default;

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

-- Autovacuum. What is rewritten all the time and holds little is cleaned early: its dead rows would slow the claims down long before the
-- default of a fifth of the table plus fifty rows is reached in the few minutes of a backlog.
alter table run set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_analyze_threshold = 2000, autovacuum_vacuum_cost_delay = 1);
-- A row for each worker, master or lease, rewritten every few seconds: room in the page keeps the rewriting in it, without touching indexes.
alter table session set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 200);
alter table master set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
alter table lease set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
alter table lock set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 200);
-- Every fire moves its schedule's row.
alter table schedule set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
alter table idempotency set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
-- Large and only added to, until the oldest rows go: a fifth of them would be months. Rows are frozen while they are in memory anyway, so that
-- no wraparound vacuum has to read all of it at once one day.
alter table fire set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_freeze_min_age = 0);
alter table event set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_freeze_min_age = 0);
alter table run_archive_old set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_freeze_min_age = 0);
alter table log_chunk_old set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_freeze_min_age = 0);
