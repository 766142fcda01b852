// The shipped configuration of Patroni and HAProxy makes a cluster that masters can use with the role it makes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore } from '../../packages/server/src/compose.ts';
import { durabilityFault, durabilityOf, rpoText } from '../../packages/server/src/core/durability.ts';
import { silentLog } from '../../packages/server/src/ports/log.ts';
import { storeFacts } from '../../packages/server/src/store/cluster-views.ts';
import { startPatroni } from './patroni.ts';

test('the shipped files make a synchronous cluster, found by HAProxy and by its nodes', {
  timeout: 240_000,
}, async () => {
  const patroni = await startPatroni();
  try {
    for (const url of [patroni.url, patroni.nodesUrl]) {
      const store = await openStore({ engine: 'postgres', url, poolSize: 3 }, silentLog);
      try {
        const facts = await storeFacts(store.db);
        const durability = durabilityOf(facts.replication, 'synchronous');
        assert.deepEqual(
          [facts.role, rpoText(durability), durabilityFault(durability), facts.replicas.length],
          ['primary', '0: synchronous to one standby', null, 2],
        );
        // Three masters with the default pool, and an operator beside them.
        assert.ok((facts.connectionsAllowed ?? 0) >= 3 * 24 + 20);
      } finally {
        await store.close();
      }
    }
  } finally {
    await patroni.stop();
  }
});
