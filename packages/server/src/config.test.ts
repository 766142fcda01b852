import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { type ConfigSources, configKeys, readConfig } from './config.ts';

const nothing: ConfigSources = { flags: {}, env: {}, file: null };

function faultsOf(sources: Partial<ConfigSources>): string[] {
  try {
    readConfig({ ...nothing, ...sources });
  } catch (error) {
    assert.ok(error instanceof Refusal && error.code === 'INVALID_CONFIG', String(error));
    return error.faults.map((fault) => `${fault.pointer}: ${fault.detail}`);
  }
  return [];
}

test('starts without any configuration, on loopback, with SQLite', () => {
  const config = readConfig(nothing);
  assert.deepEqual(config.store, { engine: 'sqlite', path: resolve('.tidewheel/tidewheel.db') });
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 7070 });
  assert.equal(config.insecurePublicHttp, false);
  assert.equal(config.tls, null);
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.store) && Object.isFrozen(config.listen));
});

test('takes a flag before the environment, the environment before the file, the file before the default', () => {
  const file = {
    path: 'server.yaml',
    server: { listen: '127.0.0.1:1', store: { pool: 30, url: 'postgres://db/tidewheel' }, log: { level: 'warn' } },
  };
  const env = { TIDEWHEEL_LISTEN: '127.0.0.1:2', TIDEWHEEL_LOG_LEVEL: 'error', TIDEWHEEL_STORE: '' };
  const config = readConfig({ flags: { listen: '[::1]:3', 'insecure-public-http': true }, env, file });
  assert.deepEqual(config.listen, { host: '::1', port: 3 });
  assert.equal(config.logLevel, 'error');
  assert.deepEqual(config.store, {
    engine: 'postgres',
    url: 'postgres://db/tidewheel',
    poolSize: 30,
    pooler: 'none',
    directUrl: null,
  });
  assert.equal(config.insecurePublicHttp, true);
});

test('takes etcd with all it needs, its endpoints as text or as a list of the file', () => {
  const flags = { coordinator: 'etcd', 'etcd-cert': 'c.pem', 'etcd-key': 'k.pem', 'etcd-user': 'u' };
  const file = {
    path: 'c.yaml',
    server: { etcd: { endpoints: ['https://a:2379', 'https://b:2379'], passwordFile: 'p' } },
  };
  assert.deepEqual(readConfig({ flags, env: {}, file }).coordinator, {
    kind: 'etcd',
    endpoints: ['https://a:2379', 'https://b:2379'],
    prefix: 'tidewheel/',
    caFile: null,
    client: { certFile: 'c.pem', keyFile: 'k.pem' },
    login: { user: 'u', passwordFile: 'p' },
  });
  const text = { coordinator: 'etcd', 'etcd-endpoints': 'http://a:2379, http://b:2379' };
  const { coordinator } = readConfig({ ...nothing, flags: text });
  assert.deepEqual(coordinator.kind === 'etcd' && coordinator.endpoints, ['http://a:2379', 'http://b:2379']);
  assert.deepEqual(readConfig(nothing).coordinator, { kind: 'store' });
});

const bad: [what: string, sources: Partial<ConfigSources>, ...faults: string[]][] = [
  ['a port', { flags: { listen: '127.0.0.1:70700' } }, 'listen: --listen is "127.0.0.1:70700"; expected host:port'],
  [
    'a store',
    { env: { TIDEWHEEL_STORE: 'mysql://db' } },
    'store.url: TIDEWHEEL_STORE is "mysql://db"; expected sqlite:FILE',
  ],
  ['an address', { flags: { address: 'http://a/b' } }, 'address: --address is "http://a/b"; expected http://host:port'],
  [
    'a key of the file',
    { file: { path: 'c.yaml', server: { log: { leve: 'info' }, lissen: 1 } } },
    'log.leve: in c.yaml: there is no such key',
    'lissen: in c.yaml',
  ],
  ['the file', { file: { path: 'c.yaml', server: ['x'] } }, 'server: in c.yaml: expected a section'],
  ['half a TLS pair', { flags: { 'tls-cert': 'a.pem' } }, 'tls.key: a certificate and its key go together'],
  ['a slow heartbeat', { flags: { heartbeat: '8s' } }, 'session.heartbeat: at most a third'],
  [
    'a coordinator',
    { flags: { coordinator: 'zookeeper' } },
    'coordinator: --coordinator is "zookeeper"; expected one of store, etcd',
  ],
  ['etcd without endpoints', { flags: { coordinator: 'etcd' } }, 'etcd.endpoints: needed'],
  ['etcd that nobody uses', { flags: { 'etcd-endpoints': 'http://e:2379' } }, 'etcd.endpoints: says where etcd is'],
  [
    'an endpoint of etcd',
    { flags: { coordinator: 'etcd', 'etcd-endpoints': 'http://a:2379,https://b:2379' } },
    'etcd.endpoints: --etcd-endpoints is "http://a:2379,https://b:2379"; expected URLs',
  ],
  [
    'half a pair of etcd',
    { flags: { coordinator: 'etcd', 'etcd-endpoints': 'https://a:2379', 'etcd-cert': 'c.pem', 'etcd-user': 'u' } },
    'etcd.key: a certificate and its key go together',
    'etcd.passwordFile: a user and the password go together',
  ],
  [
    'a program of a scaler',
    { flags: { 'scaler-commands': '/usr/bin/a,b' } },
    'scaler.commands: --scaler-commands is "/usr/bin/a,b"; expected absolute paths',
  ],
  [
    'an address of a scaler',
    { flags: { 'scaler-webhooks': 'https://me:pw@a' } },
    'scaler.webhooks: --scaler-webhooks is "https://me:pw@a"; expected addresses',
  ],
  [
    'webhooks without a secret',
    { flags: { 'scaler-webhooks': 'https://a.example/pools' } },
    'scaler.webhookSecretFile: needed, because `scaler.webhooks` allows calls',
  ],
  [
    'a cluster outside of a pod',
    { flags: { 'scaler-kubernetes': 'in-cluster' } },
    'scaler.kubernetes: this process does not run in a pod of Kubernetes',
  ],
  [
    'two keys at once',
    { env: { TIDEWHEEL_STORE_POOL: 'many', TIDEWHEEL_LOG_LEVEL: 'loud' } },
    'store.pool: ',
    'log.level: ',
  ],
];
for (const [what, sources, ...expected] of bad) {
  test(`names the key and where the value came from when ${what} is wrong`, () => {
    const found = faultsOf(sources);
    assert.equal(found.length, expected.length, found.join('\n'));
    expected.forEach((start, index) => assert.ok(found[index]?.startsWith(start), found[index]));
  });
}

test('gives every key its own flag, variable and sentence', () => {
  for (const part of ['key', 'flag', 'env', 'help'] as const) {
    assert.equal(new Set(configKeys.map((key) => key[part])).size, configKeys.length, part);
  }
});

test('the cluster of pools is the one that is named, else that of the pod, else that of KUBECONFIG', () => {
  const pod = { KUBERNETES_SERVICE_HOST: '192.0.2.1', KUBERNETES_SERVICE_PORT: '6443' };
  const found = (env: Record<string, string>, flags: Record<string, string> = {}) =>
    readConfig({ flags, env, file: null }).scaler.kubernetes;
  assert.equal(found({}), null);
  assert.deepEqual(found({ KUBECONFIG: '/a:/b' }), { kind: 'kubeconfig', files: ['/a', '/b'], context: null });
  assert.deepEqual(found({ ...pod, KUBECONFIG: '/a' }), { kind: 'pod', host: '192.0.2.1', port: '6443' });
  assert.deepEqual(found(pod, { 'scaler-kubernetes': '/c#two' }), {
    kind: 'kubeconfig',
    files: ['/c'],
    context: 'two',
  });
});
