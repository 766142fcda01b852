import assert from 'node:assert/strict';
import test from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { contractScaler } from './contract-scaler.ts';
import type { ScaledPool } from './scaler.ts';

const pool: ScaledPool = {
  id: 'id',
  namespace: 'tests',
  name: 'crunch',
  queues: ['default'],
  labels: { size: 'large' },
  slots: 4,
  driver: { kind: 'webhook', url: 'https://example.com/?key=hush', timeout: 1000 },
};

function setup(answer: string) {
  const texts: string[] = [];
  const scaler = contractScaler({
    refuses: () => null,
    nameOf: () => 'the platform',
    carry: async (_, text) => {
      texts.push(text);
      return answer;
    },
    close: async () => undefined,
  });
  return { scaler, texts };
}

test('a request says what is asked about which pool, and nothing of how the platform is reached', async () => {
  const { scaler, texts } = setup('{"version":1}');
  await scaler.apply(pool, { count: 2, release: ['a'], keep: ['b'] });
  assert.deepEqual(JSON.parse(texts[0] ?? ''), {
    version: 1,
    action: 'apply',
    pool: { id: 'id', namespace: 'tests', name: 'crunch', queues: ['default'], labels: { size: 'large' }, slots: 4 },
    order: { count: 2, release: ['a'], keep: ['b'] },
  });
});

test('what a platform does not know it may leave out', async () => {
  const { scaler } = setup('{"version":1,"machines":[{"worker":"a","state":"starting"}]}');
  assert.deepEqual(await scaler.observe(pool), {
    ordered: null,
    machines: [{ worker: 'a', state: 'starting', startedAt: null, endsAt: null, note: null }],
    note: null,
  });
});

test('questions about one pool go one after the other, those about others beside them', async () => {
  const open = new Set<string>();
  const gates: (() => void)[] = [];
  const order: string[] = [];
  const scaler = contractScaler({
    refuses: () => null,
    nameOf: () => 'the platform',
    carry: async ({ id }) => {
      assert.ok(!open.has(id), `two at once for ${id}`);
      open.add(id);
      order.push(id);
      await new Promise<void>((resolve) => gates.push(resolve));
      open.delete(id);
      return '{"version":1}';
    },
    close: async () => undefined,
  });
  const told = { count: 1, release: [], keep: [] };
  const all = [pool, pool, { ...pool, id: 'other' }].map((one) => scaler.apply(one, told));
  while (order.length < 2) await Promise.resolve();
  assert.deepEqual(order, ['id', 'other']);
  for (const gate of gates.splice(0)) gate();
  while (gates.length === 0) await Promise.resolve();
  for (const gate of gates) gate();
  await Promise.all(all);
  assert.deepEqual(order, ['id', 'other', 'id']);
});

const bad: readonly [what: string, answer: string, expected: RegExp][] = [
  ['is no JSON', 'ok', /the answer is not JSON/],
  ['is empty', '', /the answer is not JSON/],
  ['is an error', '{"version":1,"error":"the quota is used up"}', /^the platform: the quota is used up$/],
  ['is of another version', '{"version":2,"machines":[]}', /\/version/],
  [
    'has a field that is misspelt',
    '{"version":1,"machines":[{"worker":"a","state":"ready","endAt":1}]}',
    /\/machines\/0 .*endAt/,
  ],
  ['has a state that is not known', '{"version":1,"machines":[{"worker":"a","state":"up"}]}', /\/machines\/0\/state/],
  [
    'has a time that is text',
    '{"version":1,"machines":[{"worker":"a","state":"ready","endsAt":"soon"}]}',
    /\/machines\/0\/endsAt/,
  ],
  ['has no machines', '{"version":1}', /\/machines/],
];
for (const [what, answer, expected] of bad) {
  test(`an answer that ${what} is a failure that says so`, async () => {
    const { scaler } = setup(answer);
    await assert.rejects(
      scaler.observe(pool),
      (error) => error instanceof Refusal && error.code === 'SCALER_FAILED' && expected.test(error.message),
    );
  });
}
