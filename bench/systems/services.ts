// The servers that all systems of one benchmark share: one PostgreSQL (fsync on, the same settings for everybody), one Redis, one desk for
// stamps. Each is started when first asked for; every round gets a fresh database.

import { closeSync, copyFileSync, fsyncSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresCluster, startPostgres } from '../../test/support/postgres.ts';
import { type RedisServer, startRedis } from '../../test/support/redis.ts';
import { StampDesk } from '../load/stamp-desk.ts';
import { stampsVariable } from '../load/stamps.ts';
import { askStore, openReader } from './ask-store.ts';

/**
 * Room for the data of the large measures, and no checkpoint in the middle of a round; what makes a commit durable stays as it is shipped.
 * Statistics of statements are on for everybody: the idle measure counts by them.
 */
export const postgresSettings = {
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  max_connections: '300',
  shared_preload_libraries: 'pg_stat_statements',
};

/** How long the connections to a database get to end before it is dropped. */
const unusedMs = 5000;

export type Engine = 'postgres' | 'sqlite';

/** A database: what `--store` takes, and how to be rid of it. */
export interface Place {
  readonly engine: Engine;
  readonly store: string;
  remove(): Promise<void>;
}

export class Services {
  readonly directory: string;
  readonly desk: StampDesk;
  #postgres: Promise<PostgresCluster> | undefined;
  #redis: Promise<RedisServer> | undefined;
  #made = 0;

  private constructor(directory: string, desk: StampDesk) {
    this.directory = directory;
    this.desk = desk;
  }

  static async start(): Promise<Services> {
    const directory = mkdtempSync(join(tmpdir(), 'tidewheel-bench-'));
    return new Services(directory, await StampDesk.open(directory));
  }

  /** The environment of workers that stamp. */
  get workerEnvironment(): Record<string, string> {
    return { [stampsVariable]: this.desk.path };
  }

  postgres(): Promise<PostgresCluster> {
    this.#postgres ??= startPostgres({ settings: postgresSettings });
    return this.#postgres;
  }

  redis(): Promise<RedisServer> {
    this.#redis ??= startRedis();
    return this.#redis;
  }

  /** Whether it was asked for. */
  has(server: 'postgres' | 'redis'): boolean {
    return (server === 'postgres' ? this.#postgres : this.#redis) !== undefined;
  }

  /** A fresh database, or a copy of one that nobody has open. */
  async place(engine: Engine, copyOf?: Place): Promise<Place> {
    this.#made += 1;
    const name = `bench_${this.#made}`;
    if (engine === 'sqlite') return this.#file(name, copyOf);
    const { url } = await this.postgres();
    const template = copyOf === undefined ? '' : ` template ${new URL(copyOf.store).pathname.slice(1)}`;
    await askStore(url, `create database ${name}${template}`);
    // Else the copy of a large one would be written out beside what is measured, which no store that has grown by itself does.
    if (copyOf !== undefined) await askStore(url, 'checkpoint');
    const store = new URL(url);
    store.pathname = `/${name}`;
    const remove = async (): Promise<void> => {
      await untilUnused(url, name);
      await askStore(url, `drop database if exists ${name} with (force)`);
    };
    return { engine, store: store.href, remove };
  }

  #file(name: string, copyOf: Place | undefined): Place {
    const path = join(this.directory, `${name}.db`);
    if (copyOf !== undefined) {
      copyFileSync(copyOf.store.replace(/^sqlite:/, ''), path);
      const file = openSync(path, 'r+');
      fsyncSync(file);
      closeSync(file);
    }
    const remove = (): Promise<void> => {
      for (const suffix of ['', '-wal', '-shm', '-lock']) rmSync(`${path}${suffix}`, { force: true });
      return Promise.resolve();
    };
    return { engine: 'sqlite', store: `sqlite:${path}`, remove };
  }

  async stop(): Promise<void> {
    await this.desk.close();
    await (await this.#postgres)?.stop();
    await (await this.#redis)?.stop();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Connections that are still closing would take being cut off for a failure. */
async function untilUnused(url: string, name: string): Promise<void> {
  const reader = await openReader(url);
  try {
    const deadline = performance.now() + unusedMs;
    const inUse = `select 1 from pg_stat_activity where datname = '${name}'`;
    while ((await reader.ask(inUse)).length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await reader.close();
  }
}
