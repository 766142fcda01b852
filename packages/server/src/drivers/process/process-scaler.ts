// Worker processes beside the leading master: the machines of pools on one computer, with nothing to install.
//
// They belong to the master that started them. When it leads no more, or a pool is deleted, they take nothing new, finish what they run and
// end; the next leader starts its own, and counts those that still work among the workers of the pool. When the master dies, they notice by
// their lifeline and do the same, reporting to the masters that there are. So none is killed while it works, and none stays behind.

import { join } from 'node:path';
import { formatDuration, type PoolDriver, Refusal } from '@tidewheel/protocol';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Fleet, ScaledPool, Scaler, ScalerOrder } from '../../ports/scaler.ts';
import { WorkerProcess } from './worker-process.ts';

export interface ProcessScalerOptions {
  /** The program that is a worker: Node, its arguments, and the words before those of the worker. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where its master is reached. */
  readonly address: () => string;
  /** For workers of a namespace. */
  readonly token: (namespace: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  /** Six letters or digits that nobody else has. */
  readonly suffix: () => string;
  /** Processes at once, of all pools. */
  readonly most: number;
}

/** What a worker that is let go, or has lost its master, may take to finish what it runs. */
const drainMs = 24 * 3_600_000;
const nameCharacters = 100;

interface Kept {
  /** As it was told last: what starts from now on is of that. */
  pool: ScaledPool;
  readonly processes: Map<string, WorkerProcess>;
  ordered: number | null;
  note: string | null;
}

export class ProcessScaler implements Scaler {
  readonly #options: ProcessScalerOptions;
  readonly #pools = new Map<string, Kept>();
  /** One order at a time: two that are told together must not both start what is missing. */
  #applying: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: ProcessScalerOptions) {
    this.#options = options;
  }

  observe(pool: ScaledPool): Promise<Fleet> {
    const kept = this.#pools.get(pool.id);
    const machines = [...(kept?.processes.values() ?? [])].map((one) => one.machine);
    return Promise.resolve({ ordered: kept?.ordered ?? machines.length, machines, note: kept?.note ?? null });
  }

  apply(pool: ScaledPool, order: ScalerOrder): Promise<void> {
    const applied = this.#applying.then(() => this.#apply(pool, order));
    this.#applying = applied.catch(() => undefined);
    return applied;
  }

  retain(pools: readonly ScaledPool[]): Promise<void> {
    const named = new Set(pools.map(({ id }) => id));
    for (const [id, { processes }] of this.#pools) {
      if (named.has(id)) continue;
      for (const one of processes.values()) one.letGo();
      if (processes.size === 0) this.#pools.delete(id);
    }
    return Promise.resolve();
  }

  /** The processes go on; each notices when this process ends, and finishes what it runs. */
  close(): Promise<void> {
    this.#closed = true;
    for (const one of this.#all()) one.leaveAlone();
    return Promise.resolve();
  }

  /** For a system that ends as a whole: they finish what they run within the bound, then stop. False: some had to be stopped. */
  async endAll(withinMs: number, stopMs: number): Promise<boolean> {
    this.#closed = true;
    const all = this.#all();
    for (const one of all) one.letGo();
    if (await this.#goneWithin(all, withinMs)) return true;
    for (const one of all) one.signal('SIGTERM');
    if (!(await this.#goneWithin(all, stopMs))) for (const one of all) one.signal('SIGKILL');
    return false;
  }

  #all(): WorkerProcess[] {
    return [...this.#pools.values()].flatMap(({ processes }) => [...processes.values()]);
  }

  async #goneWithin(all: readonly WorkerProcess[], ms: number): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const timer = this.#options.clock.timer(ms, () => late.resolve(false));
    const gone = Promise.all(all.map((one) => one.end)).then(() => true);
    const inTime = await Promise.race([gone, late.promise]);
    timer.cancel();
    return inTime;
  }

  async #apply(pool: ScaledPool, { count, release }: ScalerOrder): Promise<void> {
    if (this.#closed) throw new Refusal('SCALER_FAILED', 'this master is stopping');
    // Refuses what no command line can carry, before anything is changed.
    this.#wordsOf(pool, pool.name);
    const kept: Kept = this.#pools.get(pool.id) ?? { pool, processes: new Map(), ordered: null, note: null };
    this.#pools.set(pool.id, kept);
    kept.ordered = count;
    // Those that keep dying need not wait for what may have been mended.
    if (JSON.stringify(kept.pool) !== JSON.stringify(pool))
      for (const one of kept.processes.values()) if (one.waits) one.letGo();
    kept.pool = pool;
    for (const name of release) kept.processes.get(name)?.letGo();
    const staying = (): WorkerProcess[] => [...kept.processes.values()].filter((one) => !one.going);
    // Of those that nobody named, only what is dead goes: it works for nobody.
    const dead = staying().filter((one) => one.waits);
    for (const one of dead.slice(0, Math.max(0, staying().length - count))) one.letGo();
    kept.note = null;
    const token = staying().length < count ? await this.#tokenFor(pool) : '';
    while (staying().length < count && !this.#closed) {
      if (this.#all().length >= this.#options.most) {
        kept.note = `at most ${this.#options.most} worker processes at this master (scaler.processes)`;
        return;
      }
      const name = `${pool.name.slice(0, nameCharacters)}-${this.#options.suffix()}`;
      kept.processes.set(name, this.#start(name, token, kept));
    }
  }

  async #tokenFor({ namespace }: ScaledPool): Promise<string> {
    try {
      return await this.#options.token(namespace);
    } catch (error) {
      throw new Refusal('SCALER_FAILED', `no token can be made for workers: ${String(error)}`, { cause: error });
    }
  }

  #start(name: string, token: string, kept: Kept): WorkerProcess {
    const { program, environment, clock, log } = this.#options;
    const fields = { namespace: kept.pool.namespace, pool: kept.pool.name, worker: name };
    return new WorkerProcess({
      name,
      argv: () => [...program, ...this.#wordsOf(kept.pool, name)],
      // By the environment: arguments can be seen by every user of the machine.
      env: { ...environment, TIDEWHEEL_TOKEN: token },
      clock,
      line: (text) => log.info('a worker process says', { ...fields, text: text.slice(0, 1000) }),
      died: (how, pauseMs) => log.warn('a worker process died', { ...fields, how, startsAgainInMs: pauseMs }),
      gone: () => {
        kept.processes.delete(name);
      },
    });
  }

  #wordsOf(pool: ScaledPool, name: string): string[] {
    const { labels, queues, slots, namespace } = pool;
    return [
      `--url=${this.#options.address()}`,
      `--namespace=${namespace}`,
      `--name=${name}`,
      `--slots=${slots}`,
      `--queues=${queues.join(',')}`,
      ...Object.entries(labels).map((label) => `--labels=${labelText(label)}`),
      '--log-level=warn',
      `--drain-timeout=${formatDuration(drainMs)}`,
      '--lifeline=3',
      '--outlive',
      ...argumentsOf(pool.driver),
    ];
  }
}

function labelText([key, value]: [string, string]): string {
  if (!/[=,]/.test(key) && !value.includes(',')) return `${key}=${value}`;
  throw new Refusal('SCALER_FAILED', `the label ${key} holds a comma or "=", which a command line cannot carry`);
}

function argumentsOf(driver: PoolDriver): readonly string[] {
  return driver.kind === 'process' ? driver.arguments : [];
}

/** The worker of this very program, from source or built. */
export function workerProgram(directory: string, extension: string): string[] {
  const given = process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
  return [process.execPath, ...given, join(directory, `main.${extension}`), 'worker'];
}
