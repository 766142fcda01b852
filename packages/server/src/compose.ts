// Joins the pieces: the only file that knows all drivers. A configuration becomes an open store, and an open store
// becomes a running system: database, signals, one master, its HTTP door.

import { Refusal } from '@tidewheel/protocol';
import { openBackups } from './compose/open-backups.ts';
import { openDatabase, openReads } from './compose/open-database.ts';
import { openEtcd } from './compose/open-etcd.ts';
import { openKeda } from './compose/open-keda.ts';
import { openProcesses } from './compose/open-processes.ts';
import { closeScalers, openScalers } from './compose/open-scalers.ts';
import { tlsFiles } from './compose/tls-files.ts';
import { dataDirectoryOf, type LogLevel, type ServerConfig, type StoreConfig } from './config.ts';
import type { ScalingTarget } from './core/scaling/figures.ts';
import { connectionsMost } from './core/store-connections.ts';
import { systemClock } from './drivers/system/clock.ts';
import { diskFreeBytes } from './drivers/system/disk.ts';
import { systemIdentity } from './drivers/system/identity.ts';
import { openLog, type SystemLog } from './drivers/system/log.ts';
import { openMetrics } from './drivers/system/metrics.ts';
import { type HttpDoor, startHttp } from './http/http-door.ts';
import { type MasterDeps, masterDefaults, type MasterSettings } from './master/deps.ts';
import { Master } from './master/master.ts';
import type { Clock } from './ports/clock.ts';
import { type Failpoints, noFailpoints } from './ports/failpoints.ts';
import type { Database } from './ports/database.ts';
import type { Log } from './ports/log.ts';
import type { Signals } from './ports/signals.ts';
import { clusterId } from './store/cluster-id.ts';
import { leaseRows } from './store/lease-rows.ts';
import { migrate, migrationsAhead } from './store/migrate.ts';
import { signInLinkCreate } from './store/sign-ins.ts';
import { storeClosed, storeState } from './store/store-state.ts';
import { type Grant, tokenCreate, tokensRevokeUnused } from './store/tokens.ts';

export interface NewToken extends Grant {
  readonly expiresInMs?: number | undefined;
}

/** A store that is open and up to date, and what can be done with it without a master. */
export interface OpenStore {
  readonly db: Database;
  readonly signals: Signals;
  createToken(token: NewToken): ReturnType<typeof tokenCreate>;
  createSignInLink(): ReturnType<typeof signInLinkCreate>;
  /** Whether anybody could sign in at all. */
  hasAdmin(): Promise<boolean>;
  /** Makes the tokens of this name useless: those of an earlier process that cannot be told any more. */
  revokeTokens(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Whatever master makes them: those of an earlier one may still be in use by workers that finish what they run. */
const poolTokens = 'pool-processes';
/** Far longer than a token is given to workers that start, and those that run show theirs every few seconds. */
const poolTokensUnusedMs = 7 * 86_400_000;
/** Told to stop at once, a worker process takes no longer. */
const processesStopMs = 3000;

const everything: Grant = { name: 'operator at the store', role: 'admin', namespace: '*' };

/** Opens and migrates. Refusals: DATABASE_LOCKED, DATABASE_CORRUPT, DATABASE_NEWER, DATABASE_CHANGED, STORE_UNREACHABLE. */
export async function openStore(config: StoreConfig, log: Log): Promise<OpenStore> {
  const { db, signals } = await openDatabase(config, log);
  try {
    await migrate(db);
    const ahead = await migrationsAhead(db);
    db.history?.pin(await clusterId(db, systemIdentity));
    if (ahead.length > 0) log.warn('the database is newer than this binary, which can use it', { migrations: ahead });
  } catch (error) {
    await db.close();
    throw error;
  }
  return {
    db,
    signals,
    createToken: ({ expiresInMs, ...grant }) => tokenCreate(db, systemIdentity, grant, expiresInMs ?? null),
    createSignInLink: () => signInLinkCreate(db, systemIdentity, everything),
    hasAdmin: async () => {
      const rows = await db.query(
        `select 1 as one from api_token where role = 'admin' and revoked_at is null and (expires_at is null or expires_at > now_ms()) limit 1`,
      );
      return rows.length > 0;
    },
    revokeTokens: async (name) => {
      await db.query('update api_token set revoked_at = now_ms() where name = $1 and revoked_at is null', [name]);
    },
    close: async () => {
      await signals.close();
      await db.close();
    },
  };
}

/** Log lines of a server: JSON on stderr. */
export function serverLog(level: LogLevel): SystemLog {
  return openLog({ level, fd: 2 });
}

export interface SystemOptions {
  readonly version: string;
  readonly log: Log;
  /** Called once with a defect: the caller ends the process, so that another takes over. */
  readonly fatal: (error: unknown) => void;
  /** When the port is taken, so many next ones are tried. */
  readonly otherPorts?: number;
  /** Worker processes of pools end with this system, after so long at the latest; without, they finish what they run by themselves. */
  readonly processesEndMs?: number;
  /** Tests only: places in which the master may be made to fail. */
  readonly failpoints?: Failpoints;
}

export interface System {
  readonly master: Master;
  readonly store: OpenStore;
  readonly clock: Clock;
  /** Where it really listens. */
  readonly address: string;
  /** On which KEDA is answered; null when it is not. */
  readonly kedaPort: number | null;
  /** No new work is taken, what is here is settled, the store is closed. Safe to call twice. */
  stop(): Promise<void>;
}

export async function compose(config: ServerConfig, options: SystemOptions): Promise<System> {
  const { log, fatal, version, failpoints = noFailpoints } = options;
  // Read first: a missing file should not leave an open store behind.
  const tls = config.tls === null ? null : tlsFiles(config.tls);
  const platforms = await openScalers(config.scaler);
  const etcd = config.coordinator.kind === 'etcd' ? await openEtcd(config.coordinator) : null;
  const store = await openStore(config.store, log).catch(async (error: unknown) => {
    await etcd?.close();
    throw error;
  });
  const { db, signals } = store;
  const closed = storeClosed(await storeState(db));
  if (closed !== null) {
    await etcd?.close();
    await store.close();
    throw closed;
  }
  const coordinator = etcd ?? leaseRows(store);
  const backups = config.backup === null ? null : await openBackups(config.backup, config.store, db, log);
  const reads = await openReads(config.store, db, log);
  const metrics = openMetrics({ process: true });
  const settings = settingsOf(config, version, reads !== null);
  const shared = { db, signals, reads, clock: systemClock, identity: systemIdentity, log, fatal };
  const processes = openProcesses({
    ...config.processes,
    address: () => settings.address,
    token: (namespace) => poolToken(store, namespace),
    log,
  });
  const scalers = processes === null ? platforms : { ...platforms, process: processes };
  const disk = diskOf(config.store);
  const master = new Master({ ...shared, ...disk, coordinator, metrics, settings, failpoints, backups, scalers });
  const open = async (port: number): Promise<HttpDoor> => {
    const { host } = config.listen;
    const { insecurePublicHttp } = config;
    const door = startHttp({
      ...shared,
      master,
      metrics,
      metricsText: (gauges) => metrics.text(gauges),
      settings: { version, host, port, tls, insecurePublicHttp },
    });
    await door.start();
    return door;
  };
  try {
    const door = await openOn(config.listen.port, options.otherPorts ?? 0, open);
    // Other masters and workers are told this address, so it must be known before the master registers itself.
    if (settings.address === '') settings.address = door.address;
    const figures = (target: ScalingTarget) => master.scaling.of(target);
    const keda = config.keda === null ? null : await openKeda(config.keda, { clock: systemClock, log, fatal, figures });
    await master.start();
    return {
      master,
      store,
      clock: systemClock,
      address: door.address,
      kedaPort: keda?.port ?? null,
      stop: once(async () => {
        await keda?.stop();
        // While the masters still take their results.
        if (options.processesEndMs !== undefined) await processes?.endAll(options.processesEndMs, processesStopMs);
        await stopAll(door, master, [coordinator, ...(reads === null ? [] : [reads]), store]);
        await closeScalers(scalers);
      }),
    };
  } catch (error) {
    await reads?.close();
    await coordinator.close();
    await store.close();
    throw error;
  }
}

async function poolToken(store: OpenStore, namespace: string): ReturnType<OpenStore['createToken']> {
  await tokensRevokeUnused(store.db, poolTokens, poolTokensUnusedMs);
  return store.createToken({ name: poolTokens, role: 'worker', namespace });
}

function diskOf(store: StoreConfig): Pick<MasterDeps, 'diskFreeBytes'> {
  const directory = dataDirectoryOf(store);
  return directory === null ? {} : { diskFreeBytes: () => diskFreeBytes(directory) };
}

function settingsOf(config: ServerConfig, version: string, readsStandbys: boolean): MasterSettings {
  return {
    ...masterDefaults,
    address: config.address ?? '',
    version,
    zoneDataVersion: process.versions.tz ?? null,
    sessionTtlMs: config.sessionTtlMs,
    heartbeatMs: config.heartbeatMs,
    catchUpPerSecond: config.catchUpPerSecond,
    retention: { ...masterDefaults.retention, ...config.retention },
    space: config.space,
    durability: config.durability,
    storeConnections: config.store.engine === 'postgres' ? connectionsMost(config.store.poolSize, readsStandbys) : 0,
  };
}

/** The master says goodbye to its workers while the door still carries the words; then the door, then what it stood on, the store last. */
async function stopAll(door: HttpDoor, master: Master, ground: readonly { close(): Promise<void> }[]): Promise<void> {
  await master.stop();
  await door.stop();
  for (const one of ground) await one.close();
}

async function openOn(port: number, others: number, open: (port: number) => Promise<HttpDoor>): Promise<HttpDoor> {
  for (let tried = 0; ; tried += 1) {
    try {
      return await open(port + tried);
    } catch (error) {
      if (!isTaken(error)) throw error;
      if (tried >= others) {
        throw new Refusal('INVALID_CONFIG', `the port ${port} is taken; choose another one`, { cause: error });
      }
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => (done ??= work());
}
