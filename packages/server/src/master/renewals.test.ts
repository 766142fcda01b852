// What masters believe of their workers, compared with the store.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MasterMessage } from '@tidewheel/protocol';
import type { Database, Row } from '../ports/database.ts';
import { seedId, seedSession } from '../store/testing/seed.ts';
import { Changes } from './changes.ts';
import { Dispatcher } from './dispatcher.ts';
import { Renewals } from './renewals.ts';
import { SessionLink } from './session-link.ts';
import { openBench } from './testing/bench-context.ts';

test('what was read while a promoted store is compared with the workers takes nothing from them', async (t) => {
  const bench = await openBench();
  t.after(() => bench.close());
  const { context, clock } = bench;
  const sessionId = await seedSession(context.db, context.masterId, 86_400_000);
  const dispatcher = new Dispatcher(context, new Changes(clock, context.signals));
  let read = (): void => undefined;
  const db: Database = {
    dialect: context.db.dialect,
    transaction: (work) => context.db.transaction(work),
    close: () => Promise.resolve(),
    query: async <T extends object = Row>(sql: string, params?: readonly (string | number | null)[]): Promise<T[]> => {
      const rows = await context.db.query<T>(sql, params);
      read();
      return rows;
    },
  };
  const said: MasterMessage[] = [];
  const connection = {
    send: (batch: readonly MasterMessage[]) => void said.push(...batch),
    close: () => assert.fail('the connection was closed'),
    bufferedBytes: () => 0,
  };
  const hello = { incarnation: sessionId, worker: 'w', slots: 1, queues: ['default'], handlers: ['shell'], labels: {} };
  const link = new SessionLink(hello as never, 'default', connection, { nonce: 'n', atMs: clock.monotonicMs() });
  const attemptId = seedId();
  link.held.set(attemptId, { runId: seedId(), attempt: 1, sinceMs: clock.monotonicMs() });
  dispatcher.attach(link);
  const renewals = new Renewals({ ...context, db }, dispatcher, () => assert.fail('the worker was dismissed'));
  const promotions = [() => dispatcher.hold(), () => dispatcher.goOn(), () => (dispatcher.hold(), dispatcher.goOn())];
  await renewals.start();
  t.after(() => renewals.stop());
  for (const promote of promotions) {
    read = promote;
    // As if it renewed its lease.
    link.renewedAtMs = clock.monotonicMs();
    await clock.advance(context.settings.sessionTtlMs / 2 + 100);
    assert.deepEqual([said, link.held.has(attemptId)], [[], true]);
  }
  read = () => undefined;
  link.renewedAtMs = clock.monotonicMs();
  await clock.advance(context.settings.sessionTtlMs / 2 + 100);
  assert.deepEqual(said, [{ type: 'stale', attemptIds: [attemptId] }]);
});
