// The suite on a real member and on a real cluster of three, and what is particular to etcd: a minority, an outage, compaction.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdCluster, startEtcd } from '../../../../../test/support/etcd.ts';
import { type CoordinatorEnds, testCoordinator } from '../../ports/conformance/coordinator.ts';
import { CoordinatorRefused, CoordinatorUnavailable } from '../../ports/coordinator.ts';
import { cuttingProxy } from '../postgres/testing/cutting-proxy.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { type EtcdCoordinator, etcdCoordinator } from './coordinator.ts';

let prefixes = 0;

function connect(endpoints: readonly string[], prefix: string): EtcdCoordinator {
  const shared = { tls: null, credentials: null, clock: systemClock, identity: systemIdentity };
  return etcdCoordinator({ ...shared, endpoints, prefix });
}

async function ends(etcd: EtcdCluster): Promise<CoordinatorEnds> {
  prefixes += 1;
  const prefix = `test${prefixes}/`;
  const proxies = await Promise.all(etcd.endpoints.map((endpoint) => cuttingProxy(endpoint)));
  const here = connect(
    proxies.map(({ url }) => url.replace(/\/$/, '')),
    prefix,
  );
  const there = connect(etcd.endpoints, prefix);
  return {
    here,
    there,
    ttlMs: 2000,
    pass: async (ms) => {
      await sleep(ms);
    },
    restart: async () => {
      for (const member of etcd.members) await member.kill();
      for (const member of etcd.members) member.start();
      await etcd.healthy();
    },
    cut: () => {
      for (const proxy of proxies) proxy.cutAll();
    },
    loseAnswerTo: async (text) => {
      await Promise.race(proxies.map((proxy) => proxy.cutAt(text, 'after')));
    },
    close: async () => {
      await here.close();
      await there.close();
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

for (const members of [1, 3]) {
  describe(`etcd with ${members} member${members === 1 ? '' : 's'}`, () => {
    let etcd: Promise<EtcdCluster> | undefined;
    after(async () => (await etcd)?.stop());
    testCoordinator(`etcd with ${members} member${members === 1 ? '' : 's'}`, async () =>
      ends(await (etcd ??= startEtcd({ members }))),
    );
  });
}

async function unavailable(call: () => Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error: unknown) => error instanceof CoordinatorUnavailable);
}

async function refused(call: () => Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error: unknown) => error instanceof CoordinatorRefused);
}

test('one member of three may die or hang: leases are kept and given all the same', { timeout: 60_000 }, async () => {
  const etcd = await startEtcd({ members: 3 });
  const coordinator = connect(etcd.endpoints, 'test/');
  try {
    const grant = await coordinator.acquire('l', 'a', 3000);
    assert.ok(grant);
    for (const member of etcd.members) {
      member.pause();
      // The members that are left may have to elect a leader first.
      let renewed: boolean | null = null;
      for (let tried = 0; renewed === null && tried < 20; tried += 1) {
        renewed = await coordinator.renew(grant).catch(() => null);
        if (renewed === null) await sleep(100);
      }
      assert.equal(renewed, true);
      const members = await coordinator.probe();
      assert.equal(members.filter(({ trouble }) => trouble === null).length, 2);
      member.resume();
      await etcd.healthy();
    }
  } finally {
    await coordinator.close();
    await etcd.stop();
  }
});

test('without a quorum nothing is granted, renewed or read, and afterwards all is well', {
  timeout: 60_000,
}, async () => {
  const etcd = await startEtcd({ members: 3 });
  const coordinator = connect(etcd.endpoints, 'test/');
  try {
    const [first, second] = etcd.members;
    await first?.kill();
    await second?.kill();
    await unavailable(() => coordinator.acquire('l', 'a', 3000));
    await unavailable(() => coordinator.holder('l'));
    await assert.rejects(coordinator.verify(), (error: unknown) => !(error instanceof CoordinatorRefused));
    first?.start();
    second?.start();
    await etcd.healthy();
    const grant = await coordinator.acquire('l', 'a', 3000);
    assert.ok(grant);
    assert.equal(await coordinator.renew(grant), true);
  } finally {
    await coordinator.close();
    await etcd.stop();
  }
});

test('a watch whose place has been compacted away goes on with what is there', { timeout: 60_000 }, async () => {
  const etcd = await startEtcd();
  const proxies = await Promise.all(etcd.endpoints.map((endpoint) => cuttingProxy(endpoint)));
  const watcher = connect(
    proxies.map(({ url }) => url.replace(/\/$/, '')),
    'test/',
  );
  const other = connect(etcd.endpoints, 'test/');
  try {
    let wake = Promise.withResolvers<void>();
    watcher.watch('l', () => wake.resolve());
    const until = async (holder: string | null) => {
      while (((await other.holder('l'))?.holder ?? null) !== holder) await wake.promise;
      await wake.promise;
      wake = Promise.withResolvers<void>();
    };
    const first = await other.acquire('l', 'a', 3000);
    assert.ok(first);
    await until('a');
    for (const proxy of proxies) proxy.cutAll();
    for (let round = 0; round < 5; round += 1) {
      const grant = await other.acquire('m', 'a', 3000);
      assert.ok(grant);
      await other.release(grant);
    }
    await compact(etcd.endpoints[0] ?? '');
    await until('a');
    await other.release(first);
    await until(null);
  } finally {
    await watcher.close();
    await other.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await etcd.stop();
  }
});

/** Forgets all revisions but the newest, by etcd's JSON gateway. */
async function compact(endpoint: string): Promise<void> {
  const call = async (path: string, body: object): Promise<{ header: { revision: string } }> => {
    const answer = await fetch(`${endpoint}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 200);
    return (await answer.json()) as { header: { revision: string } };
  };
  const { header } = await call('kv/range', { key: 'bA==' });
  await call('kv/compaction', { revision: header.revision, physical: true });
}

test('signs in with a password, and again when the token is no longer known', { timeout: 60_000 }, async () => {
  const etcd = await startEtcd();
  const gateway = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${etcd.endpoints[0]}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  };
  await gateway('auth/user/add', { name: 'root', password: 'of-the-test' });
  await gateway('auth/role/add', { name: 'root' });
  await gateway('auth/user/grant', { user: 'root', role: 'root' });
  await gateway('auth/user/add', { name: 'reader', password: 'of-the-test' });
  await gateway('auth/role/add', { name: 'reads' });
  const keys = { key: btoa('test/'), range_end: btoa('test0') };
  await gateway('auth/role/grant', { name: 'reads', perm: { permType: 'READ', ...keys } });
  await gateway('auth/user/grant', { user: 'reader', role: 'reads' });
  await gateway('auth/enable', {});
  const options = {
    endpoints: etcd.endpoints,
    tls: null,
    prefix: 'test/',
    clock: systemClock,
    identity: systemIdentity,
  };
  const coordinator = etcdCoordinator({ ...options, credentials: { user: 'root', password: 'of-the-test' } });
  const stranger = etcdCoordinator({ ...options, credentials: { user: 'root', password: 'wrong' } });
  const nobody = etcdCoordinator({ ...options, credentials: null });
  const strangers = [stranger, nobody];
  try {
    const grant = await coordinator.acquire('l', 'a', 3000);
    assert.ok(grant);
    assert.equal(await coordinator.renew(grant), true);
    await coordinator.verify();
    assert.equal((await coordinator.holder('l'))?.token, grant.token, 'that changes nothing');
    const mayOnlyRead = etcdCoordinator({ ...options, credentials: { user: 'reader', password: 'of-the-test' } });
    strangers.push(mayOnlyRead);
    assert.equal((await mayOnlyRead.holder('l'))?.token, grant.token);
    for (const one of strangers) await refused(() => one.verify());
    await refused(() => stranger.acquire('m', 'b', 3000));
    await refused(() => nobody.holder('l'));
    // A member keeps its tokens in memory: after a restart it knows none of them.
    await etcd.members[0]?.kill();
    etcd.members[0]?.start();
    await etcd.healthy();
    const again = await coordinator.acquire('l', 'a', 3000).catch(() => coordinator.acquire('l', 'a', 3000));
    assert.ok(again !== null && again.token > grant.token);
  } finally {
    for (const one of [coordinator, ...strangers]) await one.close();
    await etcd.stop();
  }
});
