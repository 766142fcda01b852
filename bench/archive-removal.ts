// Retention beside work: how long it takes, and what it delays. The work is a batch every so often, timed from when it was due, first alone,
// then while retention removes what has run out.

import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../packages/server/src/drivers/system/clock.ts';
import { systemIdentity } from '../packages/server/src/drivers/system/identity.ts';
import { masterDefaults } from '../packages/server/src/master/deps.ts';
import type { Leader } from '../packages/server/src/master/duty.ts';
import { retention, type RetentionContext } from '../packages/server/src/master/retention.ts';
import type { Database } from '../packages/server/src/ports/database.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { median, type Work } from './archive-work.ts';

const everyMs = 50;
const runsEach = 20;
const aloneRounds = 200;

interface Delays {
  readonly took: number[];
  readonly late: number[];
}

/** Works until told to stop: each batch is timed, and how late its timer came. */
async function steady(work: Work, delays: Delays, until: (rounds: number) => boolean): Promise<void> {
  for (let rounds = 0; !until(rounds); rounds += 1) {
    const due = performance.now() + everyMs;
    await sleep(everyMs);
    delays.late.push(performance.now() - due);
    const started = performance.now();
    const { claimed } = await work.claim(runsEach);
    await work.complete(claimed);
    delays.took.push(performance.now() - started);
  }
}

export async function removeDays(db: Database, work: Work): Promise<string[]> {
  const removed: Record<string, number> = {};
  const steps: number[] = [];
  const context: RetentionContext = {
    db,
    clock: systemClock,
    identity: systemIdentity,
    log: silentLog,
    metrics: {
      add: (_, value, labels = {}) => {
        const what = labels['what'] ?? '';
        removed[what] = (removed[what] ?? 0) + value;
      },
      set: () => undefined,
      observe: () => undefined,
    },
    settings: { ...masterDefaults, address: '', version: 'bench' },
  };
  const leader: Leader = {
    term: 1,
    trusted: () => true,
    transaction: (write) => db.transaction(write),
    prepared: (write) => db.transaction((tx) => write(tx, () => Promise.resolve()), { patient: true }),
  };
  const [alone, beside]: [Delays, Delays] = [
    { took: [], late: [] },
    { took: [], late: [] },
  ];
  await steady(work, alone, (rounds) => rounds >= aloneRounds);
  const duty = retention(context).begin(leader);
  await duty();
  let over = false;
  const working = steady(work, beside, () => over);
  const started = performance.now();
  let worked = 0;
  for (let restMs = 0; restMs < 600_000; ) {
    const before = performance.now();
    restMs = await duty();
    steps.push(performance.now() - before);
    worked += performance.now() - before;
    if (restMs < 600_000) await sleep(restMs);
  }
  const took = performance.now() - started;
  over = true;
  await working;
  const what = Object.entries(removed).map(([name, count]) => `${count.toLocaleString('en')} ${name}`);
  return [
    `removed ${what.join(', ')} in ${(took / 1000).toFixed(1)} s, of which ${(worked / 1000).toFixed(1)} s at work in ${steps.length} steps, the longest ${Math.round(Math.max(...steps))} ms`,
    `work alone: ${delaysText(alone)}`,
    `work beside it: ${delaysText(beside)}`,
  ];
}

function delaysText({ took, late }: Delays): string {
  const at = (numbers: readonly number[], share: number): string =>
    (numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * share)] ?? Number.NaN).toFixed(1);
  return `${took.length} batches of ${runsEach}, median ${median(took).toFixed(1)} ms, 99 % ${at(took, 0.99)} ms, longest ${at(took, 1)} ms; timers late by ${at(late, 0.99)} ms (99 %), ${at(late, 1)} ms at most`;
}
