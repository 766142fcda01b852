// The configuration of a server, read once: flag, then environment, then file, then the default. Every key stands in one table,
// which also makes the flags and is compared with docs/reference/config.md. What comes out is frozen and complete.

import { dirname } from 'node:path';
import { type Durability, type Fault, Refusal } from '@tidewheel/protocol';
import type { ConfigKey, Value } from './config-key.ts';
import { type KedaConfig, kedaOf } from './config-keda.ts';
import { configKeys, keys, type LogLevel } from './config-keys.ts';
import { type ScalerConfig, scalerOf } from './config-scaler.ts';
import type { RetentionSettings } from './core/retention.ts';
import type { SpaceSettings } from './core/store-growth.ts';
import { type BackupTargetConfig, fileText, isSection, Problem, type StoreConfig, valueAt } from './config-values.ts';

export type { ConfigKey } from './config-key.ts';
export { configKeys, type LogLevel, logLevels } from './config-keys.ts';

export type { BackupTargetConfig, KedaConfig, ScalerConfig, StoreConfig };

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

export interface BackupConfig {
  readonly target: BackupTargetConfig;
  readonly everyMs: number;
  readonly keep: number;
  readonly keyFile: string | null;
  readonly credentialsFile: string | null;
  readonly scratch: string | null;
  readonly postgresPrograms: string | null;
  /** The directories in which programs are looked for. */
  readonly searchPath: string;
}

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
  readonly catchUpPerSecond: number;
  readonly retention: Pick<RetentionSettings, 'runs' | 'ledgerMs' | 'eventsMs'>;
  readonly space: SpaceSettings;
  /** Null: no backups are made. */
  readonly backup: BackupConfig | null;
  readonly durability: Durability;
  /** Null: KEDA is not answered. */
  readonly keda: KedaConfig | null;
  readonly scaler: ScalerConfig;
  /** Worker processes of pools beside this master, at most; and the environment that they get, without settings of the server. */
  readonly processes: { readonly most: number; readonly environment: Readonly<Record<string, string | undefined>> };
}

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
    store: storeOf(value, faults),
    listen: value(keys.listen),
    address: value(keys.address),
    certFile: value(keys.tlsCert),
    keyFile: value(keys.tlsKey),
    insecurePublicHttp: value(keys.insecurePublicHttp),
    bootstrapTokenFile: value(keys.bootstrapTokenFile),
    logLevel: value(keys.logLevel),
    sessionTtlMs: value(keys.sessionTtl),
    heartbeatMs: value(keys.heartbeat),
    catchUpPerSecond: value(keys.catchUpRate),
    durability: value(keys.storeDurability),
    processes: value(keys.scalerProcesses),
  };
  faults.push(...togetherFaults(all));
  const [coordinator, backup] = [coordinatorOf(value, faults), backupOf(value, sources, faults)];
  const [retention, space] = [retentionOf(value), spaceOf(value)];
  const [keda, scaler] = [kedaOf(value, faults), scalerOf(value, sources.env, faults)];
  const { store, listen, insecurePublicHttp, logLevel, sessionTtlMs, heartbeatMs, catchUpPerSecond, durability } = all;
  if (
    faults.length > 0 ||
    store === null ||
    listen === null ||
    insecurePublicHttp === null ||
    logLevel === null ||
    sessionTtlMs === null ||
    heartbeatMs === null ||
    catchUpPerSecond === null ||
    retention === null ||
    space === null ||
    durability === null
  ) {
    const what = faults.length === 1 ? 'one key is wrong' : `${faults.length} keys are wrong`;
    throw new Refusal('INVALID_CONFIG', what, { faults });
  }
  return Object.freeze({
    coordinator: Object.freeze(coordinator),
    store: Object.freeze(store),
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
    catchUpPerSecond,
    retention,
    space,
    backup,
    durability,
    keda,
    scaler,
    processes: Object.freeze({ most: all.processes ?? 0, environment: sources.env }),
  });
}

/** Keys that are right by themselves, but not beside each other. */
function togetherFaults(all: {
  certFile: string | null;
  keyFile: string | null;
  sessionTtlMs: number | null;
  heartbeatMs: number | null;
}): Fault[] {
  const faults: Fault[] = [];
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
  return faults;
}

function backupOf(value: Value, { env }: ConfigSources, faults: Fault[]): BackupConfig | null {
  const target = value(keys.backupTarget);
  const [everyMs, keep] = [value(keys.backupEvery), value(keys.backupKeep)];
  const [keyFile, credentialsFile] = [value(keys.backupKeyFile), value(keys.backupCredentials)];
  const [scratch, postgresPrograms] = [value(keys.backupScratch), value(keys.postgresPrograms)];
  if (target === null || everyMs === null || keep === null) return null;
  if (target.kind === 's3' && credentialsFile === null)
    faults.push({ pointer: keys.backupCredentials.key, detail: 'needed, because `backup.target` is of S3' });
  const searchPath = env['PATH'] ?? '';
  return Object.freeze({ target, everyMs, keep, keyFile, credentialsFile, scratch, postgresPrograms, searchPath });
}

/** Null: some key is wrong, and among the faults. */
function retentionOf(value: Value): ServerConfig['retention'] | null {
  const [succeeded, failed, canceled] = [value(keys.keepSucceeded), value(keys.keepFailed), value(keys.keepCanceled)];
  const [ledgerMs, eventsMs] = [value(keys.keepLedger), value(keys.keepEvents)];
  if (succeeded === null || failed === null || canceled === null || ledgerMs === null || eventsMs === null) return null;
  return Object.freeze({ runs: Object.freeze({ succeeded, failed, canceled }), ledgerMs, eventsMs });
}

function spaceOf(value: Value): SpaceSettings | null {
  const [budgetBytes, reserveBytes] = [value(keys.storeBudget), value(keys.storeReserve)];
  return reserveBytes === null ? null : Object.freeze({ budgetBytes, reserveBytes });
}

/** Null when something is wrong, which is added to the faults. */
function storeOf(value: Value, faults: Fault[]): StoreConfig | null {
  const store = value(keys.store);
  const poolSize = value(keys.storePool);
  const pooler = value(keys.storePooler);
  const directUrl = value(keys.storeDirect);
  if (directUrl !== null && pooler === 'none')
    faults.push({ pointer: keys.storeDirect.key, detail: 'goes around a pooler, but `store.pooler` is none' });
  if (store === null || poolSize === null || pooler === null) return null;
  return store.engine === 'postgres' ? { ...store, poolSize, pooler, directUrl } : store;
}

/** What is wrong is added to the faults; then the answer is not used. */
function coordinatorOf(value: Value, faults: Fault[]): CoordinatorConfig {
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
