// The crowd of load/crowd.ts as a process beside a cluster.

import { join } from 'node:path';
import { Program } from '../../test/support/tidewheel.ts';
import type { Cluster } from './cluster.ts';

export async function startCrowd(cluster: Cluster, sessions: number): Promise<Program | null> {
  if (sessions === 0) return null;
  const args = [join(import.meta.dirname, '../load/crowd.ts'), cluster.workerToken, String(sessions)];
  const crowd = new Program(['--conditions=source', ...args, ...cluster.addresses]);
  await crowd.says(/^the crowd is live$/m);
  return crowd;
}
