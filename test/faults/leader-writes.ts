// The proof that no leader writes in a term that is over: what `zealous-server.ts` wrote, against the beginnings of terms, in the
// order in which the store committed both (`track_commit_timestamp`). The rows stay as they were committed, so their order can be read later.

import type { Stage } from './scenario.ts';

/** Each beginning of a term, and each write of a leader, is a row that stays as it was committed. */
export async function noteWrites({ cluster: { store } }: Stage): Promise<void> {
  for (const statement of [
    'create table faults_term (term bigint not null)',
    `create function faults_note_term() returns trigger language plpgsql as
       $$ begin insert into faults_term values (new.term); return new; end $$`,
    'create trigger faults_note_term after insert on election for each row execute function faults_note_term()',
    'create table faults_leader_write (term bigint not null)',
  ])
    await store.db.query(statement);
}

const committed = (table: string): string => `pg_xact_commit_timestamp(${table}.xmin)`;

async function count({ cluster }: Stage, where: string, params: readonly string[] = []): Promise<number> {
  const [row] = await cluster.store.db.query<{ n: number }>(
    `select count(*) as n from faults_leader_write w join faults_term t on t.term = w.term + 1 where ${where}`,
    params,
  );
  return row?.n ?? Number.NaN;
}

/** Committed after the next term had begun. */
export function lateWrites(stage: Stage): Promise<number> {
  return count(stage, `${committed('w')} > ${committed('t')}`);
}

/** Committed after the given moment of each term, before the next one had begun. */
export function writesAfter(stage: Stage, momentOfTerm: ReadonlyMap<number, number>): Promise<number> {
  const since = `to_timestamp(($1::jsonb ->> w.term::text)::float8 / 1000)`;
  return count(stage, `${committed('w')} > ${since} and ${committed('w')} <= ${committed('t')}`, [
    JSON.stringify(Object.fromEntries(momentOfTerm)),
  ]);
}

/** As the masters counted them; told when a term has been over for a while. */
export function refusedWrites({ cluster }: Stage): number {
  const outputs = cluster.masters.flatMap(({ programs }) => programs.map(({ output }) => output));
  const counts = outputs.flatMap((output) => [...output.matchAll(/^refused (\d+) writes of term/gm)]);
  return counts.reduce((sum, [, refused]) => sum + Number(refused), 0);
}
