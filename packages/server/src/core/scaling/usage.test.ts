import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideScaling } from './decide.ts';
import { noScalingMemory, type WorkerSignal } from './scaling-input.ts';
import { lane, pool, signals, workers } from './testing/loads.ts';
import { usageOf } from './usage.ts';

/** Eight slots each, half of them busy. */
const working = (count: number, over: Partial<WorkerSignal> = {}) => workers(count, { busy: 4, ...over });

function decide(given: { cpu?: number; workers: WorkerSignal[]; running?: number }) {
  const { cpu, running = 16 } = given;
  const [decision] = decideScaling([
    {
      definition: pool(cpu === undefined ? {} : { policy: { cpu } }),
      signals: signals({ lanes: [lane({ running, runMs: 60_000 })], workers: given.workers }),
      memory: noScalingMemory,
    },
  ]);
  assert.ok(decision !== undefined);
  return decision;
}

test('workers that use more cores than the policy plans get others beside them, though slots are free', () => {
  const busy = working(4, { cpu: 1.8 });
  assert.equal(decide({ cpu: 1, workers: busy }).wanted, 8, '7.2 cores at one each');
  assert.match(
    decide({ cpu: 1, workers: busy }).explanation,
    /^4 workers use 7.2 cores; 8 workers keep that at 1 each/,
  );
  assert.equal(decide({ cpu: 2, workers: busy }).wanted, 4, '7.2 cores fit on four');
  assert.equal(decide({ workers: busy }).wanted, 4, 'nobody asked for it');
});

test('cores of workers that drain count, those of workers that say nothing do not', () => {
  const some = [
    ...working(2, { cpu: 1.5 }),
    ...working(1, { cpu: 1.5, state: 'draining' }),
    ...working(2, { cpu: null }),
  ];
  assert.deepEqual(usageOf(some).cores, 4.5);
  assert.equal(usageOf(some).coresKnown, 3);
});

test('an idle pool goes to zero, whatever its processes use by themselves', () => {
  const idle = workers(2, { cpu: 0.02 });
  assert.equal(decide({ cpu: 0.01, workers: idle, running: 0 }).desired, 0);
});

test('a decision keeps how much of slots, cores and memory was used', () => {
  const seen = [...working(2, { cpu: 0.5, memoryShare: 0.4 }), ...working(1, { cpu: 0.25, memoryShare: 0.9 })];
  const { slotShare, cores, memoryShare } = decide({ workers: seen }).inputs;
  assert.deepEqual([slotShare, cores, memoryShare], [0.5, 1.25, 0.9]);
  const unknown = decide({ workers: working(1) }).inputs;
  assert.deepEqual([unknown['cores'], unknown['memoryShare']], [null, null]);
});
