// What stands between a commit and its standby: the standby dies, the wait is canceled by hand, replication lags when the primary is lost,
// a node's clock leaps. PostgreSQL is kept by Patroni from the files that are shipped.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { fakeClock } from '../../support/faketime.ts';
import type { PatroniNode } from '../../support/patroni-node.ts';
import { startPatroni } from '../../support/patroni.ts';
import { pause, until } from '../processes.ts';
import type { Criterion, Scenario, Stage } from '../scenario.ts';
import { firesAgain, withPatroni } from './fail-overs.ts';

async function asSuperuser<T>(node: PatroniNode, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: node.urlOf('postgres', 'postgres') });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface ClusterSaid {
  readonly store: { readonly durability: { readonly mode: string; readonly rpoMs: number | null } };
  readonly degraded: readonly { readonly what: string }[];
}

async function clusterSays(stage: Stage): Promise<ClusterSaid> {
  const [seat] = stage.cluster.masters;
  const response = await fetch(`http://127.0.0.1:${seat?.port}/v1/cluster`, {
    headers: { authorization: `Bearer ${stage.cluster.adminToken}` },
    signal: AbortSignal.timeout(5000),
  });
  return (await response.json()) as ClusterSaid;
}

async function unknownOutcomes(stage: Stage): Promise<number> {
  let sum = 0;
  for (const seat of stage.cluster.masters) {
    const text = await (await fetch(`http://127.0.0.1:${seat.port}/metrics`)).text();
    sum += Number(/^tidewheel_store_unknown_outcomes_total (\d+)$/m.exec(text)?.[1] ?? 0);
  }
  return sum;
}

const standbyKilled: Scenario = {
  id: '27',
  title: 'the machine of the standby that confirms commits is gone (kill -9)',
  expects: 'commits wait, none is confirmed falsely, until Patroni has named the other standby; then all is caught up',
  prepare: () => withPatroni(),
  play: async (stage) => {
    const { patroni } = stage.cluster;
    const standby = await patroni.confirming();
    const at = stage.mark(`${standby.name}, which confirms, is killed`);
    standby.kill();
    stage.note('firing stood still for, ms', await firesAgain(stage, at));
    stage.mark('schedules fire again');
    standby.start();
    await patroni.whole();
    stage.mark('the cluster is whole again');
  },
  criteria: (measures, _, noted): Criterion[] => [
    {
      name: 'firing stood still for, ms',
      measured: noted.get('firing stood still for, ms') ?? Infinity,
      atMost: 20_000,
    },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

const waitCanceled: Scenario = {
  id: '28',
  title: 'waits for the standby are canceled by hand again and again (pg_cancel_backend) while it stands still',
  expects: 'each is an unknown outcome, and nothing is told of it before a standby has it',
  callEveryMs: 50,
  prepare: () => withPatroni(),
  play: async (stage) => {
    const { patroni } = stage.cluster;
    const primary = await patroni.primary();
    const standby = await patroni.confirming();
    const before = await unknownOutcomes(stage);
    const at = stage.mark(`${standby.name}, which confirms, stands still`);
    standby.pause();
    let canceled = 0;
    await asSuperuser(primary, async (client) => {
      for (let round = 0; round < 40; round += 1) {
        const sql = `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep' and usename = 'tidewheel'`;
        canceled += (await client.query(sql)).rowCount ?? 0;
        await pause(100);
      }
    });
    standby.resume();
    stage.mark(`it goes on; ${canceled} waits were canceled`);
    stage.note('waits canceled', canceled);
    stage.note('firing stood still for, ms', await firesAgain(stage, at));
    await patroni.whole();
    stage.note('unknown outcomes met', (await unknownOutcomes(stage)) - before);
  },
  criteria: (measures, _, noted): Criterion[] => [
    { name: 'waits canceled', measured: noted.get('waits canceled') ?? 0, atLeast: 1 },
    { name: 'unknown outcomes met', measured: noted.get('unknown outcomes met') ?? 0, atLeast: 1 },
    {
      name: 'firing stood still for, ms',
      measured: noted.get('firing stood still for, ms') ?? Infinity,
      atMost: 20_000,
    },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

/** Shorter than what standbys wait before they ask anew, so that none of what comes meanwhile reaches them. */
const lagMs = 4000;

/**
 * With asynchronous replication the loss of the primary loses what standbys did not have yet; that is its price, and here it is counted.
 * What must hold even then: each nominal time is decided exactly once in the history that goes on, nothing is executed twice at a time, and
 * a success is a success.
 */
const lagging: Scenario = {
  id: '26',
  title: 'asynchronous replication, which lags by 4 s when the machine of the primary is gone (kill -9)',
  expects:
    'the loss is shown beforehand and counted; the old term writes nothing, what workers hold is adopted and not doubled',
  prepare: () => withPatroni(),
  costs: new Set(['triggers', 'cancels', 'attempts', 'at most once']),
  drainMs: 120_000,
  play: async (stage) => {
    const { patroni } = stage.cluster;
    await patroni.configure({
      synchronous_mode: false,
      synchronous_mode_strict: false,
      maximum_lag_on_failover: 1 << 30,
    });
    await until(
      'the cluster says that the loss of the primary would lose something',
      async () => {
        const said = await clusterSays(stage).catch(() => null);
        return (
          said?.store.durability.mode === 'asynchronous' &&
          said.degraded.some(({ what }) => what === 'store-durability')
        );
      },
      30_000,
    );
    stage.mark('replication is asynchronous, and the cluster says so');
    stage.note('masters warned', 1);
    const primary = await patroni.primary();
    const senders = await asSuperuser(primary, async (client) =>
      (await client.query<{ pid: number }>('select pid from pg_stat_replication')).rows.map(({ pid }) => pid),
    );
    for (const pid of senders) process.kill(pid, 'SIGSTOP');
    stage.mark('nothing reaches the standbys');
    await pause(lagMs);
    const at = stage.mark(`${primary.name} is killed`);
    primary.kill();
    stage.note('firing stood still for, ms', await firesAgain(stage, at));
    stage.mark('schedules fire again');
    primary.start();
    await patroni.whole();
    stage.mark('the cluster is whole again');
  },
  criteria: (measures, evidence, noted): Criterion[] => {
    const marks = new Set(evidence.runs.map(({ mark }) => mark));
    const lost = evidence.triggers.filter(({ outcome, mark }) => outcome === 'acknowledged' && !marks.has(mark)).length;
    return [
      { name: 'masters warned', measured: noted.get('masters warned') ?? 0, atLeast: 1 },
      { name: 'acknowledged triggers that were lost', measured: lost, atLeast: 1 },
      {
        name: 'firing stood still for, ms',
        measured: noted.get('firing stood still for, ms') ?? Infinity,
        atMost: 30_000,
      },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ];
  },
};

/** Of the third node, in the scenario that is played. */
let setClock: ((time: string) => void) | undefined;

const clockLeaps: Scenario = {
  id: '40',
  title: 'the wall clock of a standby and its Patroni leaps an hour forward, then to an hour back',
  expects: 'no fire early, late or twice; nobody is promoted',
  prepare: async () => {
    const home = mkdtempSync(join(tmpdir(), 'tidewheel-clock-'));
    const clock = fakeClock(join(home, 'time'), false);
    setClock = clock.set;
    const patroni = await startPatroni({ env: [{}, {}, clock.env] });
    return {
      cluster: { patroni },
      remove: async () => {
        await patroni.stop();
        await rm(home, { recursive: true, force: true });
      },
    };
  },
  play: async (stage) => {
    const { patroni } = stage.cluster;
    const third = patroni.nodes[2];
    const primary = await patroni.primary();
    if (third === undefined || setClock === undefined)
      throw new Error('there is no third node with a clock in our hands');
    if (primary === third) {
      const to = await patroni.confirming();
      await patroni.switchOver(third, to);
      await patroni.whole();
    }
    const before = await patroni.primary();
    for (const time of ['+3600', '-3600', '+0']) {
      setClock(time);
      stage.mark(`the clock of ${third.name} is at ${time} s`);
      await pause(12_000);
    }
    await patroni.whole();
    stage.note('promotions', (await patroni.primary()) === before ? 0 : 1);
  },
  criteria: (measures, { ledger }, noted): Criterion[] => {
    const fired = ledger.filter((row) => row.outcome === 'fired').map((row) => row.decidedAt - row.fireAt);
    return [
      { name: 'earliest fire after its time, ms', measured: Math.min(...fired), atLeast: 0 },
      { name: 'promotions', measured: noted.get('promotions') ?? Infinity, atMost: 0 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ];
  },
};

export const replicationScenarios: readonly Scenario[] = [lagging, standbyKilled, waitCanceled, clockLeaps];
