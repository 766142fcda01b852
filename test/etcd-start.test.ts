// Masters that start with an etcd which is no use to them: without a quorum, which passes, or one that refuses them, which does not.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ClusterStatus } from '@tidewheel/protocol';
import { openStore } from '../packages/server/src/compose.ts';
import { openPostgres } from '../packages/server/src/drivers/postgres/database.ts';
import { systemClock } from '../packages/server/src/drivers/system/clock.ts';
import { systemIdentity } from '../packages/server/src/drivers/system/identity.ts';
import { silentLog } from '../packages/server/src/ports/log.ts';
import { makeCertificates, opensslWorks } from './support/certificates.ts';
import { startEtcd } from './support/etcd.ts';
import { createDatabase } from './support/postgres.ts';
import { eventually, Program, programArguments, scratch, tidewheel } from './support/tidewheel.ts';

const flagsOf = (store: string, endpoints: readonly string[]): string[] => [
  'server',
  `--store=${store}`,
  '--store-pool=2',
  '--listen=127.0.0.1:0',
  '--coordinator=etcd',
  `--etcd-endpoints=${endpoints.join(',')}`,
];

const count = (text: string, word: string): number => text.split(word).length - 1;

test('without a quorum at its start a master says so once, records nothing, fires, and leads by itself later', {
  timeout: 90_000,
}, async () => {
  const database = await createDatabase();
  after(() => database.drop());
  const store = await openStore({ engine: 'postgres', url: database.url, poolSize: 2 }, silentLog);
  after(() => store.close());
  const { secret } = await store.createToken({ name: 'test', role: 'admin', namespace: '*' });
  const etcd = await startEtcd({ members: 3 });
  after(() => etcd.stop());
  const [, ...others] = etcd.members;
  for (const member of others) await member.kill();

  const recorded = async (): Promise<object> => ({
    term: await store.db.query('select * from leader_term'),
    elections: await store.db.query('select * from election'),
    leases: await store.db.query(`select * from lease where name = 'leader'`),
    events: await store.db.query(`select id from event where action like 'leader.%'`),
  });
  const before = await recorded();
  const master = new Program([...programArguments, ...flagsOf(database.url, etcd.endpoints)]);
  after(() => master.end('SIGKILL'));
  const [, address] = await master
    .says(/"msg":"ready","address":"([^"]+)"|"address":"([^"]+)".*"msg":"ready"/)
    .then(([line, one, other]) => [line, one ?? other] as const);
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const answer = await fetch(`${address}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    assert.ok(answer.ok, text);
    return JSON.parse(text);
  };
  const job = { name: 'job', task: 'nobody-runs-this', schedules: [{ name: 'every-second', cron: '* * * * * *' }] };
  await call('POST', '/v1/namespaces/default/apply', { jobs: [job] });
  // Long enough for several candidacies that come to nothing.
  await eventually('schedules fire', async () => {
    const [row] = await store.db.query<{ n: number }>(`select count(*) as n from fire where outcome = 'fired'`);
    return (row?.n ?? 0) >= 4;
  });
  const status = (await call('GET', '/v1/cluster')) as ClusterStatus;
  const found = status.degraded.map(({ what }) => what);
  for (const what of ['no-leader', 'coordinator-unreachable', 'coordinator-member'] as const)
    assert.ok(found.includes(what), found.join(', '));
  assert.deepEqual(await recorded(), before);
  assert.equal(count(master.output, '"code":"COORDINATOR_UNREACHABLE"'), 1, master.output);
  assert.match(master.output, /"remedy":"Bring back a majority of its members/);

  for (const member of others) member.start();
  await etcd.healthy();
  await eventually('it leads', async () => ((await call('GET', '/v1/cluster')) as ClusterStatus).term === 1);
  assert.equal((await master.end('SIGTERM')).code, 0);
});

/** Tables that a start has left behind: none when it was refused before the store was touched. */
async function tablesOf(url: string): Promise<number> {
  const shared = { url, clock: systemClock, identity: systemIdentity, log: silentLog };
  const db = await openPostgres({ ...shared, poolSize: 1 });
  try {
    const [row] = await db.query<{ n: number }>(
      `select count(*) as n from information_schema.tables where table_schema = 'public'`,
    );
    return row?.n ?? Number.NaN;
  } finally {
    await db.close();
  }
}

async function refused(store: string, flags: readonly string[], why: RegExp): Promise<void> {
  const { code, stderr } = await tidewheel(flags);
  assert.equal(code, 2, stderr);
  assert.equal(count(stderr, 'COORDINATOR_REFUSED'), 1, stderr);
  assert.match(stderr, why);
  assert.match(stderr, /Check `etcd\.user` with its password/);
  assert.equal(await tablesOf(store), 0);
}

test('a master that etcd refuses by password or rights does not start, and has not touched the store', {
  timeout: 60_000,
}, async (t) => {
  const home = scratch(t);
  const { url, drop } = await createDatabase();
  after(drop);
  const etcd = await startEtcd();
  after(() => etcd.stop());
  const gateway = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${etcd.endpoints[0]}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  };
  for (const name of ['root', 'small']) await gateway('auth/user/add', { name, password: 'of-the-test' });
  await gateway('auth/role/add', { name: 'root' });
  await gateway('auth/user/grant', { user: 'root', role: 'root' });
  await gateway('auth/enable', {});
  const passwordFile = join(home, 'password');
  const login = (user: string): string[] => [`--etcd-user=${user}`, `--etcd-password-file=${passwordFile}`];
  const flags = flagsOf(url, etcd.endpoints);
  writeFileSync(passwordFile, 'wrong\n');
  await refused(url, [...flags, ...login('root')], /authentication failed, invalid user ID or password/);
  writeFileSync(passwordFile, 'of-the-test\n');
  await refused(url, [...flags, ...login('small')], /permission denied/);
  await refused(url, flags, /user name is empty/);
});

test('a master that trusts another authority than etcd, or shows no certificate, does not start', {
  timeout: 60_000,
  ...(opensslWorks ? {} : { skip: 'openssl, which makes the certificates, is not installed' }),
}, async (t) => {
  const { otherCaFile, ...files } = makeCertificates(scratch(t));
  const { url, drop } = await createDatabase();
  after(drop);
  const etcd = await startEtcd({ tls: files });
  after(() => etcd.stop());
  const flags = flagsOf(url, etcd.endpoints);
  const own = [`--etcd-cert=${files.certFile}`, `--etcd-key=${files.keyFile}`];
  await refused(url, [...flags, `--etcd-ca=${otherCaFile}`, ...own], /unable to verify the first certificate/);
  await refused(url, [...flags, `--etcd-ca=${files.caFile}`], /certificate/);
});
