// A whole cluster of real processes on loopback: masters on PostgreSQL and workers, each link of a master behind a proxy of its own
// (to the store, and towards workers and callers). A worker may be put into a network namespace of its own, where every
// master is reached through links that are this worker's alone. Everything is ended by its id when the scenario is over.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenStore, openStore } from '../../packages/server/src/compose.ts';
import { openPostgres } from '../../packages/server/src/drivers/postgres/database.ts';
import { systemClock } from '../../packages/server/src/drivers/system/clock.ts';
import { systemIdentity } from '../../packages/server/src/drivers/system/identity.ts';
import { silentLog } from '../../packages/server/src/ports/log.ts';
import { type EtcdCluster, startEtcd } from '../support/etcd.ts';
import type { PatroniCluster } from '../support/patroni.ts';
import { type PostgresCluster, startPostgres, type TestDatabase } from '../support/postgres.ts';
import { cleanEnvironment, programArguments, repositoryRoot } from '../support/tidewheel.ts';
import { type IsolatedLinks, openIsolatedLinks } from './isolated-links.ts';
import { FaultyProgram, until } from './processes.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface ClusterOptions {
  readonly masters?: number;
  readonly sessionTtl?: string;
  readonly heartbeat?: string;
  readonly storePool?: number;
  readonly postgres?: PostgresCluster;
  /** The store is a cluster of its own, which the scenario has made and ends. */
  readonly patroni?: PatroniCluster;
  /** Masters know all servers of it and find the primary, past HAProxy and past their links to the store. */
  readonly findPrimary?: boolean;
  /** Three members of etcd as coordinator; else the store is it. */
  readonly etcd?: boolean;
  /** More flags of every member of it. */
  readonly etcdFlags?: readonly string[];
  /** What masters run unless their start says otherwise; else the released program. */
  readonly masterProgram?: readonly string[];
  readonly postgresSettings?: Readonly<Record<string, string>>;
  /** Of the file system that PostgreSQL has for itself, so that it can be filled. */
  readonly postgresMib?: number;
  /** The program whose form the database has, if it is not this one: nobody else may touch it before a newer master does. */
  readonly madeBy?: readonly string[];
  /** How each seat begins. */
  readonly masterStarts?: readonly MasterStart[];
}

export interface MasterStart {
  /** Instead of the released program: one that can be told to die somewhere. */
  readonly program?: readonly string[];
  readonly env?: Record<string, string>;
  readonly wrapper?: readonly string[];
}

export interface WorkerStart {
  readonly slots?: number;
  readonly executors?: string;
  readonly isolated?: boolean;
  readonly wrapper?: readonly string[];
  readonly env?: Record<string, string>;
  readonly program?: readonly string[];
  readonly cwd?: string;
}

/** A place for a master: its links stay, the process in it may come and go. */
export class MasterSeat {
  readonly name: string;
  readonly toStore: TcpProxy;
  readonly toMaster: TcpProxy;
  /** One for each member. */
  readonly toEtcd: readonly TcpProxy[];
  readonly port: number;
  program: FaultyProgram | null = null;
  /** Every process that sat here. */
  readonly programs: FaultyProgram[] = [];
  readonly #launch: (seat: MasterSeat, start: MasterStart) => FaultyProgram;

  constructor(
    name: string,
    links: { toStore: TcpProxy; toMaster: TcpProxy; toEtcd: readonly TcpProxy[]; port: number },
    launch: (seat: MasterSeat, start: MasterStart) => FaultyProgram,
  ) {
    this.name = name;
    this.toStore = links.toStore;
    this.toMaster = links.toMaster;
    this.toEtcd = links.toEtcd;
    this.port = links.port;
    this.#launch = launch;
  }

  /** As workers and callers reach it. */
  get address(): string {
    return `http://127.0.0.1:${this.toMaster.port}`;
  }

  /** Starts a process here and waits until it serves. */
  async start(start: MasterStart = {}): Promise<FaultyProgram> {
    const program = this.launch(start);
    await this.ready();
    return program;
  }

  launch(start: MasterStart = {}): FaultyProgram {
    if (this.program?.over === false) throw new Error(`${this.name} is running`);
    this.program = this.#launch(this, start);
    this.programs.push(this.program);
    return this.program;
  }

  async ready(): Promise<void> {
    await until(
      `${this.name} is ready`,
      () => {
        if (this.running.over) throw new Error(`${this.name} ended at its start:\n${this.running.output.slice(-3000)}`);
        return this.running.output.includes('"msg":"ready"');
      },
      30_000,
    );
  }

  get running(): FaultyProgram {
    if (this.program === null) throw new Error(`${this.name} was never started`);
    return this.program;
  }
}

export class FaultyCluster {
  readonly home: string;
  readonly truth: string;
  readonly masters: MasterSeat[] = [];
  readonly workers: FaultyProgram[] = [];
  readonly isolated: IsolatedLinks[] = [];
  readonly #postgres: PostgresCluster | null;
  store!: Pick<OpenStore, 'db' | 'close'>;
  etcd: EtcdCluster | null = null;
  adminToken = '';
  #workerToken = '';
  #database!: Pick<TestDatabase, 'url' | 'drop'>;
  readonly #ownsPostgres: boolean;
  readonly #options: ClusterOptions;

  private constructor(postgres: PostgresCluster | null, options: ClusterOptions) {
    this.#postgres = postgres;
    this.#ownsPostgres = options.postgres === undefined;
    this.#options = options;
    this.home = mkdtempSync(join(tmpdir(), 'tidewheel-faults-'));
    this.truth = join(this.home, 'truth');
    mkdirSync(this.truth);
  }

  static async start(options: ClusterOptions = {}): Promise<FaultyCluster> {
    const settings = options.postgresSettings ?? {};
    const disk = options.postgresMib === undefined ? {} : { dataMib: options.postgresMib };
    const single = (): Promise<PostgresCluster> => startPostgres({ settings, ...disk });
    const postgres = options.patroni !== undefined ? null : (options.postgres ?? (await single()));
    const cluster = new FaultyCluster(postgres, options);
    try {
      await cluster.#open();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #open(): Promise<void> {
    const { patroni } = this.#options;
    this.#database =
      patroni === undefined
        ? await this.postgres.createDatabase()
        : { url: patroni.url, drop: () => Promise.resolve() };
    if (this.#options.etcd === true) {
      this.etcd = await startEtcd({ members: 3, flags: this.#options.etcdFlags ?? [] });
      await this.etcd.healthy();
    }
    for (let index = 1; index <= (this.#options.masters ?? 3); index += 1) await this.addSeat(`m${index}`);
    for (const [index, seat] of this.masters.entries()) await seat.start(this.#options.masterStarts?.[index]);
    await this.#openStore();
  }

  /** After the masters: the first of them makes the database, in the form that its version knows. */
  async #openStore(): Promise<void> {
    const { url } = this.#database;
    const { madeBy } = this.#options;
    if (madeBy === undefined) {
      const store = await openStore({ engine: 'postgres', url, poolSize: 4 }, silentLog);
      this.store = store;
      const token = async (name: string, role: 'admin' | 'worker') =>
        (await store.createToken({ name, role, namespace: '*' })).secret;
      this.adminToken = await token('caller', 'admin');
      this.#workerToken = await token('workers', 'worker');
      return;
    }
    const shared = { clock: systemClock, identity: systemIdentity, log: silentLog };
    const db = await openPostgres({ url, poolSize: 4, ...shared });
    this.store = { db, close: () => db.close() };
    const token = (name: string, role: 'admin' | 'worker') =>
      execFileSync(
        process.execPath,
        [...madeBy, 'token', 'create', name, `--role=${role}`, '--for=*', `--store=${url}`],
        { encoding: 'utf8', env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] },
      ).trim();
    this.adminToken = token('caller', 'admin');
    this.#workerToken = token('workers', 'worker');
  }

  get postgres(): PostgresCluster {
    if (this.#postgres === null) throw new Error('the store is not a single server');
    return this.#postgres;
  }

  get patroni(): PatroniCluster {
    const { patroni } = this.#options;
    if (patroni === undefined) throw new Error('the store is a single server');
    return patroni;
  }

  /** Direct to the store, past every proxy: for the checker, and for a disturber. */
  get storeUrl(): string {
    return this.#database.url;
  }

  get addresses(): string[] {
    return this.masters.map((seat) => seat.address);
  }

  async addSeat(name: string): Promise<MasterSeat> {
    const toStore = await TcpProxy.open({ host: '127.0.0.1', port: Number(new URL(this.#database.url).port) });
    // The port is found by listening on it for a moment; the master that takes it follows at once.
    const placeholder = await TcpProxy.open({ host: '127.0.0.1', port: 1 });
    const { port } = placeholder;
    await placeholder.close();
    const toMaster = await TcpProxy.open({ host: '127.0.0.1', port });
    const toEtcd: TcpProxy[] = [];
    for (const endpoint of this.etcd?.endpoints ?? [])
      toEtcd.push(await TcpProxy.open({ host: '127.0.0.1', port: Number(new URL(endpoint).port) }));
    const seat = new MasterSeat(name, { toStore, toMaster, toEtcd, port }, (own, start) =>
      this.#launchMaster(own, start),
    );
    this.masters.push(seat);
    return seat;
  }

  #launchMaster(seat: MasterSeat, start: MasterStart): FaultyProgram {
    const store = new URL(this.#database.url);
    store.port = String(seat.toStore.port);
    const { sessionTtl, heartbeat, storePool, masterProgram, patroni, findPrimary } = this.#options;
    const url = patroni !== undefined && findPrimary === true ? patroni.nodesUrl : store.href;
    return new FaultyProgram({
      argv: [
        ...(start.program ?? masterProgram ?? [...programArguments, 'server']),
        `--store=${url}`,
        ...(patroni === undefined ? [] : ['--store-durability=synchronous']),
        `--store-pool=${storePool ?? 5}`,
        `--listen=127.0.0.1:${seat.port}`,
        `--address=${seat.address}`,
        ...(seat.toEtcd.length === 0
          ? []
          : [
              '--coordinator=etcd',
              `--etcd-endpoints=${seat.toEtcd.map((link) => `http://127.0.0.1:${link.port}`).join(',')}`,
            ]),
        ...(sessionTtl === undefined ? [] : ['--session-ttl', sessionTtl]),
        ...(heartbeat === undefined ? [] : ['--heartbeat', heartbeat]),
      ],
      outputFile: join(this.home, `${seat.name}-${seat.programs.length + 1}.log`),
      ...(start.env === undefined ? {} : { env: start.env }),
      ...(start.wrapper === undefined ? {} : { wrapper: start.wrapper }),
      cwd: this.home,
    });
  }

  /** Starts a worker and waits until it has a session. */
  async startWorker(start: WorkerStart = {}): Promise<FaultyProgram> {
    const name = `w${this.workers.length + 1}`;
    const links = start.isolated === true ? await openIsolatedLinks(this.home, name, this.masters) : null;
    if (links !== null) this.isolated.push(links);
    const worker = new FaultyProgram({
      argv: [
        ...(start.program ?? [...programArguments, 'worker']),
        `--url=${this.addresses.join(',')}`,
        `--name=${name}`,
        `--slots=${start.slots ?? 60}`,
        `--executors=${start.executors ?? 'shell'}`,
        `--tasks=${join(start.cwd ?? repositoryRoot, 'test/faults/workload-tasks.ts')}`,
      ],
      outputFile: join(this.home, `${name}.log`),
      env: { FAULTS_TRUTH: this.truth, TIDEWHEEL_TOKEN: this.#workerToken, ...start.env },
      wrapper: [...(start.wrapper ?? []), ...(links?.wrapper ?? [])],
      cwd: this.home,
    });
    this.workers.push(worker);
    await until(
      `${name} has a session`,
      () => {
        if (worker.over) throw new Error(`${name} ended at its start:\n${worker.output.slice(-3000)}`);
        return worker.output.includes('session opened');
      },
      30_000,
    );
    return worker;
  }

  async api(method: string, path: string, body?: unknown): Promise<unknown> {
    const seat = this.masters.find((one) => one.program?.over === false);
    const response = await fetch(`http://127.0.0.1:${seat?.port ?? 0}/v1/namespaces/default${path}`, {
      method,
      headers: { authorization: `Bearer ${this.adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  async stop(): Promise<void> {
    // The links first: a master that waits for a silent store would take its time.
    for (const links of this.isolated) links.heal();
    for (const seat of this.masters) {
      seat.toStore.heal();
      seat.toMaster.heal();
      for (const link of seat.toEtcd) link.heal();
    }
    await Promise.all(this.workers.map((worker) => worker.dispose(3000)));
    await Promise.all(this.masters.map((seat) => seat.program?.dispose(5000) ?? Promise.resolve()));
    for (const links of this.isolated) await links.close();
    for (const seat of this.masters) {
      await seat.toStore.close();
      await seat.toMaster.close();
      for (const link of seat.toEtcd) await link.close();
    }
    await this.etcd?.stop();
    await this.store?.close().catch(() => undefined);
    if (this.#ownsPostgres) await this.#postgres?.stop();
    else await this.#database?.drop().catch(() => undefined);
    if (process.env['FAULTS_KEEP'] === undefined) rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
