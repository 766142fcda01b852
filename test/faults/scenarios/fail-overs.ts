// The primary of the store is lost, in every way in which a machine can be: dead, cut off, standing still, unwatched; or it is exchanged on
// purpose. PostgreSQL is kept by Patroni, from the files that are shipped (deploy/patroni/): synchronous, ttl 20. Firing must go on
// within 30 s, on another node, and nothing that was acknowledged may be missing there.

import pg from 'pg';
import type { PatroniNode } from '../../support/patroni-node.ts';
import { startPatroni, takesLeadershipBack } from '../../support/patroni.ts';
import { pause, until } from '../processes.ts';
import type { Criterion, Scenario, Setting, Stage } from '../scenario.ts';

/** Of the reference configuration: what the issue of fail-over promises. */
const failOverMs = 30_000;
const switchOverMs = 8000;
/** The last fire before the fault begins the gap; on a busy machine it may be some time ago. */
const beforeMs = 60_000;

/** A bound for the harness, not a criterion. */
const firesWithinMs = 90_000;

const standstill = 'firing stood still for, ms';

export async function withPatroni(more: { findPrimary?: boolean } = {}): Promise<Setting> {
  const patroni = await startPatroni();
  return { cluster: { patroni, ...more }, remove: () => patroni.stop() };
}

/** Waits until schedules fire after `from`, and answers the longest time since `at` in which no fire was decided. */
export async function firesAgain(stage: Stage, at: number, from = at): Promise<number> {
  const { db } = stage.cluster.store;
  // Until then the old primary may still be the one that answers.
  const settledMs = 2000;
  const fired = async (): Promise<number | false> => {
    const rows = await db
      .query<{ gap: number | null; last: number | null }>(
        `select max(decided_at - before) as gap, max(decided_at) as last from
           (select decided_at, lag(decided_at) over (order by decided_at) as before from fire where decided_at > $1) x
         where decided_at > $2`,
        [at - beforeMs, at],
      )
      .catch(() => []);
    const { gap = null, last = null } = rows[0] ?? {};
    return last !== null && gap !== null && last > from + settledMs ? gap : false;
  };
  return until('schedules fire again', fired, firesWithinMs, 200);
}

async function otherThan(stage: Stage, primary: PatroniNode): Promise<PatroniNode | undefined> {
  for (const node of stage.cluster.patroni.nodes) if (node !== primary && (await node.isPrimary())) return node;
  return undefined;
}

function worst(noted: ReadonlyMap<string, number>): number {
  return Math.max(0, ...[...noted].filter(([name]) => name.startsWith(standstill)).map(([, ms]) => ms));
}

function stoodStill(atMost: number): Scenario['criteria'] {
  return (measures, _, noted): Criterion[] => [
    { name: `${standstill} (worst)`, measured: worst(noted), atMost },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ...[...noted]
      .filter(([name]) => !name.startsWith(standstill))
      .map(([name, measured]) => ({ name, measured, atMost: 0 })),
  ];
}

/** One after another, each on a cluster that is whole again. */
function repeated(
  times: number,
  fault: (stage: Stage, primary: PatroniNode) => Promise<void>,
  repair: (stage: Stage, primary: PatroniNode) => Promise<void>,
): Scenario['play'] {
  return async (stage) => {
    const { patroni } = stage.cluster;
    for (let round = 1; round <= times; round += 1) {
      const primary = await patroni.primary();
      const at = stage.mark(`round ${round}: ${primary.name} is the primary`);
      await fault(stage, primary);
      stage.note(`${standstill}: ${round}`, await firesAgain(stage, at));
      stage.mark(`schedules fire on ${(await patroni.primary()).name}`);
      await repair(stage, primary);
      await patroni.whole();
      stage.mark('the cluster is whole again');
      await pause(2000);
    }
  };
}

const kill = (_: Stage, primary: PatroniNode): Promise<void> => Promise.resolve(primary.kill());
const bringBack = (_: Stage, primary: PatroniNode): Promise<void> => Promise.resolve(primary.start());

function primaryKilled(id: string, times: number, more: Partial<Scenario> = {}): Scenario {
  return {
    id,
    title: `the machine of the primary is gone, with Patroni and PostgreSQL at once (kill -9), ${times} times`,
    expects: 'the standby that confirms is promoted; firing goes on within 30 s, nothing acknowledged is lost',
    prepare: () => withPatroni(),
    drainMs: 120_000,
    play: repeated(times, kill, bringBack),
    criteria: stoodStill(failOverMs),
    ...more,
  };
}

async function switchOver(stage: Stage, primary: PatroniNode): Promise<void> {
  const to = await stage.cluster.patroni.confirming();
  stage.mark(`switch over to ${to.name}`);
  await stage.cluster.patroni.switchOver(primary, to);
}

function switchOvers(id: string, times: number, more: Partial<Scenario> = {}): Scenario {
  return {
    id,
    title: `planned switch-over of the primary under load, ${times} times`,
    expects: 'firing goes on within 8 s; nothing is lost or done twice',
    prepare: () => withPatroni(),
    drainMs: 120_000,
    play: repeated(times, switchOver, () => Promise.resolve()),
    criteria: stoodStill(switchOverMs),
    ...more,
  };
}

/** Whether the node, asked past everything that leads to the primary, confirms a write: it must not, once another one is promoted. */
async function confirmsAlone(node: PatroniNode): Promise<number> {
  const client = new pg.Client({
    connectionString: node.urlOf('tidewheel', 'tidewheel'),
    connectionTimeoutMillis: 3000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const canceled: string[] = [];
    client.on('notice', ({ message }) => canceled.push(message ?? ''));
    const write = client.query(`insert into meta (key, value) values ('${crypto.randomUUID()}', 'alone')`).then(
      () => 'confirmed',
      () => 'refused',
    );
    const answer = await Promise.race([write, pause(5000).then(() => 'waits')]);
    return answer === 'confirmed' && canceled.length === 0 ? 1 : 0;
  } catch {
    return 0;
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** The fault goes on until another node fires; then the old primary is tried, and let go. */
function primaryLost(
  id: string,
  words: { title: string; expects: string },
  fault: (primary: PatroniNode) => void,
  heal: (primary: PatroniNode) => void,
  { tryOld, forMs, freezesPatroni }: { tryOld: boolean; forMs: number; freezesPatroni: boolean },
): Scenario {
  return {
    id,
    ...words,
    missing: () =>
      freezesPatroni && takesLeadershipBack()
        ? 'needs Patroni 3.0.3: an older one that stood still takes the leadership back'
        : undefined,
    prepare: () => withPatroni(),
    drainMs: 120_000,
    play: async (stage) => {
      const { patroni } = stage.cluster;
      const primary = await patroni.primary();
      const at = stage.mark(`${primary.name} is the primary`);
      fault(primary);
      const next = await until('another node is the primary', () => otherThan(stage, primary), 60_000);
      stage.mark(`${next.name} is the primary`);
      stage.note(standstill, await firesAgain(stage, at, Date.now()));
      stage.mark('schedules fire again');
      if (tryOld) stage.note('writes that the old primary confirmed', await confirmsAlone(primary));
      await pause(Math.max(0, forMs - (Date.now() - at)));
      heal(primary);
      stage.mark('let go');
      await patroni.whole();
      stage.mark('the cluster is whole again');
      stage.note('the old primary is it again', (await otherThan(stage, primary)) === undefined ? 1 : 0);
    },
    criteria: stoodStill(failOverMs),
  };
}

const crashed: Scenario = {
  ...primaryKilled('22C', 1),
  title: 'PostgreSQL of the primary is killed (kill -9), Patroni lives',
  play: repeated(
    1,
    (_, primary) => Promise.resolve(primary.killPostgres()),
    () => Promise.resolve(),
  ),
};

export const failOverScenarios: readonly Scenario[] = [
  primaryKilled('22P', 2),
  primaryKilled('22D', 1, {
    title: 'the machine of the primary is gone; masters know all servers and find the primary themselves',
    prepare: () => withPatroni({ findPrimary: true }),
  }),
  crashed,
  primaryKilled('22T', 10, { onDemand: true }),
  primaryLost(
    '23',
    {
      title: 'the machine of the primary is cut off: nothing passes to or from it, nothing is closed',
      expects: 'the standby that confirms is promoted; the old primary confirms nothing, and follows when it is back',
    },
    (primary) => primary.isolate(),
    (primary) => primary.heal(),
    { tryOld: true, forMs: 45_000, freezesPatroni: false },
  ),
  primaryLost(
    '24',
    {
      title: 'Patroni alone is frozen on the primary, without a watchdog; PostgreSQL goes on',
      expects: 'another node is promoted; the old primary, which nobody has told, confirms nothing',
    },
    (primary) => primary.pausePatroni(),
    (primary) => primary.resumePatroni(),
    { tryOld: true, forMs: 45_000, freezesPatroni: true },
  ),
  primaryLost(
    '25',
    {
      title: 'the whole machine of the primary is frozen for 60 s and goes on',
      expects: 'another node is promoted; the old primary is rewound and follows',
    },
    (primary) => primary.pause(),
    (primary) => primary.resume(),
    { tryOld: false, forMs: 60_000, freezesPatroni: true },
  ),
  switchOvers('29', 5),
  switchOvers('29T', 10, { onDemand: true }),
];
