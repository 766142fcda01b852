// The suite on a Deployment and on a StatefulSet, over HTTPS; every request is held against the published interface.

import assert from 'node:assert/strict';
import { type ScalerEnds, testScaler } from '../../ports/conformance/scaler.ts';
import type { ScaledPool } from '../../ports/scaler.ts';
import { startCluster } from './testing/cluster.ts';
import { active } from './testing/pod-ranking.ts';

for (const workload of ['Deployment', 'StatefulSet'] as const) {
  testScaler(`kubernetes ${workload}`, async (): Promise<ScalerEnds> => {
    const cluster = await startCluster({ boundMs: 3000 });
    const { api, scaler } = cluster;
    return {
      scaler,
      pool: cluster.pool('crunch', { workload }),
      other: cluster.pool('print', { workload }),
      machines: async (pool: ScaledPool) =>
        api.controllers
          .podsOf(cluster.workloadOf(pool))
          .filter(active)
          .map(({ metadata }) => metadata.name),
      settle: async () => api.controllers.settle(),
      changes: () => api.requestsLike('PATCH', /\/scale$/).length + api.requestsLike('DELETE', /\/pods\//).length,
      fault: (kind) => {
        api.silent = kind === 'silent';
        api.refusing = kind === 'refuses' ? { status: 403, body: '{"message":"not allowed"}' } : null;
      },
      held: () => api.connections(),
      boundMs: 4000,
      close: async () => {
        await cluster.close();
        assert.deepEqual(api.faults, []);
      },
    };
  });
}
