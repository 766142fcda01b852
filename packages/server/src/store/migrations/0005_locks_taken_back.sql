-- usable from: 4
-- Of a lock that was taken away from its holder: which token, by whom and why, so that the holder can be told.
alter table lock add column taken_token bigint;
alter table lock add column taken_by text;
alter table lock add column taken_reason text;
