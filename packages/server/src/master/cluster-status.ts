// The state of the cluster as any master can tell it: from the store's rows, in which each master says how it is, and from one
// question to the coordinator.

import type { ClusterStatus } from '@tidewheel/protocol';
import { type BackupFacts, degradationsOf } from '../core/cluster-health.ts';
import { durabilityOf } from '../core/durability.ts';
import { leaseTiming } from '../core/lease.ts';
import type { SpaceNow } from '../core/store-growth.ts';
import { backupStanding } from '../store/backups.ts';
import { electionsPage, mastersView, type StoreFacts, storeFacts } from '../store/cluster-views.ts';
import { findingsCount } from '../store/fire-findings.ts';
import { poolStatuses } from '../store/pool-views.ts';
import { gapRead } from '../store/restore-gap.ts';
import { storeNow } from '../store/jobs.ts';
import { termRead } from '../store/terms.ts';
import { zonesChanged } from '../store/zone-data.ts';
import { answerWithin } from './bounded-call.ts';
import type { MasterContext } from './deps.ts';

type Settings = MasterContext['settings'];

const electionsShown = 20;
/** How long new zone data is told of. */
const zonesToldMs = 86_400_000;
/** Shares of a master's lease after which its silence is told: it renews every third. */
const silentShare = 2 / 3;

/** `electorTrouble`: why this master's own elector had no answer; members may be well and yet refuse it, or lack a quorum. */
export async function clusterStatus(
  context: MasterContext,
  electorTrouble: string | null,
  space: SpaceNow,
): Promise<ClusterStatus> {
  const { db, clock, coordinator, settings } = context;
  const startedMs = clock.monotonicMs();
  const now = await storeNow(db);
  const latencyMs = clock.monotonicMs() - startedMs;
  const [probed, recorded, masters, store, elections, amiss, changed, gap, backups, pools] = await Promise.all([
    answerWithin(clock, leaseTiming(coordinator.ttlMs).callTimeoutMs, () => coordinator.probe()),
    termRead(db),
    mastersView(db),
    storeFacts(db),
    electionsPage(db, null, electionsShown),
    findingsCount(db),
    zonesChanged(db, zonesToldMs),
    gapRead(db),
    backupFacts(context),
    poolStatuses(db),
  ]);
  const facts = {
    term: recorded.term,
    masters: masters.map(({ storeConnections: _, adoptedTimeline: __, gracedTimeline: ___, ...master }) => ({
      ...master,
      role: master.id === recorded.masterId ? ('leader' as const) : ('follower' as const),
      standing: master.id === recorded.masterId ? master.standing : null,
    })),
    store: { ...storeOf(store, latencyMs, settings, masters), reads: readsOf(context) },
    coordinator: {
      kind: coordinator.kind,
      latencyMs: probed.ok ? probed.tookMs : null,
      members: probed.ok ? [...probed.value] : [],
    },
    elections: elections.items,
  };
  const degraded = degradationsOf({
    ...facts,
    amiss,
    space,
    zonesChanged: changed,
    gap,
    backups,
    pools,
    silenceMs: settings.masterTtlMs * silentShare,
    coordinatorTrouble: probed.ok ? electorTrouble : probed.why,
  });
  return { now, ...facts, degraded };
}

async function backupFacts({ db, backups }: MasterContext): Promise<BackupFacts | null> {
  if (backups === undefined || backups === null) return null;
  const { ageMs, failure } = await backupStanding(db, backups.targetName);
  return { ageMs, everyMs: backups.everyMs, failure };
}

function readsOf({ reads }: MasterContext): ClusterStatus['store']['reads'] {
  return reads === undefined || reads === null ? null : { staleMs: reads.staleMs, replicas: [...reads.replicas] };
}

function storeOf(
  facts: StoreFacts,
  latencyMs: number,
  { durability, storeConnections }: Settings,
  masters: readonly { readonly storeConnections: number }[],
): Omit<ClusterStatus['store'], 'reads'> {
  const { engine, role, replicas, replication, timeline, connectionsAllowed } = facts;
  // Masters of older versions do not say; they are taken to be like this one.
  const most = masters.reduce((sum, master) => sum + (master.storeConnections || storeConnections), 0);
  return {
    engine,
    role,
    latencyMs,
    replicas,
    durability: durabilityOf(replication, durability),
    timeline,
    connections: connectionsAllowed === null ? null : { most, allowed: connectionsAllowed },
  };
}
