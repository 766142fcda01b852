// Tidewheel as in production: each master and each worker is a process of its own, started by the command line. `version` may be another
// commit's program, so that two can be compared in one run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient } from '@tidewheel/sdk';
import { Program, programArguments, repositoryRoot } from '../../test/support/tidewheel.ts';

export interface Version {
  readonly program: readonly string[];
  readonly root: string;
}

export const thisVersion: Version = { program: programArguments, root: repositoryRoot };

export interface ClusterOptions {
  readonly store: string;
  /** For the token of the first master. */
  readonly directory: string;
  readonly masters?: number;
  /** Of a store that has an administrator already: then no new one is told. */
  readonly token?: string;
  readonly version?: Version;
  readonly environment?: Record<string, string>;
}

export interface WorkerShape {
  readonly slots?: number;
  readonly queues?: string;
  /** Which master it connects to first. */
  readonly at?: number;
}

/** As many as the protocol allows one worker. */
const mostSlots = 1000;

let clusters = 0;

export class Cluster {
  readonly masters: Program[] = [];
  readonly addresses: string[] = [];
  readonly #workers: Program[] = [];
  readonly #options: ClusterOptions;
  readonly #tokenFile: string;
  /** From the start of the first master's process until it said that it was ready. */
  readyMs = 0;
  #client: Client | undefined;
  #workerToken = '';

  private constructor(options: ClusterOptions) {
    clusters += 1;
    this.#options = options;
    this.#tokenFile = join(options.directory, `admin-${clusters}.token`);
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await cluster.addMaster();
      const { secret } = await cluster.client.tokens.create({ name: 'bench', role: 'worker', namespace: 'default' });
      cluster.#workerToken = secret;
      while (cluster.masters.length < (options.masters ?? 1)) await cluster.addMaster();
      return cluster;
    } catch (error) {
      await cluster.kill();
      throw error;
    }
  }

  get client(): Client {
    this.#client ??= createClient({ address: this.address, token: this.adminToken, namespace: 'default' });
    return this.#client;
  }

  get address(): string {
    return this.addresses[0] ?? '';
  }

  get adminToken(): string {
    return this.#options.token ?? readFileSync(this.#tokenFile, 'utf8').trim();
  }

  get workerToken(): string {
    return this.#workerToken;
  }

  async addMaster(): Promise<Program> {
    const { store, version = thisVersion } = this.#options;
    const flags = [`--store=${store}`, '--listen=127.0.0.1:0', `--bootstrap-token-file=${this.#tokenFile}`];
    const started = performance.now();
    const master = new Program([...version.program, 'server', ...flags]);
    this.masters.push(master);
    const [, address = ''] = await master.says(/"address":"(http:[^"]+)".*"msg":"ready"/);
    if (this.addresses.length === 0) this.readyMs = performance.now() - started;
    this.addresses.push(address);
    return master;
  }

  async addWorker(shape: WorkerShape = {}): Promise<Program> {
    const { version = thisVersion, environment = {} } = this.#options;
    const flags = [
      `--tasks=${join(version.root, 'bench/load/stamped-task.ts')}`,
      `--slots=${shape.slots ?? mostSlots}`,
      '--executors=',
    ];
    if (shape.queues !== undefined) flags.push(`--queues=${shape.queues}`);
    const address = this.addresses[(shape.at ?? 0) % this.addresses.length] ?? this.address;
    const worker = new Program([...version.program, 'worker', ...flags], {
      env: { ...environment, TIDEWHEEL_URL: address, TIDEWHEEL_TOKEN: this.#workerToken },
    });
    this.#workers.push(worker);
    await worker.says(/session opened/);
    return worker;
  }

  /** Workers first, so that none of them waits for a master that is gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end('SIGTERM')));
    const ended = await Promise.all(this.masters.map((master) => master.end('SIGTERM')));
    const failed = ended.find(({ code }) => code !== 0);
    if (failed !== undefined) throw new Error(`a master ended with ${failed.code}:\n${failed.stderr}`);
  }

  async kill(): Promise<void> {
    await Promise.all([...this.#workers, ...this.masters].map((program) => program.end('SIGKILL')));
  }
}
