// How masters look in a table.

import { formatDuration, type MasterView } from '@tidewheel/protocol';
import type { Listing } from './output.ts';

const took = (ms: number | null): string => (ms === null ? 'no answer' : `${Math.round(ms)} ms`);
const rate = (perSecond: number): string => perSecond.toFixed(perSecond < 10 ? 1 : 0);

export const masterListing: Listing<MasterView> = {
  name: (master) => `master/${master.id}`,
  empty: 'no masters are alive',
  columns: (times) => [
    { title: 'MASTER', value: (master) => master.id, wide: true },
    { title: 'ADDRESS', value: (master) => master.address, shrink: true },
    {
      title: 'ROLE',
      value: (master) => (master.standing === 'until-fenced' ? 'leader (not confirmed)' : master.role),
      style: (master) => (master.role === 'leader' ? 'cyan' : undefined),
    },
    {
      title: 'STATE',
      value: (master) => (master.drained ? 'drained' : master.wanted),
      style: (master) => (master.wanted === 'active' ? 'green' : 'yellow'),
    },
    { title: 'VERSION', value: (master) => master.version },
    { title: 'WORKERS', value: (master) => String(master.sessions), right: true },
    { title: 'FIRES/S', value: (master) => rate(master.firesPerSecond), right: true },
    { title: 'CLAIMS/S', value: (master) => rate(master.claimsPerSecond), right: true },
    { title: 'LEASE AGE', value: (master) => formatDuration(Math.round(master.silentMs / 100) * 100), right: true },
    { title: 'STORE', value: (master) => took(master.storeMs), right: true },
    { title: 'COORDINATOR', value: (master) => took(master.coordinatorMs), right: true },
    { title: 'STARTED', value: (master) => times(master.startedAt), wide: true },
    { title: 'REASON', value: (master) => master.wantedReason ?? '', wide: true },
  ],
};
