// Leaders that believe in a leadership which is no longer theirs: one whose lease is revoked by hand in etcd, and masters whose main loop
// stands still. What the first writes is compared, by the store's own order of commits, with the moment in which the next term began.

import { join } from 'node:path';
import type { Criterion, Scenario, Stage } from '../scenario.ts';
import { pause, until } from '../processes.ts';
import { leaderAfter } from '../leader-seat.ts';

const program = (name: string): readonly string[] => ['--conditions=source', join(import.meta.dirname, '..', name)];
const worst = 'a new leader after, ms (worst)';
const rounds = 6;

function noted(
  values: ReadonlyMap<string, number>,
  name: string,
  bound: { atMost?: number; atLeast?: number },
): Criterion {
  return { name, measured: values.get(name) ?? Number.NaN, ...bound };
}

/** Each beginning of a term, and each write of a leader, is a row that stays as it was committed. */
async function noteWrites({ cluster: { store } }: Stage): Promise<void> {
  for (const statement of [
    'create table faults_term (term bigint not null)',
    `create function faults_note_term() returns trigger language plpgsql as
       $$ begin insert into faults_term values (new.term); return new; end $$`,
    'create trigger faults_note_term after insert on election for each row execute function faults_note_term()',
    'create table faults_leader_write (term bigint not null)',
  ])
    await store.db.query(statement);
}

/** Ends the etcd lease behind the key of the leadership, as an operator or a defect of etcd may. */
async function revokeLease(stage: Stage): Promise<void> {
  const [endpoint = ''] = stage.cluster.etcd?.endpoints ?? [];
  const call = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  // A key of one zero byte to an end of one zero byte: everything.
  const all = (await call('kv/range', { key: 'AA==', range_end: 'AA==' })) as {
    kvs?: { key: string; lease: string }[];
  };
  const found = all.kvs?.find(({ key }) => Buffer.from(key, 'base64').toString().endsWith('leader'));
  if (found === undefined) throw new Error('nobody holds the lease of the leadership');
  await call('lease/revoke', { ID: found.lease });
}

const committed = (table: string): string => `pg_xact_commit_timestamp(${table}.xmin)`;

async function countWrites(stage: Stage, revoked: ReadonlyMap<number, number>): Promise<void> {
  const { db } = stage.cluster.store;
  const count = async (name: string, where: string, params: readonly string[] = []): Promise<void> => {
    const [row] = await db.query<{ n: number }>(
      `select count(*) as n from faults_leader_write w join faults_term t on t.term = w.term + 1 where ${where}`,
      params,
    );
    stage.note(name, row?.n ?? Number.NaN);
  };
  await count('writes of an old term after the next one was recorded', `${committed('w')} > ${committed('t')}`);
  await count(
    'writes of a revoked leader before the next term was recorded',
    `${committed('w')} <= ${committed('t')}
       and ${committed('w')} > to_timestamp(($1::jsonb ->> w.term::text)::float8 / 1000)`,
    [JSON.stringify(Object.fromEntries(revoked))],
  );
}

function refusedWrites(stage: Stage): number {
  const outputs = stage.cluster.masters.flatMap(({ programs }) => programs.map(({ output }) => output));
  const counts = outputs.flatMap((output) => [...output.matchAll(/^refused (\d+) writes of term/gm)]);
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

const revoked: Scenario = {
  id: '20',
  title: `the leader's lease is revoked in etcd by hand, ${rounds} times, while it writes every 5 ms and hears of it late or never`,
  expects:
    'two believe in their leadership for a moment; of the old term nothing is written once the new one is recorded',
  cluster: {
    etcd: true,
    masterProgram: program('zealous-server.ts'),
    postgresSettings: { track_commit_timestamp: 'on' },
  },
  play: async (stage) => {
    await noteWrites(stage);
    const revokedAt = new Map<number, number>();
    let slowest = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const { term, seat } = await leaderAfter(stage, 0);
      // In every other round the leader does not hear etcd: nothing but the store can tell it.
      const deaf = round % 2 === 0;
      if (deaf) for (const link of seat.toEtcd) link.set({ silent: ['toClient'] });
      await pause(300);
      const at = stage.mark(
        `the lease of ${seat.name}, leader of term ${term}, is revoked${deaf ? '; it is deaf' : ''}`,
      );
      await revokeLease(stage);
      revokedAt.set(term, at);
      const next = await leaderAfter(stage, term);
      slowest = Math.max(slowest, Date.now() - at);
      stage.mark(`${next.seat.name} leads term ${next.term}`);
      await pause(3000);
      for (const link of seat.toEtcd) link.heal();
      await pause(1500);
    }
    stage.note(worst, slowest);
    await until('all old leaders have given up', () => refusedWrites(stage) >= rounds, 10_000).catch(() => undefined);
    stage.note('writes refused', refusedWrites(stage));
    await countWrites(stage, revokedAt);
  },
  criteria: (measures, _, values) => [
    noted(values, 'writes of an old term after the next one was recorded', { atMost: 0 }),
    noted(values, 'writes of a revoked leader before the next term was recorded', { atLeast: 1 }),
    noted(values, 'writes refused', { atLeast: rounds }),
    noted(values, worst, { atMost: 4000 }),
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
  ],
};

const blockedMs = 10_000;
const dead = 'workers that were declared dead';
const noticed = 'masters that noticed their pause';

/** What became of workers, and whether those that stood still know it. */
async function notePause(stage: Stage): Promise<void> {
  const [row] = await stage.cluster.store.db.query<{ n: number }>(
    `select count(*) as n from session where state = 'dead' and namespace = 'default'`,
  );
  stage.note(dead, row?.n ?? Number.NaN);
  const outputs = stage.cluster.masters.map(({ running }) => running.output);
  stage.note(noticed, outputs.filter((output) => output.includes('this master stood still')).length);
}

const blocked: Scenario = {
  id: '8',
  title: `the leader's main loop is blocked for ${blockedMs / 1000} s`,
  expects:
    'it loses its lease, another one leads; the others go on; its workers move and none of them dies, then or after',
  cluster: { masterProgram: program('blockable-server.ts') },
  workers: [{}, {}, {}, {}],
  play: async (stage) => {
    const { term, seat } = await leaderAfter(stage, 0);
    const at = stage.mark(`${seat.name}, leader of term ${term}, is blocked`);
    seat.running.signal('SIGUSR2');
    const next = await leaderAfter(stage, term);
    stage.note(worst, Date.now() - at);
    stage.mark(`${next.seat.name} leads term ${next.term}`);
    await pause(at + blockedMs - Date.now());
    stage.mark(`${seat.name} goes on`);
    await pause(8000);
    await notePause(stage);
    stage.note('terms since then', (await leaderAfter(stage, 0)).term - next.term);
  },
  criteria: (measures, _, values) => [
    noted(values, worst, { atMost: 8000 }),
    noted(values, 'terms since then', { atMost: 0 }),
    noted(values, dead, { atMost: 0 }),
    noted(values, noticed, { atLeast: 1 }),
    // What it had locked in that moment waits until the store ends its transaction, or until it goes on.
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: blockedMs + 1000 },
    { name: 'moments whose fires came over a second late', measured: measures.lateTimes, atMost: 1 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

const allBlocked: Scenario = {
  id: '8A',
  title: `the main loops of all masters are blocked for ${blockedMs / 1000} s at once`,
  expects: "afterwards everything is caught up, and no worker is declared dead for a silence that was the masters' own",
  cluster: { masterProgram: program('blockable-server.ts') },
  workers: [{}, {}, {}, {}],
  play: async (stage) => {
    stage.mark('all masters are blocked');
    for (const { running } of stage.cluster.masters) running.signal('SIGUSR2');
    await pause(blockedMs);
    stage.mark('they go on');
    await pause(8000);
    await leaderAfter(stage, 0);
    await notePause(stage);
  },
  criteria: (measures, _, values) => [
    noted(values, dead, { atMost: 0 }),
    noted(values, noticed, { atLeast: 3 }),
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: blockedMs + 1000 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

export const beliefScenarios: readonly Scenario[] = [blocked, allBlocked, revoked];
