// A master with a pool of real worker processes, a load that does not stop, and the truth that the workers write. Its fleet grows and shrinks
// by order or by policy; in the end every run must have been begun once and ended once, whatever became of the workers.

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PoolInput, PoolView } from '@tidewheel/protocol';
import { createClient, type Client } from '@tidewheel/sdk';
import { compose, type System } from '../../packages/server/src/compose.ts';
import { readConfig } from '../../packages/server/src/config.ts';
import { silentLog } from '../../packages/server/src/ports/log.ts';
import { eventually } from '../support/tidewheel.ts';

export interface Note {
  readonly kind: 'begin' | 'end' | 'stopped';
  readonly run: string;
  readonly attempt: number;
  readonly pid: number;
  readonly at: number;
}

export interface Verdict {
  readonly runs: number;
  /** Never begun. */
  readonly lost: number;
  /** Begun more than once. */
  readonly doubled: number;
  /** Begun, and not brought to an end by the worker itself. */
  readonly cut: number;
  /** Not succeeded, by the store. */
  readonly unsuccessful: number;
  /** Worker processes that did some of it. */
  readonly processes: number;
}

export const truthTasks = join(import.meta.dirname, 'truth-tasks.ts');
const queue = 'elastic';

export class ElasticFleet {
  readonly client: Client;
  readonly defects: unknown[];
  readonly #system: System;
  readonly #truth: string;
  readonly #triggered = new Set<string>();
  #load: Promise<void> = Promise.resolve();
  #loading = false;

  private constructor(system: System, client: Client, truth: string, defects: unknown[]) {
    this.#system = system;
    this.client = client;
    this.#truth = truth;
    this.defects = defects;
  }

  /** `store`: an empty directory, or the address of an empty database. */
  static async open(directory: string, pool: Partial<PoolInput>, store = `sqlite:${join(directory, 'store.db')}`) {
    const truth = join(directory, 'truth');
    mkdirSync(truth, { recursive: true });
    const defects: unknown[] = [];
    const flags = {
      store,
      listen: '127.0.0.1:0',
      heartbeat: '1s',
      'session-ttl': '6s',
      'scaler-processes': '20',
    };
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ELASTIC_TRUTH: truth };
    const system = await compose(readConfig({ flags, env, file: null }), {
      version: 'test',
      log: silentLog,
      fatal: (error) => defects.push(error),
      processesEndMs: 20_000,
    });
    const { secret: token } = await system.store.createToken({ name: 'test', role: 'admin', namespace: '*' });
    const client = createClient({ addresses: [system.address], token });
    const definition: PoolInput = {
      name: 'fleet',
      queues: [queue],
      labels: { pool: 'fleet' },
      slots: 2,
      max: 4,
      policy: { wait: '2s', in: { stabilize: '3s', cooldown: '1s' } },
      driver: { kind: 'process', arguments: [`--tasks=${truthTasks}`, '--executors='] },
      ...pool,
    };
    // As the workers themselves declare it.
    await client.apply({
      jobs: [{ name: 'piece', task: 'piece', queue }],
      pools: [definition],
      source: 'code/default',
    });
    return new ElasticFleet(system, client, truth, defects);
  }

  /** Its workers get the tasks that there are. */
  async mend(): Promise<void> {
    const { definition, version } = await this.view();
    const driver = { kind: 'process' as const, arguments: [`--tasks=${truthTasks}`, '--executors='] };
    // As it came from the server: the shape is the input's.
    await this.client.pools.put({ ...(definition as unknown as PoolInput), driver }, version);
  }

  view(): Promise<PoolView> {
    return this.client.pools.get('fleet');
  }

  async trigger(ms: number): Promise<string> {
    const { id } = await this.client.trigger('piece', { ms });
    this.#triggered.add(id);
    return id;
  }

  /** Runs of all lengths, until `quiet`: most are short, some go on for longer than a drain takes. */
  load(perSecond: number, seed = 1): void {
    this.#loading = true;
    let state = seed;
    const random = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    this.#load = (async () => {
      while (this.#loading) {
        const ms = random() < 0.05 ? 5000 : Math.round(20 + random() * 1000);
        await this.trigger(ms);
        await new Promise((resolve) => setTimeout(resolve, (1000 / perSecond) * (0.5 + random())));
      }
    })();
  }

  async quiet(): Promise<void> {
    this.#loading = false;
    await this.#load;
  }

  /** Resolves when so many work, and nobody else is there or on the way. */
  async size(workers: number, withinMs = 60_000): Promise<void> {
    await eventually(
      `${workers} workers`,
      async () => {
        const { workers: now, status } = await this.view();
        return now.live === workers && now.draining === 0 && (status?.starting ?? 0) === 0;
      },
      withinMs,
    );
  }

  async order(workers: number): Promise<void> {
    await this.client.pools.order('fleet', { kind: 'scale', workers, reason: 'test' });
  }

  notes(): Note[] {
    return notesIn(this.#truth);
  }

  /** Once everything that was triggered has ended. */
  async verdict(withinMs = 120_000): Promise<Verdict> {
    const runs = [...this.#triggered];
    const states = new Map<string, string>();
    await eventually(
      'every run has ended',
      async () => {
        for (const id of runs) {
          if (states.has(id)) continue;
          const run = await this.client.runs.get(id);
          if (run.finishedAt === null) return false;
          states.set(id, `${run.state} ${run.attempt}`);
        }
        return true;
      },
      withinMs,
    );
    const notes = Map.groupBy(this.notes(), ({ run }) => run);
    const count = (id: string, kind: Note['kind']): number =>
      notes.get(id)?.filter((one) => one.kind === kind).length ?? 0;
    return {
      runs: runs.length,
      lost: runs.filter((id) => count(id, 'begin') === 0).length,
      doubled: runs.filter((id) => count(id, 'begin') > 1).length,
      cut: runs.filter((id) => count(id, 'end') !== count(id, 'begin')).length,
      unsuccessful: runs.filter((id) => states.get(id) !== 'succeeded 1').length,
      processes: new Set(this.notes().map(({ pid }) => pid)).size,
    };
  }

  /** So many times one worker less, under load, from three workers on. Answers how long each took until the worker was gone, in ms. */
  async scaleIns(count: number, told: (done: number) => void = () => undefined): Promise<number[]> {
    const took: number[] = [];
    while (took.length < count) {
      await this.order(3);
      await this.size(3);
      for (const workers of [2, 1]) {
        const startedMs = performance.now();
        await this.order(workers);
        await this.size(workers);
        took.push(performance.now() - startedMs);
        told(took.length);
        if (took.length === count) break;
      }
    }
    return took;
  }

  /** Without any worker, one run comes: from then to the decision, by the store's clock, and to its beginning at a new worker, in ms. */
  async fromZero(): Promise<{ decidedMs: number; begunMs: number }> {
    const { id: orderId } = await this.client.pools.order('fleet', { kind: 'scale', workers: 0, reason: 'test' });
    await this.size(0);
    await this.client.pools.endOrder('fleet', orderId, 'test');
    const runId = await this.trigger(10);
    const { createdAt } = await this.client.runs.get(runId);
    const decidedAt = await eventually('a decision', async () => {
      // The newest row was the order of none before. A round that was under way has read the clock before the run came.
      const { items } = await this.client.pools.decisions('fleet', { limit: 1 }).page();
      return items.find(({ wanted }) => wanted > 0)?.at;
    });
    const begun = await eventually('it has begun', () =>
      Promise.resolve(this.notes().find(({ run, kind }) => run === runId && kind === 'begin')),
    );
    return { decidedMs: Math.max(0, decidedAt - createdAt), begunMs: begun.at - createdAt };
  }

  async close(): Promise<void> {
    this.#loading = false;
    await this.#load.catch(() => undefined);
    await this.#system.stop();
  }
}

/** What workers wrote down, file by file. */
export function notesIn(directory: string): Note[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((file) =>
    readFileSync(join(directory, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Note),
  );
}
