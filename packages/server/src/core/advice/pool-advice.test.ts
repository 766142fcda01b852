import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PeakHistogram } from './peak-histogram.ts';
import { advise, type WorkerPeak } from './pool-advice.ts';

const mebi = 1024 ** 2;
const day = 86_400_000;

function worker(changes: Partial<WorkerPeak> = {}): WorkerPeak {
  return { cpu: 1, memoryBytes: 500 * mebi, ageMs: 0, starved: false, ...changes };
}

const near = (actual: number | undefined, expected: number): void => {
  assert.ok(
    actual !== undefined && Math.abs(actual / expected - 1) < 0.051,
    `${actual} is not within 5 % of ${expected}`,
  );
};

test('equal peaks are advised with the margin', () => {
  const { cpu, memoryBytes, resources } = advise(
    Array.from({ length: 20 }, () => worker()),
    [],
    0,
  );
  near(cpu?.target, 1.15);
  near(memoryBytes?.target, 575 * mebi);
  assert.deepEqual(resources, { requests: { cpu: '1150m', memory: '575Mi' }, limits: { memory: '575Mi' } });
});

test('the target covers nine of ten, the limit the largest peak', () => {
  const peaks = Array.from({ length: 100 }, (_, index) =>
    worker({ cpu: (index + 1) / 100, memoryBytes: (index + 1) * 10 * mebi }),
  );
  const { cpu, memoryBytes, resources } = advise(peaks, [], 0);
  near(cpu?.lower, 0.5 * 1.15);
  near(cpu?.target, 0.9 * 1.15);
  near(cpu?.upper, 0.95 * 1.15);
  near(memoryBytes?.target, 900 * 1.15 * mebi);
  assert.equal(resources?.limits.memory, '1150Mi');
});

test('what is a day old counts half, so a new load is followed and an old peak fades', () => {
  // Eight new small ones against two that were large: today a fifth of the weight, after four half-lives a sixty-fourth.
  const peaks = (ageMs: number) => [
    ...Array.from({ length: 8 }, () => worker({ memoryBytes: 100 * mebi })),
    ...Array.from({ length: 2 }, () => worker({ memoryBytes: 1000 * mebi, ageMs })),
  ];
  near(advise(peaks(0), [], 0).memoryBytes?.target, 1150 * mebi);
  near(advise(peaks(4 * day), [], 0).memoryBytes?.target, 115 * mebi);
});

test('memory that ran out is advised above what was seen: by a fifth, and by a hundred mebibytes at least', () => {
  const ran = (memoryBytes: number) => advise([worker({ memoryBytes, starved: true })], [], 0);
  near(ran(200 * mebi).memoryBytes?.target, 300 * 1.15 * mebi);
  near(ran(2000 * mebi).memoryBytes?.target, 2400 * 1.15 * mebi);
  assert.match(ran(mebi).explanation, /Little is known: 1 worker .* 1 worker ran out of memory/);
});

test('nothing known is no advice', () => {
  const { cpu, memoryBytes, resources, explanation } = advise([], [], 0);
  assert.deepEqual({ cpu, memoryBytes, resources }, { cpu: null, memoryBytes: null, resources: null });
  assert.match(explanation, /No worker/);
  const young = advise([worker({ cpu: null })], [], 0);
  assert.equal(young.resources, null);
  assert.match(young.explanation, /None has lived for the minute/);
});

test('a worker that hardly does anything still gets what it cannot work without', () => {
  const { resources } = advise([worker({ cpu: 0.001, memoryBytes: mebi })], [], 0);
  assert.deepEqual(resources, { requests: { cpu: '25m', memory: '64Mi' }, limits: { memory: '64Mi' } });
});

test('jobs are told apart, those that take most memory first', () => {
  const attempt = (job: string, cpu: number, memoryBytes: number) => ({ job, cpu, memoryBytes, ageMs: 0 });
  const { jobs } = advise(
    [],
    [attempt('small', 2, 10 * mebi), attempt('large', 0.5, 900 * mebi), attempt('small', 2, 10 * mebi)],
    0,
  );
  assert.deepEqual(
    jobs.map(({ job, attempts }) => [job, attempts]),
    [
      ['large', 1],
      ['small', 2],
    ],
  );
  near(jobs[1]?.cpu.target, 2.3);
});

test('a percentile is within a bucket of the exact one, and never above what was seen', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.02, max: 1000, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const histogram = new PeakHistogram({ first: 0.01, halfLifeMs: day });
        for (const value of values) histogram.add(value, 0);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(share * values.length * (1 - 1e-9)) - 1)] ?? 0;
        const found = histogram.percentile(share);
        assert.ok(found >= exact * (1 - 1e-9) && found <= exact * 1.05 * (1 + 1e-9), `${found} for ${exact}`);
        assert.ok(found <= Math.max(...values));
      },
    ),
  );
});
