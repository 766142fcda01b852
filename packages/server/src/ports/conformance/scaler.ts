// What any Scaler must do. The platform behind it is seen through `machines` and `changes`, never through the scaler alone.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Refusal } from '@tidewheel/protocol';
import type { Fleet, ScaledPool, Scaler, ScalerOrder } from '../scaler.ts';

export interface ScalerEnds {
  readonly scaler: Scaler;
  readonly pool: ScaledPool;
  /** Another pool on the same platform. */
  readonly other: ScaledPool;
  /** Workers of the machines that run, by the platform's own knowledge. */
  machines(pool: ScaledPool): Promise<readonly string[]>;
  /** Lets the platform do what it has been told, until it has nothing left to do. */
  settle(): Promise<void>;
  /** How often the platform was told to change the number of machines, or to end one. */
  changes(): number;
  /** From now on the platform refuses, or does not answer at all; null: it is well again. */
  fault(kind: 'refuses' | 'silent' | null): void;
  /** Connections and programs that the scaler holds. */
  held(): Promise<number>;
  /** Within which every method must end, with some room. */
  readonly boundMs: number;
  close(): Promise<void>;
}

export interface CannotScale {
  readonly reason: string;
  readonly needs: 'silent' | 'asked';
}

type ScalerTest = (ends: ScalerEnds) => Promise<void>;

const order = (count: number, release: readonly string[] = [], keep: readonly string[] = []): ScalerOrder => ({
  count,
  release,
  keep,
});

const workersOf = (fleet: Fleet): string[] => fleet.machines.map(({ worker }) => worker).toSorted();

/** Tells it again until the platform has nothing left to do, as its caller does. */
async function told(ends: ScalerEnds, wanted: ScalerOrder, pool = ends.pool): Promise<readonly string[]> {
  for (let round = 0; round < 4; round += 1) {
    await ends.scaler.apply(pool, wanted);
    await ends.settle();
  }
  return (await ends.machines(pool)).toSorted();
}

/** What the platform does is heard of a moment later. */
async function observed(ends: ScalerEnds, workers: readonly string[], pool = ends.pool): Promise<Fleet> {
  for (;;) {
    const fleet = await ends.scaler.observe(pool);
    const ready = fleet.machines.every(({ state }) => state === 'ready');
    if (ready && isDeepStrictEqual(workersOf(fleet), workers)) return fleet;
  }
}

async function failed(work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, 'SCALER_FAILED');
    return true;
  });
}

const tests: Record<string, ScalerTest> = {
  'machines come to the number that is told, and are observed under the names of their workers': async (ends) => {
    assert.deepEqual((await ends.scaler.observe(ends.pool)).machines, []);
    const made = await told(ends, order(3));
    assert.equal(made.length, 3);
    const fleet = await observed(ends, made);
    assert.deepEqual(
      fleet.machines.map(({ state }) => state),
      ['ready', 'ready', 'ready'],
    );
    assert.ok(fleet.ordered === null || fleet.ordered === 3, `${fleet.ordered} ordered`);
  },

  'an order is a state: told again it changes nothing, even when nobody has looked between': async (ends) => {
    await Promise.all([ends.scaler.apply(ends.pool, order(2)), ends.scaler.apply(ends.pool, order(2))]);
    await ends.scaler.apply(ends.pool, order(2));
    const made = await told(ends, order(2));
    assert.equal(made.length, 2);
    const changes = ends.changes();
    assert.deepEqual(await told(ends, order(2)), made);
    assert.equal(ends.changes(), changes);
  },

  'exactly those who are named go, whoever else is there': async (ends) => {
    const made = await told(ends, order(5));
    for (const [named, left] of [
      [[made[4] ?? ''], 4],
      [[made[3] ?? '', made[2] ?? ''], 2],
    ] as const) {
      const before = await ends.machines(ends.pool);
      const after = await told(ends, order(left, named, before.filter((one) => !named.includes(one)).toReversed()));
      assert.deepEqual(after, before.filter((one) => !named.includes(one)).toSorted());
    }
  },

  'nobody goes who is not named, even when there are more than wanted': async (ends) => {
    const made = await told(ends, order(4));
    assert.deepEqual(await told(ends, order(1)), made);
    assert.deepEqual(await told(ends, order(0, [], made)), made);
  },

  'never fewer than wanted: one who is named goes, and another one comes': async (ends) => {
    const made = await told(ends, order(3));
    const fleet = await observed(ends, made);
    const [gone = ''] = made;
    const startedAt = new Map(fleet.machines.map((machine) => [machine.worker, machine.startedAt]));
    const after = await told(ends, order(3, [gone]));
    assert.equal(after.length, 3);
    const kept = made.filter((one) => one !== gone);
    assert.deepEqual(
      after.filter((one) => kept.includes(one)),
      kept,
    );
    const changes = ends.changes();
    assert.deepEqual(await told(ends, order(3, [gone])), after);
    assert.equal(ends.changes(), changes);
    // A platform that names its machines by numbers has started the same name anew.
    for (const { worker, startedAt: at } of (await observed(ends, after)).machines) {
      if (worker === gone) assert.notEqual(at, startedAt.get(gone));
    }
  },

  'one who is named and is not there changes nothing': async (ends) => {
    const made = await told(ends, order(2));
    const changes = ends.changes();
    assert.deepEqual(await told(ends, order(2, ['nobody-of-that-name'])), made);
    assert.equal(ends.changes(), changes);
  },

  'to none, and back from none': async (ends) => {
    const made = await told(ends, order(2));
    assert.deepEqual(await told(ends, order(0, made)), []);
    assert.equal((await told(ends, order(2))).length, 2);
  },

  'pools have nothing to do with each other': async (ends) => {
    const made = await told(ends, order(2));
    const others = await told(ends, order(3), ends.other);
    assert.equal(others.length, 3);
    assert.deepEqual(await told(ends, order(1, others.slice(1)), ends.other), others.slice(0, 1));
    assert.deepEqual((await ends.machines(ends.pool)).toSorted(), made);
    await observed(ends, others.slice(0, 1), ends.other);
  },

  'a platform that refuses is a SCALER_FAILED with the reason, and afterwards all is well': async (ends) => {
    const made = await told(ends, order(2));
    ends.fault('refuses');
    await failed(ends.scaler.apply(ends.pool, order(4)));
    ends.fault(null);
    assert.deepEqual((await ends.machines(ends.pool)).toSorted(), made);
    assert.equal((await told(ends, order(4))).length, 4);
  },

  'closing ends all that it holds, twice is fine, and the machines stay': async (ends) => {
    const made = await told(ends, order(2));
    await ends.scaler.observe(ends.pool);
    await ends.scaler.close();
    await ends.scaler.close();
    await ends.settle();
    assert.equal(await ends.held(), 0);
    assert.deepEqual((await ends.machines(ends.pool)).toSorted(), made);
    await failed(ends.scaler.apply(ends.pool, order(3)));
  },
};

const asked: Record<string, ScalerTest> = {
  'a platform that does not say what there is makes an observation fail: nothing known is not nobody there': async (
    ends,
  ) => {
    await told(ends, order(1));
    ends.fault('refuses');
    await failed(ends.scaler.observe(ends.pool));
    ends.fault(null);
    assert.equal((await ends.scaler.observe(ends.pool)).machines.length, 1);
  },
};

const silent: Record<string, ScalerTest> = {
  'a platform that does not answer is given up within the bound, and asked again': async (ends) => {
    await told(ends, order(1));
    ends.fault('silent');
    const startedAt = performance.now();
    await failed(ends.scaler.apply(ends.pool, order(2)));
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < ends.boundMs, `${Math.round(tookMs)} ms`);
    ends.fault(null);
    assert.equal((await told(ends, order(2))).length, 2);
  },

  'closing ends what waits for an answer': async (ends) => {
    await told(ends, order(1));
    ends.fault('silent');
    const waiting = failed(ends.scaler.apply(ends.pool, order(2)));
    await ends.scaler.close();
    await waiting;
    assert.equal(await ends.held(), 0);
  },
};

export function testScaler(name: string, open: () => Promise<ScalerEnds>, cannot: readonly CannotScale[] = []): void {
  const run = (title: string, work: ScalerTest, skip?: string): void => {
    test(title, skip === undefined ? {} : { skip }, async () => {
      const ends = await open();
      try {
        await work(ends);
      } finally {
        await ends.close();
      }
    });
  };
  const why = (needs: CannotScale['needs']): string | undefined => cannot.find((one) => one.needs === needs)?.reason;
  describe(`scaler ${name}`, { timeout: 60_000 }, () => {
    for (const [title, work] of Object.entries(tests)) run(title, work);
    for (const [title, work] of Object.entries(asked)) run(title, work, why('asked'));
    for (const [title, work] of Object.entries(silent)) run(title, work, why('silent'));
  });
}
