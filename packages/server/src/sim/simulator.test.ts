// Seeds of the simulator within the ordinary tests: those that once found something, and the first few. Each runs twice,
// because a seed that does not repeat is no bug report. More seeds: `npm run sim -- --minutes 10`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportText, reproduce } from './command/report.ts';
import { knownSeeds } from './seeds.ts';
import { simulate } from './simulator.ts';

const firstSeeds = 8;

const seeds = new Map(Array.from({ length: firstSeeds }, (_, index) => [index + 1, 'one of the first']));
for (const { seed, found } of knownSeeds) seeds.set(seed, `once found that ${found}`);

for (const [seed, why] of seeds) {
  test(`seed ${seed} keeps every promise, and twice in the same way (${why})`, { timeout: 120_000 }, async () => {
    const verdict = await simulate(seed);
    assert.deepEqual(verdict.findings, [], `${reportText(verdict, 0)}\nsee it: ${reproduce(seed)}`);
    assert.notEqual(verdict.convergedMs, null);
    assert.equal((await simulate(seed)).hash, verdict.hash);
  });
}

test('the mixes of the first seeds have all kinds of trouble among them', async () => {
  const { drawOptions } = await import('./options.ts');
  const mixes = Array.from({ length: 60 }, (_, index) => drawOptions(index + 1));
  for (const [kind, mean] of Object.entries(mixes[0]?.faults ?? {})) {
    if (typeof mean !== 'number') continue;
    const having = mixes.filter(({ faults }) => faults[kind as 'cutMs'] > 0).length;
    assert.ok(having >= 3 && having <= 57, `${having} of 60 have ${kind}`);
  }
  assert.ok(mixes.some(({ store }) => store.doneUnheard > 0) && mixes.some(({ store }) => store.doneUnheard === 0));
  assert.deepEqual(new Set(mixes.map(({ masters }) => masters)), new Set([1, 2, 3]));
  assert.deepEqual(new Set(mixes.map(({ coordinator }) => coordinator === 'store')), new Set([true, false]));
  assert.deepEqual(new Set(mixes.map(({ makes }) => makes.length)), new Set([1, 3]));
  const losses = Array.from({ length: 100 }, (_, index) => drawOptions(index + 1).storeLoss?.kind);
  for (const kind of ['switch', 'promotion', 'restore'] as const)
    assert.ok(losses.filter((one) => one === kind).length >= 3, `too few have a ${kind}`);
  assert.ok(mixes.some(({ storeRate }) => storeRate > 1) && mixes.some(({ storeRate }) => storeRate < 1));
});
