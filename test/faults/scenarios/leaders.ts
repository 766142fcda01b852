// The leader is killed, stopped, frozen and cut off, with the store's lease as coordinator. Firing does not need a leader; its duties
// do, so the next one must act soon, and the old one must never write again.

import type { FaultyCluster, MasterSeat } from '../faulty-cluster.ts';
import { pause, until } from '../processes.ts';
import type { Criterion, Scenario, Stage } from '../scenario.ts';

interface Leader {
  readonly term: number;
  readonly seat: MasterSeat;
}

/** Who leads now, by the store: its election is the newest, and not over. */
async function leaderOf(cluster: FaultyCluster): Promise<Leader | false> {
  const rows = await cluster.store.db
    .query<{ term: number; address: string }>(
      `select t.term, e.address from leader_term t join election e on e.term = t.term
       where t.master_id is not null and e.until_at is null`,
    )
    .catch(() => []);
  const [row] = rows;
  const seat = cluster.masters.find(({ address }) => address === row?.address);
  return row === undefined || seat === undefined ? false : { term: row.term, seat };
}

function leaderAfter(stage: Stage, term: number): Promise<Leader> {
  return until(
    `a leader after term ${term}`,
    async () => {
      const leader = await leaderOf(stage.cluster);
      return leader !== false && leader.term > term && leader;
    },
    30_000,
    20,
  );
}

const worst = 'a new leader after, ms (worst)';

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

const killed: Scenario = {
  id: '1L',
  title: 'the leader is killed (kill -9), three times',
  expects: 'another one leads when the lease has run out; firing does not notice',
  play: (stage) => handOver(stage, 3, 'SIGKILL'),
  criteria: (measures, _, noted) => [
    ...bounds(noted, 6000, 1000, measures.fireDelayMs.max),
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
  ],
};

const stopped: Scenario = {
  id: '2L',
  title: 'the leader is asked to stop (SIGTERM), three times',
  expects: 'it hands over',
  play: (stage) => handOver(stage, 3, 'SIGTERM'),
  criteria: (measures, _, noted) => [
    ...bounds(noted, 1000, 1000, measures.fireDelayMs.max),
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
  ],
};

/** What the fault did to the leader, until it is undone. */
function deposed(
  id: string,
  title: string,
  withinMs: number,
  fault: { begin(seat: MasterSeat): void; end(seat: MasterSeat): void },
): Scenario {
  return {
    id,
    title,
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
      const last = await leaderAfter(stage, 0);
      stage.note('terms since then', last.term - next.term);
    },
    criteria: (measures, _, noted) => [
      ...bounds(noted, withinMs, 11_000, measures.fireDelayMs.max),
      { name: 'terms since then', measured: noted.get('terms since then') ?? Number.POSITIVE_INFINITY, atMost: 0 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ],
  };
}

export const leaderScenarios: readonly Scenario[] = [
  killed,
  stopped,
  deposed('4L', 'the leader is frozen (SIGSTOP) and goes on after its lease', 8000, {
    begin: (seat) => seat.running.signal('SIGSTOP'),
    end: (seat) => seat.running.signal('SIGCONT'),
  }),
  deposed('12L', 'the leader is cut off from the store', 8000, {
    begin: (seat) => {
      seat.toStore.set({ refuse: true });
      seat.toStore.reset();
    },
    end: (seat) => seat.toStore.heal(),
  }),
];
