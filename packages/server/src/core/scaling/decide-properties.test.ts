// Whatever is seen and remembered, these hold.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideScaling } from './decide.ts';
import type { LaneSignal, PoolDecision, PoolInput, WorkerSignal } from './scaling-input.ts';
import { lane, noon, pool, signals } from './testing/loads.ts';

const around = fc.integer({ min: -900_000, max: 900_000 }).map((ms) => noon + ms);
const before = fc.option(fc.integer({ min: 0, max: 900_000 }).map((ms) => noon - ms));
const count = fc.nat({ max: 60 });

const lanes = fc
  .uniqueArray(
    fc.record({
      queue: fc.constantFrom('a', 'b', 'c'),
      ready: fc.nat({ max: 5000 }),
      running: fc.nat({ max: 300 }),
      oldestWaitMs: fc.nat({ max: 600_000 }),
      runMs: fc.option(fc.integer({ min: 1, max: 3_600_000 })),
      arrivalsPerSecond: fc.double({ min: 0, max: 50, noNaN: true }),
      completionsPerSecond: fc.double({ min: 0, max: 50, noNaN: true }),
    }),
    { maxLength: 3, selector: ({ queue }) => queue },
  )
  .map((all): LaneSignal[] => all.map((over) => lane(over)));

const workers = fc
  .array(
    fc.record({
      slots: fc.integer({ min: 1, max: 16 }),
      busy: fc.nat({ max: 8 }),
      state: fc.constantFrom('starting' as const, 'live' as const, 'draining' as const),
      idleAt: around,
      endsAt: fc.option(around),
      drainingSince: before,
    }),
    { maxLength: 60 },
  )
  .map((all): WorkerSignal[] => all.map((over, index) => ({ worker: `w${index}`, ...over })));

const order = fc.record({ until: fc.option(around), reason: fc.constant('r') });
const manual = fc.record({
  scale: fc.option(fc.record({ workers: count, until: fc.option(around), reason: fc.constant('r') })),
  frozen: fc.option(order, { freq: 9 }).map((frozen) => (frozen?.until === null ? null : frozen)),
  maintenance: fc.array(fc.record({ from: around, to: around, reason: fc.constant('r') }), { maxLength: 2 }),
});

const policy = fc.record({
  wait: fc.integer({ min: 100, max: 600_000 }),
  hysteresis: fc.double({ min: 0, max: 0.9, noNaN: true }),
  out: fc.record({
    step: fc.constantFrom(undefined, 3, '50%'),
    stabilize: fc.constantFrom(0, 60_000),
    cooldown: fc.constantFrom(0, 60_000),
  }),
  in: fc.record({
    step: fc.constantFrom(undefined, 3, '50%'),
    stabilize: fc.constantFrom(0, 60_000),
    cooldown: fc.constantFrom(0, 60_000),
  }),
});

const definition = fc
  .record({
    min: fc.nat({ max: 5 }),
    max: fc.integer({ min: 5, max: 50 }),
    policy,
    priority: fc.integer({ min: -2, max: 2 }),
    shared: fc.boolean(),
    enabled: fc.constantFrom(true, true, true, false),
  })
  .map(({ shared, ...rest }) => pool({ ...rest, ...(shared ? { shared: { name: 's', max: 40 } } : {}) }));

const memory = fc.record({
  outSince: before,
  inSince: before,
  lastOutAt: before,
  lastInAt: before,
  wishes: fc.constant([]),
  ordered: fc.option(count),
});

const coming = fc
  .array(fc.nat({ max: 1000 }), { maxLength: 120 })
  .map((runs) => ({ from: noon, bucketMs: 1000, runs, workMs: runs.map((each) => each * 500) }));

const input: fc.Arbitrary<PoolInput> = fc
  .record({ definition, lanes, workers, manual, coming, memory, startupMs: fc.integer({ min: 1000, max: 300_000 }) })
  .map(({ definition: declared, memory: remembered, ...seen }) => ({
    definition: declared,
    signals: signals(seen),
    memory: remembered,
  }));

/** Holds for each pool of up to three, decided together. */
function holds(check: (decision: PoolDecision, given: PoolInput) => void): void {
  fc.assert(
    fc.property(fc.array(input, { minLength: 1, maxLength: 3 }), (pools) => {
      for (const [index, decision] of decideScaling(pools).entries()) {
        const given = pools[index];
        assert.ok(given !== undefined);
        check(decision, given);
      }
    }),
    { numRuns: 400 },
  );
}

const named = ({ signals: { workers: all } }: PoolInput, names: readonly string[]) =>
  names.map((name) => all.find(({ worker }) => worker === name));
const able = ({ signals: { workers: all } }: PoolInput) => all.filter(({ state }) => state !== 'draining').length;

test('only live workers that will be idle within the bound are drained, and as many as are fewer', () => {
  holds((decision, given) => {
    for (const worker of named(given, decision.drain)) {
      assert.equal(worker?.state, 'live');
      assert.ok(worker.busy === 0 || worker.idleAt - noon <= given.definition.policy.drain);
    }
    assert.equal(new Set(decision.drain).size, decision.drain.length);
    assert.ok(decision.wanted >= able(given) - decision.drain.length, 'nobody goes who is not named');
  });
});

test('only workers that drain are taken back, never together with a drain for want of work', () => {
  holds((decision, given) => {
    for (const worker of named(given, decision.undrain)) assert.equal(worker?.state, 'draining');
    const overdue = named(given, decision.undrain).filter(
      (worker) =>
        worker !== undefined &&
        worker.busy > 0 &&
        noon - (worker.drainingSince ?? noon) >= given.definition.policy.drain,
    );
    assert.ok(decision.drain.length === 0 || overdue.length === decision.undrain.length);
  });
});

test('no decision orders more than the maximum, nor fewer than the minimum of its own accord', () => {
  holds((decision, given) => {
    const { min, max } = given.definition;
    const base = Math.max(able(given) + decision.undrain.length, given.memory.ordered ?? 0);
    assert.ok(Number.isInteger(decision.wanted) && decision.wanted >= 0);
    assert.ok(decision.wanted <= Math.max(max, base));
    const isOwn = !decision.bounds.some((bound) => ['manual', 'shared', 'frozen'].includes(bound));
    if (isOwn && given.definition.policy.out.step === undefined) {
      const held = decision.bounds.some((bound) => ['stabilize', 'cooldown'].includes(bound));
      if (!held) assert.ok(decision.wanted >= min);
    }
  });
});

test('pools that share a maximum never order more than that together', () => {
  fc.assert(
    fc.property(fc.array(input, { minLength: 2, maxLength: 3 }), (pools) => {
      const decisions = decideScaling(pools);
      const sharing = pools.flatMap((given, index) =>
        given.definition.shared === undefined ? [] : [{ given, decision: decisions[index] }],
      );
      const grows = sharing.some(
        ({ given, decision }) =>
          (decision?.wanted ?? 0) > Math.max(able(given) + (decision?.undrain.length ?? 0), given.memory.ordered ?? 0),
      );
      const total = sharing.reduce((sum, { decision }) => sum + (decision?.wanted ?? 0), 0);
      assert.ok(!grows || total <= 40, `${total}`);
    }),
    { numRuns: 600 },
  );
});

test('more waiting work never asks for fewer workers', () => {
  fc.assert(
    fc.property(input, fc.nat({ max: 3000 }), (given, more) => {
      const [first, ...rest] = given.signals.lanes;
      if (first === undefined) return;
      const busier = { ...given.signals, lanes: [{ ...first, ready: first.ready + more }, ...rest] };
      const [less] = decideScaling([given]);
      const [moreWork] = decideScaling([{ ...given, signals: busier }]);
      assert.ok((moreWork?.desired ?? 0) >= (less?.desired ?? 0));
    }),
    { numRuns: 400 },
  );
});

test('a decision is the same again, says why, and its memory survives being written down', () => {
  holds((decision, given) => {
    assert.match(decision.explanation, /^[A-Z0-9].+\.$/);
    assert.ok(
      !/NaN|Infinity|undefined/.test(decision.explanation + JSON.stringify(decision.inputs)),
      decision.explanation,
    );
    assert.deepEqual(JSON.parse(JSON.stringify(decision.memory)), decision.memory);
    assert.ok(decision.memory.wishes.length <= 61);
    const [again] = decideScaling([structuredClone(given)]);
    const [one] = decideScaling([given]);
    assert.deepEqual(again, one);
  });
});
