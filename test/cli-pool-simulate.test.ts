// `tidewheel pool simulate` against a running server: what was beside what another policy would have meant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cliBench } from './support/cli-bench.ts';

const bench = cliBench();
const pool = (more: string) =>
  `pools:\n  - {name: all, labels: {pool: all}, max: 4, cost: {perWorkerHour: 2}${more}}\n`;

interface Outcomes {
  readonly startupMs: number;
  readonly outcomes: readonly {
    readonly what: string;
    readonly waits: { readonly runs: number; readonly maxMs: number };
    readonly workerHours: number;
    readonly cost: number;
  }[];
}

test('runs that were are replayed against the pool as it is and against a file', async () => {
  assert.equal((await bench.run(['apply', '--yes', '-f', bench.file('pool.yaml', pool(''))])).code, 0);
  for (let run = 0; run < 3; run += 1) await bench.run(['run', 'wait', await bench.triggered('ok')]);
  const other = bench.file('other.yaml', pool(', min: 2'));
  const command = ['pool', 'simulate', 'pool/all', '--from', '10m', '--policy', other, '--start-up', '5s'];
  const json = await bench.run([...command, '-o', 'json']);
  assert.equal(json.code, 0, json.stderr);
  const { outcomes, startupMs } = JSON.parse(json.stdout) as Outcomes;
  assert.equal(startupMs, 5000);
  assert.deepEqual(
    outcomes.map(({ what, waits }) => [what, waits.runs]),
    [
      ['as it was', 3],
      ['as declared', 3],
      [other, 3],
    ],
  );
  const [was, declared, held] = outcomes;
  assert.equal(was?.workerHours, 0, 'no worker of the pool was there');
  assert.ok((declared?.waits.maxMs ?? 0) >= 4000, 'from nothing, the first run waits for a start');
  assert.ok((held?.waits.maxMs ?? 0) < 1000, 'two workers are there all the time');
  assert.ok((held?.workerHours ?? 0) > 0.3 && (held?.workerHours ?? 0) > (declared?.workerHours ?? 0));
  assert.equal(held?.cost, 2 * (held?.workerHours ?? 0));
  const table = await bench.run(command);
  assert.match(
    table.stdout,
    /^ +RUNS +MEAN WAIT +P50 +P95 +P99 +MAX +IN TIME +WORKER HOURS +COST +MOST\nas it was +3 /,
  );
  assert.ok(table.stdout.includes('\nas declared '));
});

test('a policy alone takes the place of the declared one, and what is wrong in a file is told', async () => {
  const simulate = (name: string, text: string) =>
    bench.run(['pool', 'simulate', 'all', '--from', '10m', '-o', 'json', '--policy', bench.file(name, text)]);
  const alone = await simulate('alone.yaml', 'wait: 1m\nin: {stabilize: 10m}\n');
  assert.equal(alone.code, 0, alone.stderr);
  assert.equal((JSON.parse(alone.stdout) as Outcomes).outcomes.length, 3);
  const misspelt = await simulate('misspelt.yaml', 'waits: 1m\n');
  assert.equal(misspelt.code, 1);
  assert.match(misspelt.stderr, /misspelt\.yaml: waits: unknown key `waits`; did you mean `wait`\?/);
  const other = await simulate('other-name.yaml', 'pools:\n  - {name: b, labels: {pool: b}, max: 1}\n');
  assert.match(other.stderr, /declares no pool all; it declares: b/);
  const backwards = await bench.run(['pool', 'simulate', 'all', '--from', '1h', '--to', '2h']);
  assert.equal(backwards.code, 2);
  const nobody = await bench.run(['pool', 'simulate', 'nobody', '--from', '1h']);
  assert.equal(nobody.code, 3);
});
