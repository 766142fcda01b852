// What the comparison makes of its rounds: ratios, noise, exponents, verdicts and plots, on numbers that are known.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge as judgeGuard } from '../bench/guard.ts';
import { judge, sectionOf } from '../bench/harness/comparison.ts';
import type { Measure } from '../bench/harness/measure.ts';
import { svgOf } from '../bench/harness/plot.ts';
import { readSizes } from '../bench/harness/sizes.ts';
import { fitPower, noiseOf, quantile, ratiosOf, spreadOf } from '../bench/harness/statistics.ts';
import { inTurns } from '../bench/harness/turns.ts';

const measure: Measure = {
  name: 'sample',
  about: 'Numbers.',
  figures: [
    { name: 'rate', unit: '/s', better: 'more' },
    { name: 'p99', unit: 'ms', better: 'less' },
  ],
  goals: [],
  contenders: () => [],
};

const results = new Map([
  [
    'a',
    new Map([
      ['rate', [100, 120, 140]],
      ['p99', [4, 5, 6]],
    ]),
  ],
  [
    'b',
    new Map([
      ['rate', [50, 40, 140]],
      ['p99', [8, 5, 3]],
    ]),
  ],
]);

test('ratios are of the same round, and over one means better whichever way a figure points', () => {
  assert.deepEqual(ratiosOf([100, 120], [50, 40], 'more'), [2, 3]);
  assert.deepEqual(ratiosOf([4, 5], [8, 5], 'less'), [2, 1]);
});

test('the middle of an even number of rounds lies between them', () => {
  assert.equal(quantile([1, 2, 3, 10], 0.5), 2.5);
  assert.deepEqual(spreadOf([3, 1, 2]), { min: 1, median: 2, max: 3 });
});

test('the exponent of a power is found, and noise does not make a flat cost steep', () => {
  const points = (exponent: number) => [10, 100, 1000, 10_000].map((size) => ({ size, cost: 7 * size ** exponent }));
  for (const exponent of [0, 0.5, 1, 1.3]) {
    const fit = fitPower(points(exponent));
    assert.ok(Math.abs(fit.exponent - exponent) < 1e-9);
    assert.ok(Math.abs(fit.at(1000) - 7 * 1000 ** exponent) < 1e-6);
  }
});

test('a goal is judged by the median of the ratios, and one without figures is not judged', () => {
  const goal = { figure: 'rate', of: 'a', than: 'b' };
  assert.equal(judge({ ...goal, times: 2 }, measure, results).reached, true);
  assert.equal(judge({ ...goal, times: 2.1 }, measure, results).reached, false);
  assert.equal(judge({ ...goal, than: 'c', times: 1 }, measure, results).reached, null);
  assert.equal(judge({ figure: 'p99', of: 'a', atMost: 5 }, measure, results).reached, true);
  assert.equal(judge({ figure: 'p99', of: 'a', atMost: 4.9 }, measure, results).reached, false);
  assert.equal(judge({ figure: 'rate', of: 'a', atLeast: 121 }, measure, results).reached, false);
});

test('a section shows each contender with its spread and its distance to the first', () => {
  const text = sectionOf(measure, results);
  assert.match(text, /\| a \| 120 \| 100 \| 140 \| {2}\| {2}\| {2}\|/);
  assert.match(text, /\| b \| 50 \| 40 \| 140 \| 2\.00 \| 1\.00 \| 3\.00 \|/);
});

function guarded(now: readonly number[], before: readonly number[]): boolean | undefined {
  const rounds = new Map([
    ['now', new Map([['rate', now]])],
    ['before', new Map([['rate', before]])],
  ]);
  return judgeGuard(measure, 'sqlite', rounds)[0]?.lost;
}

test('the guard calls a loss over a tenth beyond the noise, and nothing less', () => {
  assert.equal(guarded([85, 85, 86, 84, 85], [100, 100, 100, 100, 100]), true);
  assert.equal(guarded([91, 92, 91, 92, 91], [100, 100, 100, 100, 100]), false);
  assert.equal(guarded([85, 130, 60, 110, 70], [100, 100, 100, 100, 100]), false);
  assert.equal(guarded([300, 300, 300], [100, 100, 100]), false);
  assert.ok(noiseOf([85, 130, 60, 110, 70]) > 0.2);
});

test('contenders take turns, the warm-up does not count, and all are finished when one fails', async () => {
  const played: string[] = [];
  const contender = (name: string, fail = false) => ({
    name,
    round: () => {
      played.push(name);
      if (fail) return Promise.reject(new Error('it broke'));
      return Promise.resolve({ rate: played.length });
    },
    finish: () => {
      played.push(`${name} finished`);
      return Promise.resolve();
    },
  });
  const options = { rounds: 2, warm: true, say: () => undefined };
  const found = await inTurns([contender('a'), contender('b')], options);
  assert.deepEqual(played, ['a', 'b', 'a', 'b', 'a', 'b', 'a finished', 'b finished']);
  assert.deepEqual(found.get('a')?.get('rate'), [3, 5]);
  played.length = 0;
  await assert.rejects(inTurns([contender('a'), contender('b', true)], options), /it broke/);
  assert.deepEqual(played, ['a', 'b', 'a finished', 'b finished']);
});

test('a plot holds every point inside its frame, and a flat cost as a flat line', () => {
  const points = [10, 1000, 100_000].map((size) => ({ size, cost: { min: 90, median: 100, max: 110 } }));
  const fit = fitPower(points.map(({ size }) => ({ size, cost: 100 })));
  const svg = svgOf({ title: 'a < b', across: 'runs', up: 'µs', points, fit });
  const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
  assert.equal(circles.length, 3);
  for (const [x = 0, y = 0] of circles) assert.ok(x >= 72 && x <= 616 && y >= 44 && y <= 308, `${x}, ${y}`);
  const [, from, to] = /<polyline points="[\d.]+,([\d.]+) [\d.]+,([\d.]+)"/.exec(svg) ?? [];
  assert.equal(from, to);
  assert.match(svg, /a &lt; b/);
});

test('sizes are set by name, and a name that does not exist is told with those that do', () => {
  assert.equal(readSizes(['drain.runs=5'])['drain.runs'], 5);
  assert.throws(() => readSizes(['drain.rows=5']), /no size is called drain\.rows; there are drain\.runs/);
  assert.throws(() => readSizes(['drain.runs=many']), /takes a whole number/);
});
