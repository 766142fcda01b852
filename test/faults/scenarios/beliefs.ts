// Leaders that believe in a leadership which is no longer theirs: one whose lease is revoked by hand in etcd, and masters whose main loop
// stands still. What the first writes is compared, by the store's own order of commits, with the moment in which the next term began.

import { join } from 'node:path';
import type { Criterion, Scenario, Stage } from '../scenario.ts';
import { pause, until } from '../processes.ts';
import { leaderAfter } from '../leader-seat.ts';
import { lateWrites, noteWrites, refusedWrites, writesAfter } from '../leader-writes.ts';

const program = (name: string): readonly string[] => ['--conditions=source', join(import.meta.dirname, '..', name)];
const worst = 'a new leader after, ms (worst)';
const late = 'writes of an old term after the next one was recorded';
const rounds = 6;

function noted(
  values: ReadonlyMap<string, number>,
  name: string,
  bound: { atMost?: number; atLeast?: number },
): Criterion {
  return { name, measured: values.get(name) ?? Number.NaN, ...bound };
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
    stage.note(late, await lateWrites(stage));
    stage.note('writes of a revoked leader before the next term was recorded', await writesAfter(stage, revokedAt));
  },
  criteria: (measures, _, values) => [
    noted(values, late, { atMost: 0 }),
    noted(values, 'writes of a revoked leader before the next term was recorded', { atLeast: 1 }),
    noted(values, 'writes refused', { atLeast: rounds }),
    noted(values, worst, { atMost: 4000 }),
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
  ],
};

const frozenInside: Scenario = {
  id: '5L',
  title: 'the leader is frozen for 20 s inside an open transaction of its own, in which it has written already',
  expects: 'the store ends that transaction, which holds up the next term; nothing of it is ever committed',
  cluster: { masterProgram: program('zealous-server.ts'), postgresSettings: { track_commit_timestamp: 'on' } },
  play: async (stage) => {
    await noteWrites(stage);
    const { term, seat } = await leaderAfter(stage, 0);
    await pause(500);
    const at = stage.mark(`${seat.name}, leader of term ${term}, is frozen in its next write`);
    seat.running.signal('SIGUSR2');
    const next = await leaderAfter(stage, term);
    stage.note(worst, Date.now() - at);
    stage.mark(`${next.seat.name} leads term ${next.term}`);
    await pause(at + 20_000 - Date.now());
    stage.note('frozen inside', seat.running.output.includes('frozen inside') ? 1 : 0);
    seat.running.signal('SIGCONT');
    stage.mark(`${seat.name} goes on`);
    await until('it has given up', () => refusedWrites(stage) > 0, 10_000).catch(() => undefined);
    stage.note('writes refused', refusedWrites(stage));
    stage.note(late, await lateWrites(stage));
    stage.note('terms since then', (await leaderAfter(stage, 0)).term - next.term);
  },
  criteria: (measures, _, values) => [
    noted(values, worst, { atMost: 9000 }),
    noted(values, 'frozen inside', { atLeast: 1 }),
    noted(values, late, { atMost: 0 }),
    noted(values, 'writes refused', { atLeast: 1 }),
    noted(values, 'terms since then', { atMost: 0 }),
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

export const beliefScenarios: readonly Scenario[] = [frozenInside, blocked, allBlocked, revoked];
