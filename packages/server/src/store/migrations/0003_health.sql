-- Why a session ended, when its supervisor said so: hung, crashed, silent; and what there is to know, such as a stack.

alter table session add column end_reason text;
alter table session add column end_detail text;
