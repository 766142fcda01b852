// What is remembered of pools between rounds: how drivers fare, how fast runs arrive, how long workers take to start, what people ordered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolOrderView } from '@tidewheel/protocol';
import { driverFailed, driverMayBeAsked, driverState, wellDriver } from './driver-health.ts';
import { LaneRates } from './lane-rates.ts';
import { expiredOrders, manualOrders, reservedWork, rolloutOf } from './pool-orders.ts';
import { StartupTimes } from './startup-times.ts';

const order = (kind: PoolOrderView['kind'], body: object, more: Partial<PoolOrderView> = {}): PoolOrderView => ({
  id: kind,
  kind,
  order: { ...body },
  reason: 'why',
  from: 1000,
  until: null,
  createdBy: 'ann',
  createdAt: 1000,
  endedAt: null,
  ended: null,
  ...more,
});

test('a driver that fails is asked after longer and longer pauses, up to two minutes, and one answer makes all well', () => {
  let health = wellDriver;
  const pauses: number[] = [];
  for (let time = 0; pauses.length < 10; time = health.retryAtMs) {
    health = driverFailed(health, time, 'no');
    pauses.push((health.retryAtMs - time) / 1000);
    assert.equal(driverMayBeAsked(health, health.retryAtMs - 1), false);
    assert.equal(driverMayBeAsked(health, health.retryAtMs), true);
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]);
  assert.deepEqual([driverState(wellDriver), driverState(health)], ['ok', 'paused']);
});

test('arrivals are what ends and what is unfinished more than before, smoothed; an ended load leaves nothing', () => {
  const rates = new LaneRates();
  const lane = (unfinished: number, completionsPerSecond: number) => [
    { laneId: 'a', unfinished, completionsPerSecond },
  ];
  assert.equal(rates.take(0, lane(0, 0)).get('a'), 0);
  for (let second = 5; second <= 120; second += 5) rates.take(second * 1000, lane(second * 10, 5));
  const busy = rates.take(125_000, lane(1250, 5)).get('a') ?? 0;
  assert.ok(Math.abs(busy - 15) < 0.5, `${busy} per second arrive`);
  assert.equal(rates.take(126_000, lane(99_999, 5)).get('a'), busy, 'a second says nothing');
  let last = 1;
  for (let second = 130; second <= 600; second += 5) last = rates.take(second * 1000, lane(0, 0)).get('a') ?? -1;
  assert.equal(last, 0);
  assert.equal(rates.take(700_000, []).size, 0);
});

test('a start-up is measured from the order to the registration, and the middle of several counts', () => {
  const times = new StartupTimes();
  times.seen(0, ['old'], new Set());
  times.seen(10, ['old'], new Set(['old']));
  assert.equal(times.usualMs, null, 'one that nobody ordered is not measured');
  for (const [index, tookMs] of [3000, 90_000, 5000].entries()) {
    const at = index * 1_000_000;
    times.ordered(at);
    times.seen(at + 500, ['old', `w${index}`], new Set(['old']));
    times.seen(at + tookMs, ['old', `w${index}`], new Set(['old', `w${index}`]));
  }
  assert.equal(times.usualMs, 5000);
});

test('the newest order that holds counts; one whose time is over does not, and is told', () => {
  const orders = [
    order('scale', { workers: 3 }, { id: 'one', until: 1500 }),
    order('scale', { workers: 7 }, { id: 'two', from: 2000, until: 5000 }),
    order('freeze', {}, { until: 9000 }),
    order('maintenance', { from: 8000, to: 9000 }),
  ];
  assert.deepEqual(manualOrders(orders, 2500), {
    scale: { workers: 7, until: 5000, reason: 'why' },
    frozen: { until: 9000, reason: 'why' },
    maintenance: [{ from: 8000, to: 9000, reason: 'why' }],
  });
  assert.deepEqual(manualOrders(orders, 9000), { scale: null, frozen: null, maintenance: [] });
  assert.deepEqual(expiredOrders(orders, 5000), ['one', 'two']);
  assert.deepEqual(rolloutOf([order('rollout', { surge: 2 })], 3), { id: 'rollout', surge: 2, since: 1000, base: 3 });
});

test('a reservation is work that comes at its time, spread over its span', () => {
  const reserve = order('reserve', { queue: 'q', runs: 100, each: 2000, at: 60_000, over: 10_000 });
  const { from, bucketMs, workMs, runs = [] } = reservedWork([reserve], 12_345);
  assert.equal(from, 10_000);
  const at = (time: number): number => Math.floor((time - from) / bucketMs);
  assert.deepEqual([runs[at(60_000)], runs[at(65_000)], runs[at(59_999)]], [50, 50, 0]);
  assert.equal(
    workMs.reduce((sum, one) => sum + one, 0),
    200_000,
  );
  // In the middle of it only the rest is to come.
  const late = reservedWork([reserve], 66_000);
  assert.equal(
    late.workMs.reduce((sum, one) => sum + one, 0),
    100_000,
  );
  assert.deepEqual(reservedWork([], 12_345).workMs, [0]);
});
