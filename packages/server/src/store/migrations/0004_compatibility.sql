-- usable from: 3
-- With each migration, the oldest binary that can work on its result, by the newest migration which that binary knows. Null: none that
-- does not know the migration itself. Binaries before this migration do not read it and refuse whatever they do not know.
alter table schema_migration add column usable_from integer;
