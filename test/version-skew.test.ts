// Two adjacent versions on one database that the newer one has added to: the previous commit's master and worker beside those of this
// one, each worker at the other's master. What either fires, triggers and cancels comes out once; then an upgrade and back.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createClient, type Client } from '@tidewheel/sdk';
import { type OpenStore, openStore } from '../packages/server/src/compose.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { auditFires } from '../packages/server/src/master/fire-audit.ts';
import { readMigrations } from '../packages/server/src/store/migrate.ts';
import { readTruth } from './faults/truth.ts';
import { plannedSchedules, definitions } from './faults/workload.ts';
import { type OtherVersion, previousCommit, unpackVersion, withoutHistory } from './support/other-version.ts';
import { createDatabase } from './support/postgres.ts';
import { eventually, Program, programArguments, repositoryRoot, scratch } from './support/tidewheel.ts';

const commit = previousCommit();
const leftovers: (() => unknown)[] = [];
after(async () => {
  for (const work of leftovers.reverse()) await work();
});

interface Version {
  readonly program: readonly string[];
  readonly root: string;
}

interface RunningMaster {
  readonly program: Program;
  readonly address: string;
  readonly id: string;
  readonly client: Client;
}

const current: Version = { program: programArguments, root: repositoryRoot };
const ready = /"address":"([^"]+)".*"master":"([^"]+)","msg":"ready"/;

const quick = ['--listen=127.0.0.1:0', '--heartbeat=1s', '--session-ttl=6s'];

function launch({ program }: Version, store: string): Program {
  const launched = new Program([...program, 'server', `--store=${store}`, '--store-pool=4', ...quick]);
  leftovers.push(() => launched.end('SIGKILL'));
  return launched;
}

class Skew {
  readonly store: OpenStore;
  readonly url: string;
  readonly truth: string;
  readonly #tokens = { admin: '', worker: '' };

  private constructor(store: OpenStore, url: string, truth: string) {
    this.store = store;
    this.url = url;
    this.truth = truth;
  }

  /** The older master makes the database; the newer version adds to it while that one runs. */
  static async open(old: OtherVersion): Promise<{ skew: Skew; older: Program }> {
    const database = await createDatabase();
    leftovers.push(() => database.drop());
    const older = launch(old, database.url);
    await older.says(ready);
    const store = await openStore({ engine: 'postgres', url: database.url, poolSize: 2 }, silentLog);
    leftovers.push(() => store.close());
    const truth = scratch({ after: (work) => leftovers.push(work) });
    const skew = new Skew(store, database.url, truth);
    for (const role of ['admin', 'worker'] as const) {
      skew.#tokens[role] = (await store.createToken({ name: role, role, namespace: '*' })).secret;
    }
    return { skew, older };
  }

  start(version: Version): Promise<RunningMaster> {
    return this.master(launch(version, this.url));
  }

  async master(program: Program): Promise<RunningMaster> {
    const [, address = '', id = ''] = await program.says(ready);
    return { program, address, id, client: createClient({ addresses: [address], token: this.#tokens.admin }) };
  }

  async worker({ program, root }: Version, name: string, address: string): Promise<Program> {
    const tasks = `--tasks=${join(root, 'test/faults/workload-tasks.ts')}`;
    const launched = new Program(
      [...program, 'worker', `--url=${address}`, `--name=${name}`, '--slots=40', '--executors=shell', tasks],
      { env: { FAULTS_TRUTH: this.truth, TIDEWHEEL_TOKEN: this.#tokens.worker } },
    );
    leftovers.push(() => launched.end('SIGKILL'));
    await launched.says(/session opened/);
    return launched;
  }

  /** As a version after both would do it. */
  async add(usableFrom: number | null, ...statements: readonly string[]): Promise<void> {
    const { db } = this.store;
    for (const statement of statements) await db.query(statement);
    await db.query(
      `insert into schema_migration (version, name, checksum, applied_at, usable_from)
       select max(version) + 1, 'of_tomorrow', '', now_ms(), $1 from schema_migration`,
      [usableFrom],
    );
  }

  async masterOf(worker: string): Promise<string | undefined> {
    const [row] = await this.store.db.query<{ id: string }>(
      `select master_id as id from session where worker = $1 and state = 'live'`,
      [worker],
    );
    return row?.id;
  }
}

async function allEnd(client: Client, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const run = await eventually(`run ${id} ends`, async () => {
      const now = await client.runs.get(id);
      return now.finishedAt !== null && now;
    });
    assert.equal(run.state, 'succeeded', JSON.stringify(run));
  }
}

test('masters and workers of two adjacent versions work side by side on a database that was added to', {
  timeout: 90_000,
  skip: commit === null && withoutHistory,
}, async () => {
  const old = unpackVersion(commit ?? '');
  leftovers.push(() => old.remove());
  const { skew, older: program } = await Skew.open(old);
  await skew.add(
    old.migration,
    'create table skew_added (id integer not null primary key)',
    'alter table run add column skew_added text',
    'alter table session add column skew_added integer not null default 7',
    `alter table schedule add column skew_added text default 'x'`,
  );
  const [older, newer] = await Promise.all([skew.master(program), skew.start(current)]);
  const bothAt = performance.now();
  await newer.program.says(/the database is newer than this binary/);
  const [oldWorker] = await Promise.all([
    skew.worker(old, 'old-worker', newer.address),
    skew.worker(current, 'new-worker', older.address),
  ]);
  assert.deepEqual([await skew.masterOf('old-worker'), await skew.masterOf('new-worker')], [newer.id, older.id]);
  await newer.client.apply(definitions(skew.truth, plannedSchedules(30)));

  // Each job by each master's API, so that each worker gets some from each.
  const jobs = ['short', 'flaky', 'shell', 'long', 'once', 'short', 'short', 'short'];
  const triggered: string[] = [];
  for (const { client } of [older, newer]) {
    for (const job of jobs) triggered.push((await client.trigger(job)).id);
  }
  const [left, right] = [await older.client.trigger('endless'), await newer.client.trigger('endless')];
  for (const { id } of [left, right])
    await eventually('it runs', async () => (await older.client.runs.get(id)).state === 'running' || undefined);
  // By the master that did not start it.
  await newer.client.runs.cancel(left.id);
  await older.client.runs.cancel(right.id);
  for (const { id } of [left, right])
    await eventually('it is canceled', async () => (await older.client.runs.get(id)).state === 'canceled' || undefined);
  await allEnd(newer.client, triggered);

  // Meanwhile both workers are told of both masters: one that has not heard yet could not go on elsewhere. Masters of before 0008 read
  // every 15 s who else is there.
  const fires = async () => (await skew.store.db.query<{ n: number }>('select count(*) as n from fire'))[0]?.n ?? 0;
  await eventually('a while of firing', async () => performance.now() - bothAt > 16_000 && (await fires()) >= 80);

  // Up: the older master goes, its worker resumes at the newer one.
  const leaving = await older.program.end('SIGTERM');
  assert.equal(leaving.code, 0, leaving.stderr);
  await eventually('the new worker moves', async () => (await skew.masterOf('new-worker')) === newer.id);
  // And down again: it comes back to the same database, unless a migration says that it must not.
  const barring = readMigrations().filter(({ usableFrom }) => usableFrom > old.migration);
  if (barring.length === 0) {
    const again = await skew.start(old);
    await again.program.says(/the database is newer than this binary/);
    await allEnd(newer.client, [(await again.client.trigger('short')).id, (await newer.client.trigger('short')).id]);
  } else await refusesToStart(old, skew.url);
  await oldWorker.end('SIGTERM');

  await newer.client.apply({ ...definitions(skew.truth, []), jobs: [], prune: true });
  await eventually('every run has ended', async () => (await skew.store.db.query('select id from run')).length === 0);
  const audit = await auditFires(skew.store.db, { namespace: 'default', from: 0, graceMs: 0 });
  assert.ok(audit.clean, JSON.stringify(audit.schedules));
  const fired = audit.schedules.reduce((sum, one) => sum + one.expected, 0);
  assert.ok(fired >= 80, `${fired} fires`);
  const executions = readTruth(skew.truth);
  assert.deepEqual(
    executions.filter((one) => one.starts > 1),
    [],
  );
  assert.equal(new Set(executions.filter((one) => !one.job.startsWith('shell')).map((one) => one.pid)).size, 2);

  // Contract: what the older version needs may be gone, so it is not let in, and says so; a master that runs leaves.
  await skew.add(null, 'drop table skew_added');
  await refusesToStart(old, skew.url);
  assert.equal((await newer.program.ended).code, 4);
  assert.match(newer.program.output, /DATABASE_NEWER/);
});

async function refusesToStart(version: Version, store: string): Promise<void> {
  const refused = launch(version, store);
  assert.equal((await refused.ended).code, 4);
  assert.match(refused.output, /DATABASE_NEWER/);
}
