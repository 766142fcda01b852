// All scenarios in the order of their rows.

import type { Scenario } from '../scenario.ts';
import { beliefScenarios } from './beliefs.ts';
import { clockScenarios } from './clocks.ts';
import { failOverScenarios } from './fail-overs.ts';
import { failpointScenarios } from './failpoints.ts';
import { fullEtcdScenarios } from './full-etcd.ts';
import { fullStoreScenarios } from './full-store.ts';
import { leaderScenarios } from './leaders.ts';
import { linkScenarios } from './links.ts';
import { masterScenarios } from './masters.ts';
import { soak } from './nemesis.ts';
import { replicationScenarios } from './replication.ts';
import { storeScenarios } from './stores.ts';
import { versionScenarios } from './versions.ts';
import { workerScenarios } from './workers.ts';

export const scenarios: readonly Scenario[] = [
  ...masterScenarios,
  ...leaderScenarios,
  ...beliefScenarios,
  ...failpointScenarios,
  ...storeScenarios,
  ...fullStoreScenarios,
  ...fullEtcdScenarios,
  ...failOverScenarios,
  ...replicationScenarios,
  ...workerScenarios,
  ...linkScenarios,
  ...clockScenarios,
  ...versionScenarios,
  soak,
].sort((a, b) => Number.parseInt(a.id) - Number.parseInt(b.id));
