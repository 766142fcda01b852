// `node --conditions=source bench/herd.ts`: 10,000 schedules on the same second, three masters on a private PostgreSQL, idle workers.
// Prints when the last of them was decided and when the last run was claimed, counted from the nominal time, for each second that
// it was tried; and fails when one is missing. Each master and worker is a process of its own.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { JobInput } from '@tidewheel/protocol';
import { type Client, createClient } from '@tidewheel/sdk';
import { openStore } from '../packages/server/src/compose.ts';
import { readConfig } from '../packages/server/src/config.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { Program, programArguments, repositoryRoot } from '../test/support/tidewheel.ts';
import { msText, percentile } from './numbers.ts';
import { nowMs } from './wall-clock.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10000' },
    masters: { type: 'string', default: '3' },
    workers: { type: 'string', default: '3' },
    herds: { type: 'string', default: '3' },
  },
});
const schedules = Number(values.schedules);
const herds = Number(values.herds);
const perJob = 100;
const jobsPerApply = 50;
const betweenMs = 10_000;

const programs: Program[] = [];

/** The first makes the token. */
async function startMaster(store: string, tokenFile: string): Promise<string> {
  const flags = [`--store=${store}`, '--store-pool=6', '--listen=127.0.0.1:0', `--bootstrap-token-file=${tokenFile}`];
  const master = new Program([...programArguments, 'server', ...flags]);
  programs.push(master);
  const [, url = ''] = await master.says(/"address":"(http:[^"]+)"/);
  return url;
}

async function startWorker(url: string, token: string): Promise<void> {
  const tasks = join(repositoryRoot, 'bench/noop-tasks.ts');
  const worker = new Program([...programArguments, 'worker', `--tasks=${tasks}`, '--slots=1000', '--executors='], {
    env: { TIDEWHEEL_URL: url, TIDEWHEEL_TOKEN: token },
  });
  programs.push(worker);
  await worker.says(/session opened/);
}

/** All of them at each of these instants. */
async function declare(client: Client, instants: readonly number[]): Promise<void> {
  const times = instants.map((at) => ({ at }));
  const jobs = Array.from(
    { length: Math.ceil(schedules / perJob) },
    (_, job): JobInput => ({
      name: `herd-${job}`,
      task: 'noop',
      schedules: Array.from({ length: Math.min(perJob, schedules - job * perJob) }, (_, index) => ({
        name: `herd-${job}-${index}`,
        times,
      })),
    }),
  );
  for (let from = 0; from < jobs.length; from += jobsPerApply)
    await client.apply({ jobs: jobs.slice(from, from + jobsPerApply), source: `bench-${from}` });
}

interface Row {
  fire_at: number;
  decided_at: number;
  claimed_at: number;
}

async function measure(url: string, directory: string): Promise<boolean> {
  const tokenFile = join(directory, 'admin.token');
  const addresses = [await startMaster(url, tokenFile)];
  for (let more = 1; more < Number(values.masters); more += 1) addresses.push(await startMaster(url, tokenFile));
  const [address = ''] = addresses;
  const client = createClient({ address, token: readFileSync(tokenFile, 'utf8').trim(), namespace: 'default' });
  const { secret } = await client.tokens.create({ name: 'bench', role: 'worker', namespace: 'default' });
  for (let worker = 0; worker < Number(values.workers); worker += 1)
    await startWorker(addresses[worker % addresses.length] ?? address, secret);
  const first = Math.ceil((nowMs() + 15_000 + schedules) / 1000) * 1000;
  const instants = Array.from({ length: herds }, (_, index) => first + index * betweenMs);
  await declare(client, instants);
  const waitMs = first + herds * betweenMs - nowMs();
  if (first < nowMs() + 2000) throw new Error('the machine is too slow to declare them before the first herd');
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  const store = await openStore(readConfig({ flags: { store: url }, env: {}, file: null }).store, silentLog);
  const rows = await store.db.query<Row>(
    `select f.fire_at, f.decided_at, (r.attempts::jsonb -> 0 ->> 'claimedAt')::bigint as claimed_at
     from fire f join run_archive r on r.id = f.run_id where r.namespace = 'default'`,
  );
  await store.db.close();
  for (const at of instants) tell(rows.filter((row) => row.fire_at === at));
  return rows.length === schedules * herds;
}

function tell(rows: readonly Row[]): void {
  const decided = rows.map((row) => row.decided_at - row.fire_at);
  const claimed = rows.map((row) => row.claimed_at - row.fire_at);
  const text = (late: readonly number[]): string =>
    `${msText(percentile(late, 0.5))} · p99 ${msText(percentile(late, 0.99))} · last ${msText(Math.max(...late))}`;
  console.log(`  ${rows.length} runs   decided: median ${text(decided)}   claimed: median ${text(claimed)}`);
}

const directory = mkdtempSync(join(tmpdir(), 'tidewheel-herd-'));
const postgres = await startPostgres();
let complete = false;
console.log(
  `${schedules} schedules on one second, ${values.masters} masters, ${values.workers} workers, ${availableParallelism()} cores`,
);
try {
  complete = await measure(postgres.url, directory);
} finally {
  await Promise.all(programs.map((program) => program.end('SIGTERM')));
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}
if (!complete) console.log('  some are missing');
process.exitCode = complete ? 0 : 1;
