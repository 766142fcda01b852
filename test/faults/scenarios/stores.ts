// The store, and the way to it: cut, silent in one or both directions, full, killed. What is not known must be told as unknown, and
// what cannot be done now must be done when the store is back.

import pg from 'pg';
import type { MasterSeat } from '../faulty-cluster.ts';
import { pause, until } from '../processes.ts';
import type { Criterion, Scenario, Stage } from '../scenario.ts';
import { committed, type LinkFault } from '../tcp-proxy.ts';
import type { Measures } from '../measures.ts';

function first(stage: Stage): MasterSeat {
  const [seat] = stage.cluster.masters;
  if (seat === undefined) throw new Error('there is no master');
  return seat;
}

function noHarm(measures: Measures, delayMs: number): Criterion[] {
  return [
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: delayMs },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ];
}

/** Statements give up after this, then the row locks of a silent master are free at the latest. */
const silentStoreMs = 13_000;

function badLinkToStore(id: string, title: string, expects: string, fault: LinkFault, delayMs: number): Scenario {
  return {
    id,
    title,
    expects,
    play: async (stage) => {
      const seat = first(stage);
      stage.mark(`the link of ${seat.name} to the store fails`);
      seat.toStore.set(fault);
      if (fault.refuse === true) seat.toStore.reset();
      await pause(15_000);
      seat.toStore.heal();
      stage.mark('the link is healed');
      await until(`${seat.name} has its store again`, () => isReady(seat), 30_000);
      stage.mark(`${seat.name} is ready again`);
      const before = await unknownOutcomes(seat);
      stage.note('unknown outcomes met', before);
    },
    criteria: (measures) => noHarm(measures, delayMs),
  };
}

async function isReady(seat: MasterSeat): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${seat.port}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

async function unknownOutcomes(seat: MasterSeat): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${seat.port}/metrics`)).text();
  return Number(/^tidewheel_store_unknown_outcomes_total (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** From a second's beginning, when fires are decided: what commits then is done, and no answer to it comes. */
const silenceMs = 200;
const roundsLeast = 15;
const roundsMost = 60;
const unknownLeast = 10;

const repliesLost: Scenario = {
  id: '15',
  title: 'answers to commits are lost again and again, then the connections are cut (all masters in turn)',
  expects: 'commits of unknown outcome are read back; nothing is done twice, nothing acknowledged is missing',
  callEveryMs: 30,
  play: async (stage) => {
    const { masters } = stage.cluster;
    let round = 0;
    let unknown = 0;
    for (; round < roundsLeast || (round < roundsMost && unknown < unknownLeast); round += 1) {
      const seat = masters[round % masters.length];
      await pause(1000 - (Date.now() % 1000) + 1);
      seat?.toStore.set({ muteAt: committed });
      await pause(silenceMs);
      seat?.toStore.reset();
      seat?.toStore.heal();
      const counts = await Promise.all(masters.map(unknownOutcomes));
      unknown = counts.reduce((sum, count) => sum + count, 0);
    }
    stage.mark(`${round} rounds are over`);
    stage.note('unknown outcomes met', unknown);
  },
  criteria: (measures, _, noted) => [
    ...noHarm(measures, 3000),
    { name: 'unknown outcomes met', measured: noted.get('unknown outcomes met') ?? 0, atLeast: unknownLeast },
  ],
};

function storeKilled(id: string, seconds: number): Scenario {
  return {
    id,
    title: `PostgreSQL is killed and comes back after ${seconds} s`,
    expects: 'masters wait, answer that they cannot, and go on when it is back; no acknowledged trigger is lost',
    play: async (stage) => {
      stage.mark('kill -9 of every process of PostgreSQL');
      await stage.cluster.postgres.kill();
      await pause(seconds * 1000);
      await stage.cluster.postgres.restart();
      const at = stage.mark('PostgreSQL answers');
      const fired = await until('a fire', () => lastFire(stage, at), 30_000);
      stage.note('firing again after, ms', fired - at);
      await pause(4000);
    },
    criteria: (measures, _, noted) => [
      ...noHarm(measures, seconds * 1000 + 15_000),
      { name: 'firing again after, ms', measured: noted.get('firing again after, ms') ?? Infinity, atMost: 10_000 },
    ],
  };
}

async function lastFire(stage: Stage, after: number): Promise<number | false> {
  const rows = await stage.cluster.store.db
    .query<{ at: number | null }>('select max(decided_at) as at from fire where decided_at > $1', [after])
    .catch(() => []);
  return rows[0]?.at ?? false;
}

const connectionsExhausted: Scenario = {
  id: '31',
  title: 'another client takes all connections of PostgreSQL',
  expects: 'masters keep what they have and go on; none restarts',
  cluster: { postgresSettings: { max_connections: '60' } },
  play: async (stage) => {
    const taken: pg.Client[] = [];
    for (let n = 0; n < 60; n += 1) {
      const client = new pg.Client({ connectionString: stage.cluster.storeUrl });
      client.on('error', () => undefined);
      try {
        await client.connect();
        taken.push(client);
      } catch {
        break;
      }
    }
    stage.mark(`${taken.length} connections taken, none is left`);
    stage.note('connections taken', taken.length);
    await pause(8000);
    await Promise.all(taken.map((client) => client.end()));
    stage.mark('they are free again');
  },
  criteria: (measures, _, noted) => [
    ...noHarm(measures, 1000),
    { name: 'connections taken', measured: noted.get('connections taken') ?? 0, atLeast: 10 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
  ],
};

export const storeScenarios: readonly Scenario[] = [
  badLinkToStore(
    '12',
    'one master is cut off from the store (connections refused)',
    'the others go on; this one waits, and takes part again when the link is back',
    { refuse: true },
    1500,
  ),
  badLinkToStore(
    '16',
    'the link of one master to the store is half-open: nothing passes, nothing is closed',
    'its locks are freed by the limits on idle transactions and statements; the others go on',
    { silent: ['toServer', 'toClient'] },
    silentStoreMs,
  ),
  repliesLost,
  storeKilled('22', 3),
  connectionsExhausted,
];
