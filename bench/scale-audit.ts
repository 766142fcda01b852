// The audit of a large ledger: how long it takes, and how much memory at its peak.

import type { Database } from '../packages/server/src/ports/database.ts';
import { systemClock } from '../packages/server/src/drivers/system/clock.ts';
import { Breath } from '../packages/server/src/master/breath.ts';
import { auditFires } from '../packages/server/src/master/fire-audit.ts';
import { migrate } from '../packages/server/src/store/migrate.ts';
import { msText } from './numbers.ts';
import { fillLedger } from './scale-store.ts';
import { nowMs } from './wall-clock.ts';

const sampleMs = 20;
const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

export async function auditScale(db: Database, schedules: number, firesOfEach: number, runs: number): Promise<boolean> {
  await migrate(db);
  await fillLedger(db, schedules, firesOfEach);
  let whole = true;
  for (let run = 0; run < runs; run += 1) {
    globalThis.gc?.();
    const before = process.memoryUsage();
    const peak = { rss: 0, heapUsed: 0, heldMs: 0 };
    let lookedAt = nowMs();
    const timer = setInterval(() => {
      peak.heldMs = Math.max(peak.heldMs, nowMs() - lookedAt - sampleMs);
      lookedAt = nowMs();
      const { rss, heapUsed } = process.memoryUsage();
      peak.rss = Math.max(peak.rss, rss);
      peak.heapUsed = Math.max(peak.heapUsed, heapUsed);
    }, sampleMs);
    const started = nowMs();
    const audit = await auditFires(db, { namespace: 'default', from: 0, breath: new Breath(systemClock) });
    const took = nowMs() - started;
    clearInterval(timer);
    const fired = audit.schedules.reduce((sum, row) => sum + row.fired, 0);
    whole &&= audit.clean && fired === schedules * firesOfEach;
    console.log(
      `  ${fired.toLocaleString('en')} ledger rows of ${schedules} schedules in ${msText(took)}, ${audit.clean ? 'clean' : 'NOT CLEAN'}; ` +
        `heap ${mib(before.heapUsed)} → at most ${mib(peak.heapUsed)}, process ${mib(before.rss)} → at most ${mib(peak.rss)}; ` +
        `timers late by ${msText(peak.heldMs)} at most`,
    );
  }
  await db.close();
  return whole;
}
