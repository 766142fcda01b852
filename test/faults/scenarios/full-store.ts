// The disk of the store is full: first nothing more can be written to tables, then not even to the log of the database, which stops it. Masters
// must say so and wait, and go on by themselves when there is room.

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { pause, until } from '../processes.ts';
import type { Scenario, Stage } from '../scenario.ts';

const tablesFullMs = 10_000;
const logFullMs = 10_000;
const firingWithinMs = 10_000;

/** Takes all room that is left. */
function fill(file: string): void {
  const piece = Buffer.alloc(64 * 1024);
  const disk = openSync(file, 'w');
  try {
    for (;;) writeSync(disk, piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(disk);
  }
}

/** Begins new segments of the log until there is none any more: PostgreSQL stops then, rightly. */
async function useUpLog(stage: Stage): Promise<void> {
  const client = new pg.Client({ connectionString: stage.cluster.storeUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (let segment = 0; segment < 1000; segment += 1) {
      await client.query(`select pg_logical_emit_message(false, 'fill', 'x'), pg_switch_wal()`);
    }
    throw new Error('the log of the database is not full after a thousand segments');
  } catch (error) {
    stage.mark(`the log is full: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function lastFire(stage: Stage, after: number): Promise<number | false> {
  const rows = await stage.cluster.store.db
    .query<{ at: number | null }>('select max(decided_at) as at from fire where decided_at > $1', [after])
    .catch(() => []);
  return rows[0]?.at ?? false;
}

function namesCause(stage: Stage): number {
  return stage.cluster.masters.filter(({ running }) => running.output.includes('No space left on device')).length;
}

const diskFull: Scenario = {
  id: '30',
  title: 'the disk of PostgreSQL is full for 20 s, its log too, so that it stops',
  expects: 'masters say what is wrong and wait, none ends; afterwards everything is caught up',
  needsNamespaces: true,
  cluster: { postgresMib: 192, postgresSettings: { max_wal_size: '64MB', min_wal_size: '32MB' } },
  play: async (stage) => {
    const { postgres } = stage.cluster;
    const file = join(postgres.dataDir, 'filled-by-a-test');
    fill(file);
    const from = stage.mark('the disk is full');
    await pause(tablesFullMs);
    stage.note('masters that name the cause', namesCause(stage));
    await useUpLog(stage);
    await pause(logFullMs);
    rmSync(file);
    stage.mark('there is room again');
    // As whatever watches over PostgreSQL does: it ends when it cannot recover.
    await postgres.restart();
    const at = stage.mark('PostgreSQL answers');
    stage.note('without a store, ms', at - from);
    const fired = await until('a fire', () => lastFire(stage, at), 30_000);
    stage.note('firing again after, ms', fired - at);
    await pause(6000);
  },
  criteria: (measures, _, noted) => {
    const without = noted.get('without a store, ms') ?? 0;
    return [
      { name: 'masters that name the cause', measured: noted.get('masters that name the cause') ?? 0, atLeast: 3 },
      {
        name: 'firing again after, ms',
        measured: noted.get('firing again after, ms') ?? Infinity,
        atMost: firingWithinMs,
      },
      { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: without + firingWithinMs },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ];
  },
};

export const fullStoreScenarios: readonly Scenario[] = [diskFull];
