// The configuration of a server, read once: flag, then environment, then file, then the default. Every key stands in one table,
// which also makes the flags and is compared with docs/reference/config.md. What comes out is frozen and complete.

import { dirname } from 'node:path';
import { type Fault, Refusal } from '@tidewheel/protocol';
import {
  duration,
  fileText,
  isSection,
  oneOf,
  Problem,
  type Read,
  readAddress,
  readEndpoints,
  readListen,
  readStore,
  readSwitch,
  type StoreConfig,
  text,
  valueAt,
  whole,
} from './config-values.ts';

export type { StoreConfig };

export type CoordinatorConfig =
  | { readonly kind: 'store' }
  | {
      readonly kind: 'etcd';
      readonly endpoints: readonly string[];
      readonly prefix: string;
      readonly caFile: string | null;
      readonly client: { readonly certFile: string; readonly keyFile: string } | null;
      readonly login: { readonly user: string; readonly passwordFile: string } | null;
    };

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface ServerConfig {
  readonly store: StoreConfig;
  readonly coordinator: CoordinatorConfig;
  readonly listen: { readonly host: string; readonly port: number };
  /** How workers and other masters reach this one; null means: made of the address that it listens on. */
  readonly address: string | null;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly insecurePublicHttp: boolean;
  readonly bootstrapTokenFile: string | null;
  readonly logLevel: LogLevel;
  readonly sessionTtlMs: number;
  readonly heartbeatMs: number;
}

export interface ConfigKey<T = unknown> {
  /** The path in the file, under `server:`. */
  readonly key: string;
  readonly flag: string;
  /** The flag's value in the help; none for a switch. */
  readonly placeholder: string | null;
  readonly env: string;
  readonly fallback: string | null;
  readonly help: string;
  readonly read: Read<T>;
}

const define = <T>(key: ConfigKey<T>): ConfigKey<T> => key;

const keys = {
  store: define({
    key: 'store.url',
    flag: '--store',
    placeholder: 'url',
    env: 'TIDEWHEEL_STORE',
    fallback: 'sqlite:.tidewheel/tidewheel.db',
    help: 'where everything is kept: sqlite:FILE for one master, postgres://… for a cluster',
    read: readStore,
  }),
  storePool: define({
    key: 'store.pool',
    flag: '--store-pool',
    placeholder: 'n',
    env: 'TIDEWHEEL_STORE_POOL',
    fallback: '10',
    help: 'connections to PostgreSQL',
    read: whole(2, 200),
  }),
  coordinator: define({
    key: 'coordinator',
    flag: '--coordinator',
    placeholder: 'kind',
    env: 'TIDEWHEEL_COORDINATOR',
    fallback: 'store',
    help: 'what masters elect their leader by: store, or etcd, which notices a dead leader sooner',
    read: oneOf(['store', 'etcd']),
  }),
  etcdEndpoints: define({
    key: 'etcd.endpoints',
    flag: '--etcd-endpoints',
    placeholder: 'urls',
    env: 'TIDEWHEEL_ETCD_ENDPOINTS',
    fallback: null,
    help: 'the client addresses of all etcd members, with commas between',
    read: readEndpoints,
  }),
  etcdPrefix: define({
    key: 'etcd.prefix',
    flag: '--etcd-prefix',
    placeholder: 'text',
    env: 'TIDEWHEEL_ETCD_PREFIX',
    fallback: 'tidewheel/',
    help: 'before every key in etcd; one for each cluster that shares it',
    read: text,
  }),
  etcdCa: define({
    key: 'etcd.ca',
    flag: '--etcd-ca',
    placeholder: 'file',
    env: 'TIDEWHEEL_ETCD_CA',
    fallback: null,
    help: 'certificates that the members are checked against, PEM',
    read: text,
  }),
  etcdCert: define({
    key: 'etcd.cert',
    flag: '--etcd-cert',
    placeholder: 'file',
    env: 'TIDEWHEEL_ETCD_CERT',
    fallback: null,
    help: 'certificate of this client, PEM',
    read: text,
  }),
  etcdKey: define({
    key: 'etcd.key',
    flag: '--etcd-key',
    placeholder: 'file',
    env: 'TIDEWHEEL_ETCD_KEY',
    fallback: null,
    help: 'private key of this client, PEM',
    read: text,
  }),
  etcdUser: define({
    key: 'etcd.user',
    flag: '--etcd-user',
    placeholder: 'name',
    env: 'TIDEWHEEL_ETCD_USER',
    fallback: null,
    help: 'user to sign in as',
    read: text,
  }),
  etcdPasswordFile: define({
    key: 'etcd.passwordFile',
    flag: '--etcd-password-file',
    placeholder: 'file',
    env: 'TIDEWHEEL_ETCD_PASSWORD_FILE',
    fallback: null,
    help: "file with that user's password",
    read: text,
  }),
  listen: define({
    key: 'listen',
    flag: '--listen',
    placeholder: 'host:port',
    env: 'TIDEWHEEL_LISTEN',
    fallback: '127.0.0.1:7070',
    help: 'the address to serve on; port 0 takes any free one',
    read: readListen,
  }),
  address: define({
    key: 'address',
    flag: '--address',
    placeholder: 'url',
    env: 'TIDEWHEEL_ADDRESS',
    fallback: null,
    help: 'how workers and other masters reach this one; made of `listen` when absent',
    read: readAddress,
  }),
  tlsCert: define({
    key: 'tls.cert',
    flag: '--tls-cert',
    placeholder: 'file',
    env: 'TIDEWHEEL_TLS_CERT',
    fallback: null,
    help: 'certificate chain, PEM',
    read: text,
  }),
  tlsKey: define({
    key: 'tls.key',
    flag: '--tls-key',
    placeholder: 'file',
    env: 'TIDEWHEEL_TLS_KEY',
    fallback: null,
    help: 'private key, PEM',
    read: text,
  }),
  insecurePublicHttp: define({
    key: 'insecurePublicHttp',
    flag: '--insecure-public-http',
    placeholder: null,
    env: 'TIDEWHEEL_INSECURE_PUBLIC_HTTP',
    fallback: 'false',
    help: 'serve a public address without TLS, and accept that tokens travel in clear text',
    read: readSwitch,
  }),
  bootstrapTokenFile: define({
    key: 'bootstrapTokenFile',
    flag: '--bootstrap-token-file',
    placeholder: 'file',
    env: 'TIDEWHEEL_BOOTSTRAP_TOKEN_FILE',
    fallback: null,
    help: 'on a store without any admin token, make one and write it here, readable by the owner only',
    read: text,
  }),
  logLevel: define({
    key: 'log.level',
    flag: '--log-level',
    placeholder: 'level',
    env: 'TIDEWHEEL_LOG_LEVEL',
    fallback: 'info',
    help: `what to log on stderr: ${logLevels.join(', ')}`,
    read: oneOf(logLevels),
  }),
  sessionTtl: define({
    key: 'session.ttl',
    flag: '--session-ttl',
    placeholder: 'duration',
    env: 'TIDEWHEEL_SESSION_TTL',
    fallback: '15s',
    help: 'a worker that is silent for so long is dead and its runs are given to others',
    read: duration(3000, 600_000),
  }),
  heartbeat: define({
    key: 'session.heartbeat',
    flag: '--heartbeat',
    placeholder: 'duration',
    env: 'TIDEWHEEL_HEARTBEAT',
    fallback: '3s',
    help: 'how often a worker says that it lives; at most a third of the session',
    read: duration(500, 200_000),
  }),
};

export const configKeys: readonly ConfigKey[] = Object.values(keys);

export interface ConfigSources {
  /** By the flag's name without dashes, as typed: `store`, `insecure-public-http`. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | null;
}
export interface ConfigFile {
  readonly path: string;
  /** What stands under `server:`. */
  readonly server: unknown;
}

/** Throws INVALID_CONFIG with every fault; `pointer` is the key, `detail` says where its value came from. */
export function readConfig(sources: ConfigSources): ServerConfig {
  const faults: Fault[] = unknownKeys(sources.file);
  const value = <T>(key: ConfigKey<T>): T | null => {
    const found = find(key, sources);
    if (found === null) return null;
    const read = key.read(found.text);
    if (!(read instanceof Problem)) return read;
    faults.push({ pointer: key.key, detail: `${found.origin} is "${found.text}"; expected ${read.expected}` });
    return null;
  };
  const all = {
    store: value(keys.store),
    poolSize: value(keys.storePool),
    listen: value(keys.listen),
    address: value(keys.address),
    certFile: value(keys.tlsCert),
    keyFile: value(keys.tlsKey),
    insecurePublicHttp: value(keys.insecurePublicHttp),
    bootstrapTokenFile: value(keys.bootstrapTokenFile),
    logLevel: value(keys.logLevel),
    sessionTtlMs: value(keys.sessionTtl),
    heartbeatMs: value(keys.heartbeat),
  };
  if ((all.certFile === null) !== (all.keyFile === null)) {
    faults.push({
      pointer: all.certFile === null ? 'tls.cert' : 'tls.key',
      detail: 'a certificate and its key go together',
    });
  }
  if (all.sessionTtlMs !== null && all.heartbeatMs !== null && all.heartbeatMs * 3 > all.sessionTtlMs) {
    faults.push({
      pointer: 'session.heartbeat',
      detail: 'at most a third of session.ttl, or one lost message would end a session',
    });
  }
  const coordinator = coordinatorOf(value, faults);
  const { store, poolSize, listen, insecurePublicHttp, logLevel, sessionTtlMs, heartbeatMs } = all;
  if (
    faults.length > 0 ||
    store === null ||
    poolSize === null ||
    listen === null ||
    insecurePublicHttp === null ||
    logLevel === null ||
    sessionTtlMs === null ||
    heartbeatMs === null
  ) {
    throw new Refusal('INVALID_CONFIG', faults.length === 1 ? 'one key is wrong' : `${faults.length} keys are wrong`, {
      faults,
    });
  }
  return Object.freeze({
    coordinator: Object.freeze(coordinator),
    store: Object.freeze(store.engine === 'postgres' ? { ...store, poolSize } : store),
    listen: Object.freeze(listen),
    address: all.address,
    tls:
      all.certFile === null || all.keyFile === null
        ? null
        : Object.freeze({ certFile: all.certFile, keyFile: all.keyFile }),
    insecurePublicHttp,
    bootstrapTokenFile: all.bootstrapTokenFile,
    logLevel,
    sessionTtlMs,
    heartbeatMs,
  });
}

/** What is wrong is added to the faults; then the answer is not used. */
function coordinatorOf(value: <T>(key: ConfigKey<T>) => T | null, faults: Fault[]): CoordinatorConfig {
  const pairs = [
    [keys.etcdCert, keys.etcdKey, 'a certificate and its key go together'],
    [keys.etcdUser, keys.etcdPasswordFile, 'a user and the password go together'],
  ] as const;
  const [client, login] = pairs.map(([one, other, detail]) => {
    const [first, second] = [value(one), value(other)];
    if (first !== null && second !== null) return { first, second };
    if (first !== null || second !== null) faults.push({ pointer: (first === null ? one : other).key, detail });
    return null;
  });
  const kind = value(keys.coordinator);
  const endpoints = value(keys.etcdEndpoints);
  const prefix = value(keys.etcdPrefix);
  const caFile = value(keys.etcdCa);
  if (kind !== 'etcd') {
    const detail = 'says where etcd is, but `coordinator` is store';
    if (kind === 'store' && endpoints !== null) faults.push({ pointer: keys.etcdEndpoints.key, detail });
    return { kind: 'store' };
  }
  if (endpoints === null && !faults.some(({ pointer }) => pointer === keys.etcdEndpoints.key))
    faults.push({ pointer: keys.etcdEndpoints.key, detail: 'needed, because `coordinator` is etcd' });
  return {
    kind,
    endpoints: endpoints ?? [],
    prefix: prefix ?? '',
    caFile,
    client: client ? { certFile: client.first, keyFile: client.second } : null,
    login: login ? { user: login.first, passwordFile: login.second } : null,
  };
}

interface Found {
  readonly text: string;
  readonly origin: string;
}

function find(key: ConfigKey, { flags, env, file }: ConfigSources): Found | null {
  const flag = flags[key.flag.slice(2)];
  if (flag !== undefined) return { text: String(flag), origin: key.flag };
  const variable = env[key.env];
  if (variable !== undefined && variable !== '') return { text: variable, origin: key.env };
  const kept = file === null ? undefined : valueAt(file.server, key.key);
  if (file !== null && kept !== undefined && kept !== null)
    return { text: fileText(kept), origin: `${key.key} in ${file.path}` };
  return key.fallback === null ? null : { text: key.fallback, origin: 'the default' };
}

function unknownKeys(file: ConfigFile | null): Fault[] {
  if (file === null || file.server === undefined || file.server === null) return [];
  if (!isSection(file.server)) return [{ pointer: 'server', detail: `in ${file.path}: expected a section with keys` }];
  const known = new Set(configKeys.map((key) => key.key));
  const parents = new Set([...known].flatMap((key) => (key.includes('.') ? [key.slice(0, key.indexOf('.'))] : [])));
  return Object.entries(file.server).flatMap(([name, value]) => {
    const names =
      parents.has(name) && isSection(value) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name];
    return names
      .filter((key) => !known.has(key))
      .map((key) => ({
        pointer: key,
        detail: `in ${file.path}: there is no such key; known are ${[...known].join(', ')}`,
      }));
  });
}

/** The directory that belongs to a SQLite store: database, lock and the CLI's `client.json`. */
export function dataDirectoryOf(store: StoreConfig): string | null {
  return store.engine === 'sqlite' ? dirname(store.path) : null;
}
