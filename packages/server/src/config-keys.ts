// The keys of the configuration, in one table: their flags, variables and defaults, what they are for, and how they are read.

import { durabilities } from '@tidewheel/protocol';
import {
  duration,
  oneOf,
  poolers,
  type Read,
  readAddress,
  readDirect,
  readEndpoints,
  readListen,
  readStore,
  readSwitch,
  text,
  whole,
} from './config-values.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

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

export const keys = {
  store: define({
    key: 'store.url',
    flag: '--store',
    placeholder: 'url',
    env: 'TIDEWHEEL_STORE',
    fallback: 'sqlite:.tidewheel/tidewheel.db',
    help: 'where everything is kept: sqlite:FILE for one master, postgres://… for a cluster; of several host:port with commas between, the primary is found',
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
  storePooler: define({
    key: 'store.pooler',
    flag: '--store-pooler',
    placeholder: 'kind',
    env: 'TIDEWHEEL_STORE_POOLER',
    fallback: 'none',
    help: 'what stands before PostgreSQL: none, or transaction for PgBouncer in transaction mode',
    read: oneOf(poolers),
  }),
  storeDirect: define({
    key: 'store.direct',
    flag: '--store-direct',
    placeholder: 'url',
    env: 'TIDEWHEEL_STORE_DIRECT',
    fallback: null,
    help: 'PostgreSQL without the pooler, for signals between masters (one connection each); without it they poll',
    read: readDirect,
  }),
  storeDurability: define({
    key: 'store.durability',
    flag: '--store-durability',
    placeholder: 'demand',
    env: 'TIDEWHEEL_STORE_DURABILITY',
    fallback: 'none',
    help: 'what must hold, or the cluster is degraded: none, local (nothing lost by a crash), or synchronous (nor by the loss of the primary)',
    read: oneOf(durabilities),
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
  catchUpRate: define({
    key: 'catchUp.rate',
    flag: '--catch-up-rate',
    placeholder: 'n',
    env: 'TIDEWHEEL_CATCH_UP_RATE',
    fallback: '20',
    help: 'runs a second, of all schedules together, that are made up for after an outage; the same for all masters',
    read: whole(1, 10_000),
  }),
};

export const configKeys: readonly ConfigKey[] = Object.values(keys);
