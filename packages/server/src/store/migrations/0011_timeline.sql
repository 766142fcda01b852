-- usable from: 8
-- The timeline of the store in which a term of leadership was recorded. A promoted standby begins another one, and there the term is over.
alter table leader_term add column timeline integer;
alter table election add column timeline integer;
