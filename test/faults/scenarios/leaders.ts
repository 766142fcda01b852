// The leader is killed, stopped, frozen and cut off, with the store's lease as coordinator and with etcd. Firing does not need a leader; its duties
// do, so the next one must act soon, and the old one must never write again.

import type { MasterSeat } from '../faulty-cluster.ts';
import { leaderAfter } from '../leader-seat.ts';
import { pause } from '../processes.ts';
import type { Criterion, Scenario, Stage } from '../scenario.ts';
import type { Direction } from '../tcp-proxy.ts';

const worst = 'a new leader after, ms (worst)';
const knows = 'the old leader found its term over';

async function handOver(stage: Stage, rounds: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  let slowest = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const { term, seat } = await leaderAfter(stage, 0);
    const at = stage.mark(`${signal} to ${seat.name}, leader of term ${term}`);
    const gone = seat.running.end(signal);
    const next = await leaderAfter(stage, term);
    slowest = Math.max(slowest, Date.now() - at);
    stage.mark(`${next.seat.name} leads term ${next.term}`);
    await gone;
    await seat.start();
    await pause(1500);
  }
  stage.note(worst, slowest);
}

function bounds(
  noted: ReadonlyMap<string, number>,
  atMost: number,
  delayMs: number,
  measuredDelay: number,
): Criterion[] {
  return [
    { name: worst, measured: noted.get(worst) ?? Number.POSITIVE_INFINITY, atMost },
    { name: 'delay of any fire, ms', measured: measuredDelay, atMost: delayMs },
  ];
}

function passedOn(id: string, signal: 'SIGKILL' | 'SIGTERM', etcd: boolean, withinMs: number): Scenario {
  return {
    id,
    title: `the leader gets ${signal}, three times (${etcd ? 'etcd' : "the store's lease"})`,
    expects: 'another one leads soon; firing does not notice',
    cluster: { etcd },
    play: (stage) => handOver(stage, 3, signal),
    criteria: (measures, _, noted) => [
      ...bounds(noted, withinMs, 1000, measures.fireDelayMs.max),
      { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    ],
  };
}

/** What the fault did to the leader, until it is undone. */
function deposed(
  id: string,
  title: string,
  withinMs: number,
  fault: { begin(seat: MasterSeat): void; end(seat: MasterSeat): void },
  // What a frozen process had locked waits until the store ends its transaction.
  { etcd = false, delayMs = 11_000 }: { etcd?: boolean; delayMs?: number } = {},
): Scenario {
  return {
    id,
    title,
    cluster: { etcd },
    expects: 'another one leads; the old one finds its term over and does nothing more in it; nobody flaps',
    play: async (stage) => {
      const { term, seat } = await leaderAfter(stage, 0);
      const at = stage.mark(`${seat.name} leads term ${term}, and fails`);
      fault.begin(seat);
      const next = await leaderAfter(stage, term);
      stage.note(worst, Date.now() - at);
      stage.mark(`${next.seat.name} leads term ${next.term}`);
      await pause(10_000);
      fault.end(seat);
      stage.mark(`${seat.name} is well again`);
      await pause(8000);
      stage.note(knows, seat.running.output.includes('this master leads no longer') ? 1 : 0);
      const last = await leaderAfter(stage, 0);
      stage.note('terms since then', last.term - next.term);
    },
    criteria: (measures, _, noted) => [
      ...bounds(noted, withinMs, delayMs, measures.fireDelayMs.max),
      { name: 'terms since then', measured: noted.get('terms since then') ?? Number.POSITIVE_INFINITY, atMost: 0 },
      {
        name: 'moments whose fires came over a second late',
        measured: measures.lateTimes,
        atMost: delayMs > 1000 ? 1 : 0,
      },
      { name: knows, measured: noted.get(knows) ?? 0, atLeast: 1 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ],
  };
}

function cutFromEtcd(id: string, what: string, silent: readonly Direction[]): Scenario {
  return deposed(
    id,
    `the leader and etcd: nothing passes ${what}`,
    8000,
    {
      begin: (seat) => {
        for (const link of seat.toEtcd) link.set({ silent });
      },
      end: (seat) => {
        for (const link of seat.toEtcd) link.heal();
      },
    },
    { etcd: true, delayMs: 1000 },
  );
}

/** etcd is gone as a whole; whoever leads, or nobody, firing goes on. */
function etcdOutage(id: string, title: string, alsoLeader: boolean): Scenario {
  return {
    id,
    title,
    expects: 'changes of leadership stop, firing and dispatching do not; a leader acts soon after etcd is back',
    cluster: { etcd: true },
    play: async (stage) => {
      const { cluster } = stage;
      const { term, seat } = await leaderAfter(stage, 0);
      stage.mark('kill -9 of all members of etcd');
      for (const member of cluster.etcd?.members ?? []) await member.kill();
      if (alsoLeader) {
        await pause(1000);
        stage.mark(`kill -9 of ${seat.name}, leader of term ${term}`);
        await seat.running.end('SIGKILL');
      }
      await pause(20_000);
      for (const member of cluster.etcd?.members ?? []) member.start();
      await cluster.etcd?.healthy();
      const at = stage.mark('etcd is healthy again');
      // The store still names a leader that was killed.
      const next = await leaderAfter(stage, alsoLeader ? term : 0);
      stage.note(worst, Date.now() - at);
      stage.mark(`${next.seat.name} leads term ${next.term}`);
      if (alsoLeader) await seat.start();
    },
    criteria: (measures, _, noted) => [
      ...bounds(noted, 8000, 1000, measures.fireDelayMs.max),
      { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    ],
  };
}

const memberFrozen: Scenario = {
  id: '19',
  title: 'each member of etcd in turn is frozen for 10 s',
  expects: 'a needless election at most; nothing is written in an old term, no fire waits',
  cluster: { etcd: true },
  play: async (stage) => {
    const { term } = await leaderAfter(stage, 0);
    for (const member of stage.cluster.etcd?.members ?? []) {
      stage.mark(`SIGSTOP to ${member.endpoint}`);
      member.pause();
      await pause(10_000);
      member.resume();
      await pause(2000);
    }
    const last = await leaderAfter(stage, 0);
    stage.note('terms', last.term - term);
  },
  criteria: (measures, _, noted) => [
    { name: 'terms', measured: noted.get('terms') ?? Number.POSITIVE_INFINITY, atMost: 3 },
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
  ],
};

export const leaderScenarios: readonly Scenario[] = [
  passedOn('1L', 'SIGKILL', false, 6000),
  passedOn('1E', 'SIGKILL', true, 4000),
  passedOn('2L', 'SIGTERM', false, 1000),
  passedOn('2E', 'SIGTERM', true, 1000),
  deposed('4L', 'the leader is frozen (SIGSTOP) and goes on after its lease', 8000, {
    begin: (seat) => seat.running.signal('SIGSTOP'),
    end: (seat) => seat.running.signal('SIGCONT'),
  }),
  cutFromEtcd('11', 'either way', ['toServer', 'toClient']),
  deposed(
    '12L',
    'the leader is cut off from the store',
    8000,
    {
      begin: (seat) => {
        seat.toStore.set({ refuse: true });
        seat.toStore.reset();
      },
      end: (seat) => seat.toStore.heal(),
    },
    { delayMs: 1000 },
  ),
  cutFromEtcd('13', 'to etcd', ['toServer']),
  cutFromEtcd('14', 'from etcd', ['toClient']),
  etcdOutage('17', 'all members of etcd are killed for 20 s', false),
  etcdOutage('18', 'all members of etcd are killed for 20 s, and the leader too', true),
  memberFrozen,
];
