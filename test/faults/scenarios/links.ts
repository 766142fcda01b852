// The links between workers and masters: cut off one way or both, reset, slow and lossy, clogged at random.

import type { FaultyCluster } from '../faulty-cluster.ts';
import { pause, until } from '../processes.ts';
import type { Scenario } from '../scenario.ts';
import type { Direction, LinkFault, TcpProxy } from '../tcp-proxy.ts';

function oneWay(id: string, direction: Direction): Scenario {
  const way = direction === 'toServer' ? 'from a worker to the masters' : 'from the masters to a worker';
  return {
    id,
    title: `nothing passes ${way} for 30 s; the other way is open`,
    expects: 'the worker fences itself before its lease ends; its runs begin elsewhere after that',
    needsNamespaces: true,
    workers: [{ isolated: true }, {}],
    play: async (stage) => {
      const [links] = stage.cluster.isolated;
      await Promise.all(Array.from({ length: 12 }, () => stage.caller.trigger('enduring')));
      await pause(1500);
      stage.mark(`silent ${way}`);
      links?.set({ silent: [direction] });
      await pause(30_000);
      links?.heal();
      stage.mark('healed');
      await pause(4000);
    },
    criteria: (measures) => [
      { name: 'runs that began elsewhere', measured: measures.rescuedRuns, atLeast: 2 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
      { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    ],
  };
}

const resets: Scenario = {
  id: '32r',
  title: 'all connections of the workers are reset, ten times',
  expects: 'sessions are resumed; nothing that runs is executed again',
  play: async (stage) => {
    await Promise.all(Array.from({ length: 8 }, () => stage.caller.trigger('enduring')));
    for (let round = 1; round <= 10; round += 1) {
      for (const seat of stage.cluster.masters) seat.toMaster.reset();
      await pause(1500);
    }
    stage.mark('ten resets are over');
  },
  criteria: (measures) => [
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
  ],
};

const herd: Scenario = {
  id: '38',
  title: 'four workers are cut off from all masters for 40 s, and come back at once',
  expects: 'all register anew within moments, none is found dead again, what was lost runs again',
  workers: [{}, {}, {}, {}],
  drainMs: 90_000,
  play: async (stage) => {
    const { cluster } = stage;
    for (const seat of cluster.masters) seat.toMaster.set({ silent: ['toServer', 'toClient'] });
    stage.mark('all workers are cut off');
    await pause(40_000);
    const at = stage.mark('the links are healed');
    for (const seat of cluster.masters) seat.toMaster.heal();
    await until('four live sessions', async () => (await liveSessions(cluster)) === 4, 30_000);
    stage.note('all back after, ms', Date.now() - at);
    const settled = Date.now();
    await pause(20_000);
    stage.note('sessions lost afterwards', await lostSince(cluster, settled));
  },
  criteria: (measures, _, noted) => [
    { name: 'all back after, ms', measured: noted.get('all back after, ms') ?? Infinity, atMost: 12_000 },
    { name: 'sessions lost afterwards', measured: noted.get('sessions lost afterwards') ?? Infinity, atMost: 0 },
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

async function liveSessions(cluster: FaultyCluster): Promise<number> {
  const [row] = await cluster.store.db.query<{ n: number }>(`select count(*) as n from session where state = 'live'`);
  return row?.n ?? 0;
}

async function lostSince(cluster: FaultyCluster, at: number): Promise<number> {
  const [row] = await cluster.store.db.query<{ n: number }>(
    `select count(*) as n from session where state = 'dead' and ended_at > $1`,
    [at],
  );
  return row?.n ?? 0;
}

const slowAndLossy: Scenario = {
  id: '43',
  title: 'all links lose 1 % and take 50 ± 50 ms',
  expects: 'everything is slower and nothing else: no session ends, nothing is executed again',
  play: async (stage) => {
    const fault: LinkFault = { delayMs: 25, jitterMs: 50, loss: 0.01 };
    for (const proxy of allLinks(stage.cluster)) proxy.set(fault);
    stage.mark('all links are bad');
    await pause(30_000);
    for (const proxy of allLinks(stage.cluster)) proxy.heal();
  },
  criteria: (measures) => [
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 5000 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

function allLinks(cluster: FaultyCluster): TcpProxy[] {
  return cluster.masters.flatMap((seat) => [seat.toStore, seat.toMaster]);
}

const swizzle: Scenario = {
  id: '44',
  title: 'links are clogged one after another, and opened again in another order, three times',
  expects: 'everything recovers within 30 s of the last one',
  drainMs: 60_000,
  play: async (stage) => {
    for (let round = 1; round <= 3; round += 1) {
      for (const link of shuffled(allLinks(stage.cluster))) {
        link.set({ silent: ['toServer', 'toClient'] });
        await pause(Math.random() * 1500);
      }
      stage.mark('all links are clogged');
      for (const link of shuffled(allLinks(stage.cluster))) {
        await pause(Math.random() * 1500);
        link.heal();
      }
      stage.mark(`round ${round} is over`);
      await pause(3000);
    }
    const at = Date.now();
    await until('no run waits for more than a second', () => nothingLate(stage.cluster), 60_000, 250);
    stage.note('recovered after, ms', Date.now() - at);
  },
  criteria: (measures, _, noted) => [
    { name: 'recovered after, ms', measured: noted.get('recovered after, ms') ?? Infinity, atMost: 30_000 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

async function nothingLate(cluster: FaultyCluster): Promise<boolean> {
  const [row] = await cluster.store.db.query<{ n: number }>(
    `select (select count(*) from run where state = 'ready' and due_at < now_ms() - 1000) +
       (select count(*) from schedule where state = 'enabled' and next_fire_at < now_ms() - 1000) as n`,
  );
  return row?.n === 0;
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

export const linkScenarios: readonly Scenario[] = [
  oneWay('35a', 'toServer'),
  oneWay('35b', 'toClient'),
  resets,
  herd,
  slowAndLossy,
  swizzle,
];
