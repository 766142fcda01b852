-- What the health of workers, masters and data is told by.

-- Why a session ended, when its supervisor said so: hung, crashed, silent; and what there is to know, such as a stack.
alter table session add column end_reason text;
alter table session add column end_detail text;

-- The master's wall clock minus the store's, by its last look. Only alarms come from it.
alter table master add column clock_offset_ms bigint;

-- Holds nothing as long as all is well, so that the self-check asks for it at no cost.
create index schedule_misplaced on schedule (id) where state = 'enabled' and next_fire_at <= cursor;
