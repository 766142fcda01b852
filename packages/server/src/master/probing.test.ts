import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeHandler, probeNamespace } from '@tidewheel/protocol';
import { sessionRegister } from '../store/sessions.ts';
import { asLeader, Deposed, termBegin } from '../store/terms.ts';
import { seedId } from '../store/testing/seed.ts';
import { Definitions } from './definitions.ts';
import type { Leader } from './duty.ts';
import { probing } from './probing.ts';
import { openBench } from './testing/bench-context.ts';

test('a deposed leader leaves the probes as its successor made them', async (t) => {
  const { context, close } = await openBench();
  t.after(close);
  const { db, identity } = context;
  const definitions = new Definitions(context, { submit: () => assert.fail('nothing is triggered') });
  const lead = async (token: number): Promise<Leader> => {
    const candidate = { masterId: seedId(), address: 'http://a', origin: 'test', token };
    const term = await db.transaction((tx) => termBegin(tx, identity, candidate));
    assert.ok(term);
    const transaction: Leader['transaction'] = (work) =>
      db.transaction(async (tx) => {
        await asLeader(tx, term);
        return work(tx);
      });
    return { term: term.term, trusted: () => true, prepared: () => assert.fail('nothing is prepared'), transaction };
  };
  const joins = (namespace: string) => {
    const hello = { type: 'hello', incarnation: seedId(), worker: 'w', version: '1', slots: 1, pid: 1 } as const;
    const brings = { queues: ['default'], handlers: [probeHandler], labels: {}, host: 'h', holding: [], resume: false };
    return sessionRegister(db, { ...hello, ...brings }, { masterId: context.masterId, namespace, ttlMs: 60_000 });
  };
  const probed = async () =>
    (
      await db.query<{ name: string }>(
        'select name from job where namespace = $1 and deleted_at is null order by name',
        [probeNamespace],
      )
    ).map((job) => job.name);

  await joins('alpha');
  const first = probing(context, definitions).begin(await lead(1));
  await first();
  assert.deepEqual(await probed(), ['alpha']);
  await joins('beta');
  const second = await lead(2);
  await assert.rejects(first(), Deposed);
  assert.deepEqual(await probed(), ['alpha']);
  await probing(context, definitions).begin(second)();
  assert.deepEqual(await probed(), ['alpha', 'beta']);
});
