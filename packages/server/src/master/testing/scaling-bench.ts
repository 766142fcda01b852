// What tests of scaling stand on: masters over one store with a clock that is moved by hand, and a platform whose machines are workers that are
// spoken for by hand. The platform knows what it ended while it worked, and the workers know what they ran. Test code only.

import assert from 'node:assert/strict';
import { applyRequestSchema, type Assign, type PoolInput, Refusal, type ScalingDecisionRow } from '@tidewheel/protocol';
import type { PoolView } from '@tidewheel/protocol';
import type { Fleet, Machine, ScaledPool, Scaler, ScalerOrder } from '../../ports/scaler.ts';
import { poolView } from '../../store/pool-views.ts';
import { decisionsPage } from '../../store/scaling-decisions.ts';
import type { Param } from '../../ports/database.ts';
import type { MasterSettings } from '../deps.ts';
import { Master } from '../master.ts';
import { openBench } from './bench-context.ts';
import { FakeWorker } from './fake-worker.ts';

interface FakeMachine {
  readonly startsAtMs: number;
  worker: FakeWorker | null;
  endsAt: number | null;
  readonly begun: Map<string, { assign: Assign; endsAtMs: number }>;
}

export class FakePlatform implements Scaler {
  readonly machines = new Map<string, FakeMachine>();
  readonly orders: ScalerOrder[] = [];
  /** Run → how often it was begun. */
  readonly executions = new Map<string, number>();
  finished = 0;
  calls = 0;
  ordered: number | null = 0;
  /** Workers that were ended while they worked. */
  readonly killed: string[] = [];
  fault: 'refuses' | 'silent' | 'crashes' | null = null;
  startMs = 3000;
  runMs = 2000;
  #made = 0;
  #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  observe(): Promise<Fleet> {
    return this.#asked(() => ({
      ordered: this.ordered,
      machines: [...this.machines].map(([worker, one]): Machine => {
        const state = this.fault === 'crashes' ? 'failing' : one.worker === null ? 'starting' : 'ready';
        return { worker, state, startedAt: null, endsAt: one.endsAt, note: state === 'failing' ? 'it crashes' : null };
      }),
      note: null,
    }));
  }

  apply(_pool: ScaledPool, order: ScalerOrder): Promise<void> {
    return this.#asked(() => {
      this.orders.push(order);
      this.ordered = order.count;
      for (const name of order.release) this.end(name);
      while (this.machines.size < order.count) this.#start();
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The machine goes, whatever its worker does. */
  end(name: string): void {
    const machine = this.machines.get(name);
    if (machine === undefined) return;
    if (machine.begun.size > 0) this.killed.push(name);
    machine.worker?.send({ type: 'bye', reason: 'drained' });
    this.machines.delete(name);
  }

  #start(): void {
    this.#made += 1;
    const startsAtMs = this.#now() + this.startMs;
    this.machines.set(`w${this.#made}`, { startsAtMs, worker: null, endsAt: null, begun: new Map() });
  }

  #asked<T>(answer: () => T): Promise<T> {
    this.calls += 1;
    if (this.fault === 'silent') return new Promise(() => undefined);
    if (this.fault === 'refuses') return Promise.reject(new Refusal('SCALER_FAILED', 'the platform says no'));
    return Promise.resolve(answer());
  }
}

export async function scalingBench(pool: Partial<PoolInput> = {}, settings: Partial<MasterSettings> = {}) {
  const bench = await openBench();
  const { clock } = bench;
  /** Statements that were made because of pools, written or read. */
  let statements = 0;
  const { db } = bench.context;
  const counting = {
    ...db,
    query: <T extends object>(sql: string, params?: readonly Param[]): Promise<T[]> => {
      if (/\bpool\b/.test(sql)) statements += 1;
      return db.query<T>(sql, params);
    },
  };
  const context = { ...bench.context, db: counting };
  const platform = new FakePlatform(() => clock.monotonicMs());
  const makeMaster = (address: string): Master =>
    new Master({
      ...context,
      settings: { ...context.settings, ...settings, address },
      scalers: { process: platform },
    });
  const masters = [makeMaster('http://m0:7070')];
  const [first] = masters;
  assert.ok(first);
  const definition: PoolInput = {
    name: 'main',
    labels: { pool: 'main' },
    slots: 2,
    max: 5,
    policy: { wait: '5s', in: { stabilize: '5s', cooldown: '1s' } },
    driver: { kind: 'process' },
    ...pool,
  };
  const apply = (pools: PoolInput[]) =>
    first.definitions.apply(
      'default',
      'test',
      applyRequestSchema.parse({ jobs: [{ name: 'noop', task: 'noop' }], pools, prune: true }),
      { role: 'operator' },
    );
  await apply([definition]);
  await first.start();
  await clock.advance(1000);
  let leading = first;

  /** Machines that have started connect, workers take what they are given and finish it in time. */
  const work = (): void => {
    const nowMs = clock.monotonicMs();
    for (const [name, machine] of platform.machines) {
      if (machine.worker === null && platform.fault !== 'crashes' && nowMs >= machine.startsAtMs) {
        const hello = { worker: name, slots: 2, labels: { pool: 'main' } };
        machine.worker = new FakeWorker(leading.gateway, hello);
        machine.worker.connect();
      }
      const { worker } = machine;
      if (worker === null) continue;
      for (const assign of worker.of('assign').splice(0)) {
        if (machine.begun.has(assign.attemptId)) continue;
        machine.begun.set(assign.attemptId, { assign, endsAtMs: nowMs + platform.runMs });
        platform.executions.set(assign.runId, (platform.executions.get(assign.runId) ?? 0) + 1);
        worker.send({ type: 'started', runId: assign.runId, attemptId: assign.attemptId });
      }
      for (const [attemptId, { assign, endsAtMs }] of machine.begun) {
        if (nowMs < endsAtMs) continue;
        worker.result(assign);
        machine.begun.delete(attemptId);
        platform.finished += 1;
      }
      worker.received.splice(0, worker.received.length, ...worker.received.filter(({ type }) => type !== 'assign'));
    }
  };
  const live = async (ms: number): Promise<void> => {
    const until = clock.monotonicMs() + ms;
    for (let beat = 0; clock.monotonicMs() < until; beat += 1) {
      if (beat % 6 === 0) for (const { worker } of platform.machines.values()) worker?.heartbeat();
      work();
      await clock.advance(Math.min(250, until - clock.monotonicMs()));
    }
  };
  return {
    ...bench,
    context,
    poolStatements: () => statements,
    platform,
    masters,
    master: first,
    live,
    apply,
    definition,
    trigger: async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, () => first.intake.submit('default', [{ job: 'noop' }])));
    },
    view: async (): Promise<PoolView> => {
      const view = await poolView(context.db, 'default', 'main');
      assert.ok(view);
      return view;
    },
    decisions: async (): Promise<ScalingDecisionRow[]> => {
      const view = await poolView(context.db, 'default', 'main');
      return (await decisionsPage(context.db, view?.id ?? '', null, 200)).items.toReversed();
    },
    /** Another master that leads when the first one stops; workers connect to it. */
    second: async (): Promise<Master> => {
      const master = makeMaster('http://m1:7070');
      masters.push(master);
      await master.start();
      leading = master;
      return master;
    },
    end: async (): Promise<void> => {
      const stopping = Promise.all(masters.map((master) => master.stop()));
      await clock.advance(60_000);
      await stopping;
      assert.deepEqual(bench.fatal, []);
      await bench.close();
    },
  };
}
