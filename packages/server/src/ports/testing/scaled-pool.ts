// A pool as a scaler is told of it. Test code only.

import type { PoolDriver } from '@tidewheel/protocol';
import type { ScaledPool } from '../scaler.ts';

export function scaledPool(name: string, driver: PoolDriver): ScaledPool {
  return {
    id: `id-of-${name}`,
    namespace: 'tests',
    name,
    queues: ['default'],
    labels: { pool: name },
    slots: 4,
    driver,
  };
}
