import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolInput as Declared } from '@tidewheel/protocol';
import { decideScaling } from './decide.ts';
import { noScalingMemory, type PoolSignals, type ScalingMemory } from './scaling-input.ts';
import { lane, noon, pool, signals, workers } from './testing/loads.ts';

interface Given {
  readonly pool?: Partial<Declared>;
  readonly signals?: Partial<PoolSignals>;
  readonly memory?: Partial<ScalingMemory>;
}

function decide(given: Given) {
  const [decision] = decideScaling([inputOf(given)]);
  assert.ok(decision !== undefined);
  return decision;
}

function inputOf({ pool: declared, signals: seen, memory }: Given) {
  return { definition: pool(declared), signals: signals(seen), memory: { ...noScalingMemory, ...memory } };
}

const busyFor = (ms: number) => ({ busy: 1, idleAt: noon + ms });
/** Fewer have been wished for long enough. */
const longFewer = { inSince: noon - 600_000 };

test('waiting runs get as many slots as let them begin within the wait', () => {
  // Ten rounds of 1 s fit into 10 s beside the first: 1100 runs need 100 slots.
  const decision = decide({ signals: { lanes: [lane({ ready: 1100, oldestWaitMs: 500 })] } });
  assert.equal(decision.desired, Math.ceil(100 / 8));
  assert.equal(decision.wanted, 13);
  assert.match(
    decision.explanation,
    /^1100 runs wait \(18m20s of work, the oldest for 500ms\) and none runs: 100 slots/,
  );
});

test('runs that last longer than they may wait get a slot each', () => {
  assert.equal(decide({ signals: { lanes: [lane({ ready: 80, runMs: 60_000 })] } }).desired, 10);
});

test('a backlog grows no further when what is starting will have done it', () => {
  const lanes = [lane({ ready: 3000, oldestWaitMs: 20_000 })];
  const starting = workers(20, { state: 'starting', idleAt: noon + 5000 });
  const decision = decide({ signals: { lanes, workers: starting } });
  assert.equal(decision.wanted, 20, 'at 160 slots it takes 19 s after they have come, before another could begin');
  assert.ok(decide({ signals: { lanes, workers: starting.slice(0, 2) } }).wanted > 20);
});

test('work that has waited for longer than a start explains gets more', () => {
  const lanes = (oldestWaitMs: number) => [lane({ ready: 1100, oldestWaitMs })];
  const young = decide({ signals: { lanes: lanes(9000) } });
  const old = decide({ signals: { lanes: lanes(60_000) } });
  assert.ok(old.desired > young.desired && old.desired <= 2 * young.desired);
});

test('a run of unknown length is thought to take as long as it may wait, or as others come to their end', () => {
  assert.equal(decide({ signals: { lanes: [lane({ ready: 160, runMs: null })] } }).desired, 10);
  const ending = lane({ ready: 80, running: 80, runMs: null, completionsPerSecond: 80 });
  assert.equal(decide({ signals: { lanes: [ending] } }).inputs['runMs'], 1000);
});

test('what the calendar foresees within a start-up is ordered, what comes later is not', () => {
  const peak = (inSeconds: number) => ({
    from: noon,
    bucketMs: 1000,
    workMs: [...Array<number>(inSeconds).fill(0), 2_000_000],
    runs: [...Array<number>(inSeconds).fill(0), 2000],
  });
  const soon = decide({ signals: { coming: peak(31) } });
  assert.equal(soon.desired, Math.ceil(2000 / 11 / 8));
  assert.match(soon.explanation, /^2000 runs are coming by the calendar, most of them in 31s: 182 slots/);
  assert.equal(decide({ signals: { coming: peak(32) } }).desired, 0);
  const blind = { policy: { forecast: { enabled: false } } };
  assert.equal(decide({ pool: blind, signals: { coming: peak(10) } }).desired, 0);
  const far = { policy: { forecast: { horizon: '5m' } } };
  assert.equal(decide({ pool: far, signals: { coming: peak(250) } }).desired, soon.desired);
});

test('a peak that has just begun is not counted among what is coming as well', () => {
  const coming = [{ from: noon - 2000, bucketMs: 5000, workMs: [60_000_000], runs: [2000] }];
  const desired = (ready: number) => decide({ signals: { lanes: [lane({ ready, runMs: 30_000, coming })] } }).desired;
  assert.deepEqual([desired(0), desired(500), desired(2000)], [250, 250, 250]);
});

test('arrivals that the calendar made are not counted beside the calendar', () => {
  const coming = [
    { from: noon, bucketMs: 1000, workMs: Array<number>(32).fill(50_000), runs: Array<number>(32).fill(50) },
  ];
  const busy = lane({ running: 50, arrivalsPerSecond: 50, foreseenPerSecond: 50, coming });
  const told = decide({ signals: { lanes: [busy] } });
  const { foreseenPerSecond: _, ...untold } = busy;
  assert.equal(told.desired, Math.ceil(50 / 0.8 / 8), '50 slots are busy, at a utilisation of 80 %');
  assert.equal(decide({ signals: { lanes: [untold] } }).desired, told.desired);
  const passed = { ...busy, running: 0, coming: [] };
  assert.equal(decide({ signals: { lanes: [passed] } }).desired, 0, 'a peak that has passed is no stream');
});

test('a pool is empty when nothing comes in the time for which an idle worker would be kept', () => {
  const rare = lane({ arrivalsPerSecond: 1 / 3600 });
  const given = { lanes: [rare], workers: workers(1) };
  const decision = decide({ signals: given, memory: longFewer });
  assert.deepEqual([decision.wanted, decision.drain], [0, ['w0']]);
  const often = { ...given, lanes: [lane({ arrivalsPerSecond: 1 / 60 })] };
  assert.equal(decide({ signals: often, memory: longFewer }).wanted, 1);
  assert.equal(decide({ pool: { min: 1 }, signals: given, memory: longFewer }).wanted, 1);
});

test('one waiting run starts a pool from nothing', () => {
  const decision = decide({ signals: { lanes: [lane({ ready: 1 })] } });
  assert.equal(decision.wanted, 1);
  assert.equal(decision.memory.lastOutAt, noon);
});

test('workers that end soon are replaced before they do', () => {
  const lanes = [lane({ running: 80, arrivalsPerSecond: 60 })];
  const there = [...workers(8), ...workers(2, { endsAt: noon + 20_000 }, 'spot')];
  const decision = decide({ signals: { lanes, workers: there } });
  assert.equal(decision.desired, 10);
  assert.equal(decision.wanted, 12);
  const late = [...workers(8), ...workers(2, { endsAt: noon + 90_000 }, 'spot')];
  assert.equal(decide({ signals: { lanes, workers: late } }).wanted, 10);
});

test('idle workers go first, then the soonest idle, never one whose runs take longer than it may drain', () => {
  const there = [
    ...workers(1, busyFor(5000), 'soon'),
    ...workers(1, busyFor(2000), 'sooner'),
    ...workers(1, busyFor(3_600_000), 'long'),
    ...workers(1, busyFor(0), 'overdue'),
    ...workers(1, {}, 'idle'),
    ...workers(1, { endsAt: noon + 1000 }, 'ending'),
    ...workers(1, { state: 'starting', idleAt: noon + 1000 }, 'starting'),
  ];
  const decision = decide({ signals: { workers: there }, memory: longFewer });
  assert.deepEqual(decision.drain, ['ending0', 'idle0', 'sooner0', 'soon0', 'overdue0']);
  assert.equal(decision.wanted, 2, 'the long one and the one that starts stay');
});

test('workers that drain are taken back before machines are ordered, those at work first', () => {
  const there = [
    ...workers(2, {}, 'live'),
    ...workers(1, { state: 'draining', drainingSince: noon - 9000 }, 'empty'),
    ...workers(1, { state: 'draining', drainingSince: noon - 9000, busy: 2 }, 'busy'),
    ...workers(1, { state: 'draining', drainingSince: noon - 9000, busy: 2, endsAt: noon + 5000 }, 'spot'),
  ];
  const decision = decide({ signals: { lanes: [lane({ ready: 30, runMs: 60_000 })], workers: there } });
  assert.equal(decision.wanted, 4);
  assert.deepEqual(decision.undrain, ['busy0', 'empty0']);
});

test('a worker that drains for longer than it may is taken back', () => {
  const there = workers(1, { state: 'draining', busy: 1, drainingSince: noon - 600_000, idleAt: noon + 1e7 });
  const decision = decide({ signals: { lanes: [lane({ running: 1 })], workers: there } });
  assert.deepEqual([decision.undrain, decision.drain], [['w0'], []]);
  const young = workers(1, { state: 'draining', busy: 1, drainingSince: noon - 599_000 });
  assert.deepEqual(decide({ signals: { workers: young } }).undrain, []);
});

test('an order that the platform has not followed yet is neither repeated nor taken back', () => {
  const memory = { ordered: 20, lastOutAt: noon - 31_000, inSince: noon - 600_000 };
  const decision = decide({ signals: { workers: workers(4) }, memory });
  assert.equal(decision.wanted, 16, 'the four that are there may go');
  assert.equal(decision.drain.length, 4);
  const late = decide({ signals: { workers: workers(4) }, memory: { ...memory, lastOutAt: noon - 61_000 } });
  assert.equal(late.wanted, 0, 'after two start-up times nobody is waited for');
});

test('steps, windows and rests hold a change back, and say until when', () => {
  const lanes = [lane({ ready: 8000, runMs: 60_000 })];
  const out = (policy: object, memory: Partial<ScalingMemory> = {}) =>
    decide({ pool: { policy: { out: policy } }, signals: { lanes, workers: workers(10) }, memory });
  assert.deepEqual([out({ step: 4 }).wanted, out({ step: '50%' }).wanted], [14, 15]);
  assert.deepEqual(out({ step: 4 }).bounds, ['step']);
  const held = out({ stabilize: '30s' });
  assert.deepEqual([held.wanted, held.bounds, held.memory.outSince], [10, ['stabilize'], noon]);
  assert.match(held.explanation, /The wish has to hold for another 30s\./);
  assert.equal(out({ stabilize: '30s' }, { outSince: noon - 30_000 }).wanted, 1000);
  const resting = out({ cooldown: '1m' }, { lastOutAt: noon - 20_000 });
  assert.deepEqual([resting.wanted, resting.bounds], [10, ['cooldown']]);
  assert.match(resting.explanation, /rests from its last change for another 40s/);
});

test('fewer are ordered only when fewer have been wished for throughout the window, and by more than the hysteresis', () => {
  const lanes = (rate: number) => [lane({ running: rate, arrivalsPerSecond: rate })];
  const fewer = (rate: number, memory: Partial<ScalingMemory>, count = 20) =>
    decide({ signals: { lanes: lanes(rate), workers: workers(count) }, memory });
  assert.deepEqual(fewer(60, {}).bounds, ['stabilize']);
  assert.equal(fewer(60, { inSince: noon - 120_000 }).wanted, 10);
  const window = { inSince: noon - 120_000, wishes: [{ at: noon - 60_000, workers: 15 }] };
  assert.equal(fewer(60, window).wanted, 15, 'the largest wish of the window');
  assert.deepEqual(fewer(115, { inSince: noon - 120_000 }).bounds, ['hysteresis'], '18 instead of 20');
  assert.deepEqual(fewer(60, { inSince: noon - 120_000, lastOutAt: noon - 10_000 }).bounds, ['cooldown']);
});

test('a maximum, a budget and what they cost in waiting are told', () => {
  const lanes = [lane({ ready: 5000, running: 40, runMs: 9000, arrivalsPerSecond: 1 })];
  const atMost = decide({ pool: { max: 5 }, signals: { lanes, workers: workers(5) } });
  assert.deepEqual([atMost.wanted, atMost.bounds], [5, ['max']]);
  assert.match(
    atMost.explanation,
    /maximum of 5: \d+ are wished for, and the last of what waits or comes begins after about \d+m\d+s/,
  );
  const flooded = decide({ pool: { max: 1 }, signals: { lanes } });
  assert.match(flooded.explanation, /the queue grows by 1 seconds of work each second/);
  const dear = decide({ pool: { cost: { perWorkerHour: 0.3, budgetPerHour: 0.9 } }, signals: { lanes } });
  assert.deepEqual([dear.wanted, dear.bounds], [3, ['budget']]);
  const lowered = decide({ pool: { max: 3 }, signals: { lanes, workers: workers(5) } });
  assert.equal(lowered.drain.length, 2, 'a lowered maximum waits for no window');
});

test('what people order goes before the policy, within the maximum', () => {
  const scale = (count: number, until: number | null = null) => ({
    manual: { scale: { workers: count, until, reason: 'sale' }, frozen: null, maintenance: [] },
    workers: workers(4),
  });
  const more = decide({
    pool: { cost: { perWorkerHour: 1, budgetPerHour: 5 }, policy: { out: { step: 1, stabilize: '1h' } } },
    signals: scale(40, noon + 60_000),
  });
  assert.deepEqual([more.wanted, more.bounds], [40, ['manual']]);
  assert.match(more.explanation, /^40 workers are ordered by hand until 2026-11-30 12:01 UTC \(sale\)\./);
  assert.equal(decide({ pool: { max: 10 }, signals: scale(40) }).wanted, 10);
  const none = decide({ pool: { min: 2 }, signals: scale(0) });
  assert.deepEqual([none.wanted, none.drain.length], [0, 4]);
  assert.equal(decide({ signals: scale(40, noon) }).wanted, 4, 'it is over');
});

test('a frozen or disabled pool changes nothing, and in maintenance nobody goes', () => {
  const frozen = { until: null, reason: 'audit' };
  const draining = workers(1, { state: 'draining', busy: 1, drainingSince: 0 }, 'd');
  const seen = { lanes: [lane({ ready: 9000 })], workers: [...workers(4), ...draining] };
  const still = decide({ signals: { ...seen, manual: { scale: null, frozen, maintenance: [] } } });
  assert.deepEqual([still.bounds, still.drain, still.undrain], [['frozen'], [], []]);
  assert.match(still.explanation, /^Frozen until that is lifted \(audit\)/);
  assert.deepEqual(decide({ pool: { enabled: false }, signals: seen }).bounds, ['frozen']);
  const maintenance = [{ from: noon - 1, to: noon + 60_000, reason: 'disks' }];
  const kept = decide({
    signals: { workers: workers(4), manual: { scale: null, frozen: null, maintenance } },
    memory: longFewer,
  });
  assert.deepEqual([kept.wanted, kept.bounds, kept.drain], [4, ['maintenance'], []]);
});

test('a shared maximum goes by priority, and who gives way is gone before others come', () => {
  const shared = { name: 'nodes', max: 10 };
  const lanes = [lane({ ready: 5000 })];
  const low = inputOf({
    pool: { name: 'low', shared, min: 2 },
    signals: { lanes: [lane({ queue: 'b', ready: 5000 })], workers: workers(10) },
  });
  const high = inputOf({ pool: { name: 'high', shared, priority: 5 }, signals: { lanes } });
  const [first, second] = decideScaling([low, high]);
  assert.deepEqual([second?.wanted, second?.bounds], [0, ['shared']]);
  assert.deepEqual([first?.wanted, first?.drain.length, first?.bounds], [2, 8, ['shared']]);
  const later = { ...low, signals: { ...low.signals, workers: workers(2) } };
  assert.deepEqual(
    decideScaling([later, high]).map(({ wanted }) => wanted),
    [2, 8],
  );
});

test('a lane of several pools is served by the pool of higher priority as far as that can', () => {
  const lanes = [lane({ ready: 1100 }), lane({ queue: 'own', ready: 88 })];
  const first = inputOf({ pool: { name: 'first', priority: 1, max: 6 }, signals: { lanes } });
  const second = inputOf({ pool: { name: 'second' }, signals: { lanes: lanes.slice(0, 1) } });
  const [a, b] = decideScaling([first, second]);
  // 108 slots are needed, 48 can be had, 8 of them for its own lane: 40 of 100 of the other.
  assert.deepEqual([a?.desired, a?.wanted, b?.wanted], [14, 6, 8]);
  const roomy = inputOf({ pool: { name: 'first', priority: 1 }, signals: { lanes } });
  assert.deepEqual(
    decideScaling([second, roomy]).map(({ wanted }) => wanted),
    [0, 14],
  );
});

test('pools of other slots than declared are counted by what is there', () => {
  const there = workers(5, { slots: 4 });
  assert.equal(decide({ signals: { lanes: [lane({ ready: 80, runMs: 60_000 })], workers: there } }).desired, 20);
});
