// The long form of test/elastic.test.ts: `node --conditions=source test/elastic/main.ts --scale-ins 100` shrinks a fleet of worker processes so
// often under load, and prints what the workers themselves wrote down. `--from-zero 10` starts it so often from no worker at all; `--store postgres` does it on a private PostgreSQL.

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
    'from-zero': { type: 'string', default: '0' },
    store: { type: 'string', default: 'sqlite' },
  },
});

/** Of times in ms. */
function spread(times: readonly number[]): { medianMs: number; p95Ms: number; mostMs: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { medianMs: at(0.5), p95Ms: at(0.95), mostMs: at(1) };
}

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
  const starts: { decidedMs: number; begunMs: number }[] = [];
  while (starts.length < Number(values['from-zero'])) starts.push(await fleet.fromZero());
  const verdict = await fleet.verdict();
  const drain = spread(took);
  const fromZero = {
    decided: spread(starts.map((one) => one.decidedMs)),
    begun: spread(starts.map((one) => one.begunMs)),
  };
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    JSON.stringify({
      store: values.store,
      scaleIns: took.length,
      seconds,
      drain,
      ...(starts.length === 0 ? {} : { fromZero }),
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
