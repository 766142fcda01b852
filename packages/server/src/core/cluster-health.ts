// What is not as it should be in a cluster, from what it says of itself. Nothing here is a reason to act by itself; it tells people
// where to look.

import { bytesText, type ClusterStatus, type Degradation, type PoolStatus, replicaTroubles } from '@tidewheel/protocol';
import { durabilityFault } from './durability.ts';
import { driverFailuresTold } from './pools/driver-health.ts';
import type { SpaceNow } from './store-growth.ts';

type Finding = { what: Degradation; detail: string };

export interface ClusterFacts extends Omit<ClusterStatus, 'degraded' | 'now'> {
  /** Longer silences of a master are worth a word: it should have renewed its row by now. */
  readonly silenceMs: number;
  readonly coordinatorTrouble: string | null;
  readonly space: SpaceNow;
  /** What the standing audit found and nobody has acknowledged. */
  readonly amiss: { readonly schedules: number; readonly fires: number };
  /** When the store was restored, while nobody has chosen what becomes of the gap. */
  readonly gap: { readonly backupId: string } | null;
  readonly backups: BackupFacts | null;
  readonly pools: readonly PoolFacts[];
  /** Zones whose clock changes came to differ within the last day, and the next fires that moved with them. */
  readonly zonesChanged: { readonly zones: readonly string[]; readonly moved: number };
}

/** The backups as the store knows them; null: none are configured. */
export interface BackupFacts {
  /** Since the newest one that was verified was begun; null when there is none. */
  readonly ageMs: number | null;
  readonly everyMs: number;
  /** Why the newest one failed; null when it did not. */
  readonly failure: string | null;
}

/** A pool as its leader said last. */
export interface PoolFacts {
  readonly namespace: string;
  readonly name: string;
  readonly status: PoolStatus;
}

/** Of the interval: a backup takes its time, and the first failure is told by itself. */
const overdueShare = 1.5;
const zonesTold = 5;

export function degradationsOf(facts: ClusterFacts): Finding[] {
  const { masters, store, coordinator, coordinatorTrouble, silenceMs } = facts;
  const found: Finding[] = [];
  const say = (what: Degradation, detail: string): void => void found.push({ what, detail });
  const leader = masters.find(({ role }) => role === 'leader');
  if (leader === undefined) {
    const detail =
      'nobody leads: audits, housekeeping and scaling rest; schedules fire and runs are dispatched all the same';
    say('no-leader', detail);
  } else if (leader.standing === 'until-fenced') {
    say('leader-untrusted', `the coordinator does not confirm ${leader.address}; it leads until another one does`);
  }
  for (const { address, silentMs } of masters)
    if (silentMs > silenceMs) say('master-silent', `${address} has been silent for ${Math.round(silentMs / 1000)} s`);
  const versions = [...new Set(masters.map(({ version }) => version))];
  if (versions.length > 1) say('versions-differ', `masters run ${versions.sort().join(' and ')}`);
  if (coordinatorTrouble !== null) say('coordinator-unreachable', coordinatorTrouble);
  for (const { endpoint, trouble } of coordinator.members)
    if (trouble !== null) say('coordinator-member', `${endpoint}: ${trouble}`);
  for (const { name, state } of store.replicas)
    if (state !== 'streaming') say('store-replica', `the replica ${name} is ${state}`);
  const fault = durabilityFault(store.durability);
  if (fault !== null) say('store-durability', fault);
  if (store.connections !== null && store.connections.most > store.connections.allowed)
    say(
      'store-connections',
      `masters may open ${store.connections.most} connections, the store allows ${store.connections.allowed}: make store.pool smaller or max_connections larger`,
    );
  for (const { name, trouble } of store.reads?.replicas ?? [])
    if (trouble !== null && trouble !== 'not-asked')
      say('store-reads', `the replica ${name} is not read from: ${replicaTroubles[trouble]}`);
  const releases = [...new Set(masters.flatMap(({ zoneDataVersion }) => zoneDataVersion ?? []))];
  if (releases.length > 1) say('zone-data-differs', `masters compute time zones with ${releases.sort().join(' and ')}`);
  const { zones, moved } = facts.zonesChanged;
  if (zones.length > 0) {
    const told = zones.slice(0, zonesTold).join(', ') + (zones.length > zonesTold ? ' …' : '');
    say('zone-data-changed', `new zone data changed ${told}; next fires that moved: ${moved}`);
  }
  if (facts.amiss.schedules > 0)
    say(
      'fires-amiss',
      `${facts.amiss.fires} fires are missing, doubled or unexpected; schedules: ${facts.amiss.schedules}`,
    );
  sayOfSpace(facts.space, say);
  sayOfPools(facts.pools, say);
  tellCopies(facts, say);
  return found;
}

/** Within so long people want to know of it. */
const forecastMs = 14 * 86_400_000;

function sayOfSpace(
  { level, freeBytes, reserveBytes, fullInMs }: SpaceNow,
  say: (what: Degradation, detail: string) => void,
): void {
  const [free, reserve] = [bytesText(freeBytes ?? 0), bytesText(reserveBytes)];
  if (level === 'full')
    say('store-full', `new runs are refused: ${free} can still be written, the reserve is ${reserve}`);
  else if (level === 'filling')
    say('store-filling', `${free} can still be written; below ${reserve} new runs are refused`);
  else if (fullInMs !== null && fullInMs < forecastMs)
    say(
      'store-filling',
      `at the rate of the last days there is room for ${Math.floor(fullInMs / 86_400_000)} more days`,
    );
}

function sayOfPools(pools: readonly PoolFacts[], say: (what: Degradation, detail: string) => void): void {
  for (const { namespace, name, status } of pools) {
    const { driver, troubled, held, wanted, desired } = status;
    const pool = `${namespace}/${name}`;
    if (driver.state === 'absent')
      say(
        'pool-driver-failing',
        `the leader does not have the driver of the pool ${pool}: switch it on by its scaler key at every master`,
      );
    else if (driver.failures >= driverFailuresTold)
      say(
        'pool-driver-failing',
        `the driver of the pool ${pool} failed ${driver.failures} times in a row: ${driver.error}`,
      );
    const failing = troubled.filter(({ state }) => state === 'failing');
    if (failing.length > 0)
      say(
        'pool-workers-failing',
        `${failing.length} workers of the pool ${pool} do not come up: ${failing[0]?.note ?? 'no reason is known'}`,
      );
    if (held !== null)
      say(
        'pool-at-maximum',
        `the pool ${pool} may have ${wanted} workers and needs ${desired}: new runs wait ${secondsText(held.waitMs)} instead of ${secondsText(held.wishedWaitMs)}`,
      );
  }
}

const secondsText = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

function tellCopies({ gap, backups }: ClusterFacts, say: (what: Degradation, detail: string) => void): void {
  if (gap !== null)
    say('restore-gap', `restored from ${gap.backupId}: nothing fires until \`tidewheel backup gap --close\` says how`);
  if (backups === null) return;
  const { ageMs, everyMs, failure } = backups;
  if (failure !== null) say('backup-failed', failure);
  if (everyMs === Number.POSITIVE_INFINITY) return;
  if (ageMs === null) say('backup-overdue', 'there is no verified backup');
  else if (ageMs > everyMs * overdueShare)
    say('backup-overdue', `the newest verified backup is ${Math.round(ageMs / 3_600_000)} h old`);
}
