// The long form of test/elastic.test.ts: `node --conditions=source test/elastic/main.ts --scale-ins 100` shrinks a fleet of worker processes so
// often under load, and prints what the workers themselves wrote down. `--store postgres` does it on a private PostgreSQL.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDatabase } from '../support/postgres.ts';
import { ElasticFleet } from './fleet.ts';

const { values } = parseArgs({
  options: {
    'scale-ins': { type: 'string', default: '100' },
    'per-second': { type: 'string', default: '2.5' },
    store: { type: 'string', default: 'sqlite' },
  },
});

const directory = mkdtempSync(join(tmpdir(), 'tidewheel-elastic-'));
const database = values.store === 'postgres' ? await createDatabase() : null;
const startedMs = performance.now();
const fleet = await ElasticFleet.open(directory, { max: 3 }, database?.url);
try {
  fleet.load(Number(values['per-second']));
  const took = await fleet.scaleIns(Number(values['scale-ins']), (done) => {
    if (done % 10 === 0) console.error(`${done} scale-ins, ${Math.round((performance.now() - startedMs) / 1000)} s`);
  });
  await fleet.quiet();
  const verdict = await fleet.verdict();
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  const drain = { medianMs: at(0.5), p95Ms: at(0.95), mostMs: at(1) };
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    JSON.stringify({
      store: values.store,
      scaleIns: took.length,
      seconds,
      drain,
      ...verdict,
      defects: fleet.defects.length,
    }),
  );
  const { lost, doubled, cut, unsuccessful } = verdict;
  process.exitCode = lost + doubled + cut + unsuccessful + fleet.defects.length === 0 ? 0 : 1;
} finally {
  await fleet.close();
  await database?.drop();
  rmSync(directory, { recursive: true, force: true });
}
