// What is not as it should be in a cluster, from what it says of itself. Nothing here is a reason to act by itself; it tells people
// where to look.

import type { ClusterStatus, Degradation } from '@tidewheel/protocol';
import { durabilityFault } from './durability.ts';

type Finding = { what: Degradation; detail: string };

export interface ClusterFacts extends Omit<ClusterStatus, 'degraded' | 'now'> {
  /** Longer silences of a master are worth a word: it should have renewed its row by now. */
  readonly silenceMs: number;
  readonly coordinatorTrouble: string | null;
  /** What the standing audit found and nobody has acknowledged. */
  readonly amiss: { readonly schedules: number; readonly fires: number };
  /** Zones whose clock changes came to differ within the last day, and the next fires that moved with them. */
  readonly zonesChanged: { readonly zones: readonly string[]; readonly moved: number };
}

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
  return found;
}
