// How masters, their elections and the findings of the self-check look in a table.

import {
  type ElectionView,
  formatDuration,
  type MasterView,
  type SelfCheck,
  selfCheckMeanings,
} from '@tidewheel/protocol';
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
    { title: 'ZONE DATA', value: (master) => master.zoneDataVersion ?? 'unknown', wide: true },
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

/** Words of the store for those who read a table. */
const endTexts: Readonly<Record<string, string>> = {
  stopped: 'its master stopped',
  'stepped-down': 'asked to step down',
  transferred: 'asked to hand over',
  'lease-lost': 'lost its lease',
  fenced: 'fenced by the store',
  'store-silent': 'could not reach the store',
  'store-promoted': 'a standby of the store was promoted',
  superseded: 'did not say; another master took over',
};

export const electionListing: Listing<ElectionView> = {
  name: (election) => `term/${election.term}`,
  empty: 'no master has led yet',
  columns: (times) => [
    { title: 'TERM', value: (election) => String(election.term), right: true },
    { title: 'MASTER', value: (election) => election.masterId, wide: true },
    { title: 'ADDRESS', value: (election) => election.address, shrink: true },
    { title: 'COORDINATOR', value: (election) => election.coordinator },
    { title: 'BEGAN', value: (election) => times(election.from) },
    { title: 'ENDED', value: (election) => (election.until === null ? 'leads' : times(election.until)) },
    {
      title: 'WHY IT ENDED',
      value: ({ reason }) => (reason === null ? '' : (endTexts[reason] ?? reason)),
      style: ({ reason }) => (reason === 'lease-lost' || reason === 'fenced' ? 'yellow' : undefined),
    },
    { title: 'ORIGIN', value: (election) => election.origin, wide: true },
  ],
};

export const checkListing: Listing<SelfCheck['checks'][number]> = {
  name: ({ check }) => `check/${check}`,
  empty: 'nothing is checked',
  columns: () => [
    { title: 'CHECK', value: ({ check }) => check },
    {
      title: 'FOUND',
      value: ({ findings }) => String(findings),
      style: ({ findings }) => (findings === 0 ? 'green' : 'red'),
      right: true,
    },
    { title: 'FOR INSTANCE', value: ({ samples }) => samples.join(', '), shrink: true },
    { title: 'LOOKS FOR', value: ({ check }) => selfCheckMeanings[check], shrink: true },
  ],
};
