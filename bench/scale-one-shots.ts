// What firing one schedule costs while many others wait for later: the whole fire transaction, with so many future one-shots in the
// table, in turns, so that a busy moment of the machine meets every size.

import type { Database } from '../packages/server/src/ports/database.ts';
import { systemIdentity } from '../packages/server/src/drivers/system/identity.ts';
import { DefinitionCache } from '../packages/server/src/store/definition-cache.ts';
import { firesDecide, firesLockDue, firesNext } from '../packages/server/src/store/fires.ts';
import { migrate } from '../packages/server/src/store/migrate.ts';
import { seedJob, seedSchedule, type SeededJob } from '../packages/server/src/store/testing/seed.ts';
import { msText, percentile } from './numbers.ts';
import { fillOneShots } from './scale-store.ts';
import { nowMs } from './wall-clock.ts';

interface Sized {
  readonly size: number;
  readonly db: Database;
  readonly job: SeededJob;
  readonly deps: Parameters<typeof firesDecide>[1];
  readonly rounds: { p50: number; p99: number }[];
}

const warmUp = 50;

/** `open`: a new, empty store. Fails when a fire among the most costs more than half as much again as among the fewest. */
export async function oneShots(
  sizes: readonly number[],
  rounds: number,
  firesOfRound: number,
  open: (name: string) => Promise<Database>,
): Promise<boolean> {
  const all: Sized[] = [];
  for (const size of sizes) {
    const db = await open(`shots-${size}`);
    await migrate(db);
    const job = await seedJob(db);
    const started = nowMs();
    await fillOneShots(db, job, size, Math.round(nowMs()) + 30 * 86_400_000);
    console.log(`  ${size.toLocaleString('en')} future one-shots written in ${msText(nowMs() - started)}`);
    const deps = {
      identity: systemIdentity,
      definitions: new DefinitionCache(),
      masterId: systemIdentity.next(),
      settings: { catchUpPerSecond: 20 },
    };
    const sized = { size, db, job, deps, rounds: [] };
    await fireSome(sized, warmUp);
    all.push(sized);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const sized of all) {
      const took = await fireSome(sized, firesOfRound);
      sized.rounds.push({ p50: percentile(took, 0.5), p99: percentile(took, 0.99) });
    }
  }
  for (const { size, rounds: of } of all)
    console.log(
      `  ${size.toLocaleString('en').padStart(9)}: p50 ${spread(of.map(({ p50 }) => p50))}   p99 ${spread(of.map(({ p99 }) => p99))}`,
    );
  const points = all.map(({ size, rounds: of }): [number, number] => [
    Math.log(size),
    Math.log(
      percentile(
        of.map(({ p50 }) => p50),
        0.5,
      ),
    ),
  ]);
  const exponent = slope(points);
  console.log(`  cost of one fire ~ schedules^${exponent.toFixed(3)} (1 would be linear)`);
  const largest = all.at(-1);
  if (largest !== undefined) console.log(await planOf(largest.db));
  for (const { db } of all) await db.close();
  return exponent < Math.log(1.5) / Math.log((sizes.at(-1) ?? 2) / (sizes[0] ?? 1));
}

async function fireSome({ db, job, deps }: Sized, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let fire = 0; fire < count; fire += 1) {
    await seedSchedule(db, job, { in: '1s' }, 2000);
    const started = nowMs();
    await firesNext(db);
    const decided = await db.transaction(async (tx) => firesDecide(tx, deps, await firesLockDue(tx, deps)));
    took.push(nowMs() - started);
    if (decided.runs.length !== 1) throw new Error(`${decided.runs.length} fires instead of one`);
  }
  return took;
}

/** Smallest, median and largest of the rounds. */
export function spread(values: readonly number[]): string {
  const text = (share: number): string => `${percentile(values, share).toFixed(2)}`;
  return `${text(0)} / ${text(0.5)} / ${text(1)} ms`;
}

/** Least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (pick: 0 | 1): number => points.reduce((sum, point) => sum + point[pick], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

async function planOf(db: Database): Promise<string> {
  const due = `select id from schedule where state = 'enabled' and next_fire_at <= now_ms() and next_fire_at > now_ms() - 60000
    order by next_fire_at limit 500${db.dialect.skipLocked}`;
  const isPostgres = db.dialect.engine === 'postgres';
  const rows = await db.query<Record<string, string>>(`${isPostgres ? 'explain' : 'explain query plan'} ${due}`);
  return rows.map((row) => `    ${row['QUERY PLAN'] ?? row['detail'] ?? ''}`).join('\n');
}
