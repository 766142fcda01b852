// One node of a Patroni cluster on loopback: Patroni with its PostgreSQL, and the links by which others reach them and by which it reaches
// etcd. It can be killed, frozen and cut off as a machine, or Patroni alone.

import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TcpProxy } from '../faults/tcp-proxy.ts';
import { freePort, type Owner } from './postgres.ts';
import { repositoryRoot } from './tidewheel.ts';

export interface PatroniNodeOptions {
  readonly name: string;
  readonly home: string;
  readonly file: string;
  readonly binDir: string;
  readonly owner: Owner | undefined;
  readonly endpoints: readonly string[];
  readonly password: string;
  readonly env: Readonly<Record<string, string>>;
}

export class PatroniNode {
  readonly name: string;
  /** As the others and HAProxy reach its PostgreSQL and its Patroni. */
  readonly toPostgres: TcpProxy;
  readonly toApi: TcpProxy;
  /** As it reaches etcd. */
  readonly toEtcd: readonly TcpProxy[];
  readonly #options: PatroniNodeOptions;
  readonly #ports: { readonly postgres: number; readonly api: number };
  #patroni: ChildProcess | undefined;

  private constructor(
    options: PatroniNodeOptions,
    links: { toPostgres: TcpProxy; toApi: TcpProxy; toEtcd: readonly TcpProxy[] },
    ports: { postgres: number; api: number },
  ) {
    this.name = options.name;
    this.#options = options;
    this.toPostgres = links.toPostgres;
    this.toApi = links.toApi;
    this.toEtcd = links.toEtcd;
    this.#ports = ports;
  }

  static async make(options: PatroniNodeOptions): Promise<PatroniNode> {
    mkdirSync(options.home);
    if (options.owner !== undefined) chownSync(options.home, options.owner.uid, options.owner.gid);
    const ports = { postgres: await freePort(), api: await freePort() };
    const toEtcd: TcpProxy[] = [];
    for (const endpoint of options.endpoints)
      toEtcd.push(await TcpProxy.open({ host: '127.0.0.1', port: Number(new URL(endpoint).port) }));
    const toPostgres = await TcpProxy.open({ host: '127.0.0.1', port: ports.postgres });
    const toApi = await TcpProxy.open({ host: '127.0.0.1', port: ports.api });
    return new PatroniNode(options, { toPostgres, toApi, toEtcd }, ports);
  }

  get #dataDir(): string {
    return join(this.#options.home, 'data');
  }

  start(): void {
    const { name, home, file, binDir, owner, password, env } = this.#options;
    const log = openSync(join(home, 'patroni.log'), 'a');
    const child = spawn('/usr/bin/patroni', [file], {
      ...owner,
      cwd: home,
      detached: true,
      env: {
        PATH: `${binDir}:/usr/bin:/bin`,
        LANG: 'C.UTF-8',
        HOME: home,
        ...shippedEnvironment(),
        PATRONI_NAME: name,
        // Else it would ask the members for their own addresses, and go around its links.
        PATRONI_ETCD3_USE_PROXIES: 'true',
        PATRONI_ETCD3_HOSTS: this.toEtcd.map((link) => `127.0.0.1:${link.port}`).join(','),
        PATRONI_POSTGRESQL_LISTEN: `127.0.0.1:${this.#ports.postgres}`,
        PATRONI_POSTGRESQL_CONNECT_ADDRESS: `127.0.0.1:${this.toPostgres.port}`,
        PATRONI_POSTGRESQL_DATA_DIR: this.#dataDir,
        PATRONI_POSTGRESQL_BIN_DIR: binDir,
        PATRONI_POSTGRESQL_PGPASS: join(home, 'pgpass'),
        PATRONI_RESTAPI_LISTEN: `127.0.0.1:${this.#ports.api}`,
        PATRONI_RESTAPI_CONNECT_ADDRESS: `127.0.0.1:${this.toApi.port}`,
        PATRONI_SUPERUSER_PASSWORD: password,
        PATRONI_REPLICATION_PASSWORD: password,
        PATRONI_REWIND_PASSWORD: password,
        TIDEWHEEL_PASSWORD: password,
        ...env,
      },
      stdio: ['ignore', log, log],
    });
    child.unref();
    writeFileSync(join(home, 'patroni.pid'), String(child.pid));
    this.#patroni = child;
  }

  /** As its unit does: a Patroni that ended by itself, with an error, is started again. */
  startAgain(): void {
    if (this.#patroni?.exitCode !== null && this.#patroni !== undefined) this.start();
  }

  /** Past its links: what the node itself says. */
  get api(): string {
    return `http://127.0.0.1:${this.#ports.api}`;
  }

  async isPrimary(): Promise<boolean> {
    return this.says('/primary');
  }

  async says(path: string): Promise<boolean> {
    return fetch(`${this.api}${path}`, { signal: AbortSignal.timeout(2000) }).then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  urlOf(user: string, database: string): string {
    return `postgres://${user}:${this.#options.password}@127.0.0.1:${this.#ports.postgres}/${database}`;
  }

  /** As when its machine is gone: Patroni and every process of PostgreSQL at once. */
  kill(): void {
    this.#signal('SIGKILL', true);
  }

  /** Every process of PostgreSQL; Patroni lives and notices. */
  killPostgres(): void {
    for (const pid of this.#postgresPids()) tell(pid, 'SIGKILL');
  }

  pause(): void {
    this.#signal('SIGSTOP', true);
  }

  resume(): void {
    this.#signal('SIGCONT', true);
  }

  /** Patroni alone; PostgreSQL goes on unwatched. */
  pausePatroni(): void {
    this.#signal('SIGSTOP', false);
  }

  resumePatroni(): void {
    this.#signal('SIGCONT', false);
  }

  /** Nothing passes to or from it, and nothing is closed. */
  isolate(): void {
    for (const link of this.#links()) link.set({ silent: ['toServer', 'toClient'] });
  }

  heal(): void {
    for (const link of this.#links()) {
      link.reset();
      link.heal();
    }
  }

  async close(): Promise<void> {
    this.resume();
    this.kill();
    for (const link of this.#links()) await link.close();
  }

  log(): string {
    const file = join(this.#options.home, 'patroni.log');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-30).join('\n') : '';
  }

  #links(): TcpProxy[] {
    return [this.toPostgres, this.toApi, ...this.toEtcd];
  }

  #signal(signal: NodeJS.Signals, all: boolean): void {
    const postgres = all ? this.#postgresPids() : [];
    if (this.#patroni?.pid !== undefined && this.#patroni.exitCode === null && this.#patroni.signalCode === null)
      tell(this.#patroni.pid, signal);
    for (const pid of postgres) tell(pid, signal);
  }

  #postgresPids(): number[] {
    try {
      const pid = Number(readFileSync(join(this.#dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!args.includes(this.#dataDir)) return [];
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).map(Number);
      return [pid, ...children.filter((child) => child > 0)];
    } catch {
      return [];
    }
  }
}

/** What is not said below is as it is shipped. */
function shippedEnvironment(): Record<string, string> {
  const lines = readFileSync(join(repositoryRoot, 'deploy/patroni/node.env'), 'utf8').split('\n');
  const pairs = lines.map((line) => /^([A-Z0-9_]+)=(.+)$/.exec(line)?.slice(1) ?? []);
  return Object.fromEntries(pairs.filter(([name]) => name !== undefined)) as Record<string, string>;
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself meanwhile.
  }
}
