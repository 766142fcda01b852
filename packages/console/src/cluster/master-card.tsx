// One master: what it is, how it is, what it does per second, and the orders that it can be given.

import type { ClusterStatus, MasterView } from '@tidewheel/protocol';
import { useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { Moment } from '../parts/moment.tsx';
import { Facts } from '../parts/page.tsx';
import { Stat } from '../parts/stat.tsx';
import { preciseSpan, span } from '../time/format.ts';
import { MasterOrders } from './master-orders.tsx';

interface MasterCardProps {
  readonly master: MasterView;
  readonly status: ClusterStatus;
}

export function MasterCard({ master, status }: MasterCardProps) {
  const t = useT();
  const silent = status.degraded.some(
    ({ what, detail }) => what === 'master-silent' && detail.startsWith(`${master.address} `),
  );
  const took = (ms: number | null) => (ms === null ? t('cluster.noAnswer') : preciseSpan(ms, t));
  return (
    <article className="card unit" aria-label={master.address}>
      <header className="unit-head unit-wraps">
        <h2 className="name">{master.address.replace(/^https?:\/\//, '')}</h2>
        <RoleBadge master={master} />
        <StateBadge master={master} silent={silent} />
      </header>
      <dl className="unit-stats unit-stats-six">
        <Stat name={t('cluster.sessions')} value={master.sessions} />
        <Stat name={t('cluster.fires')} value={rate(master.firesPerSecond)} />
        <Stat name={t('cluster.claims')} value={rate(master.claimsPerSecond)} />
        <Stat name={t('cluster.lease')} value={span(master.silentMs, t)} />
        <Stat name={t('cluster.toStore')} value={took(master.storeMs)} />
        <Stat name={t('cluster.toCoordinator')} value={took(master.coordinatorMs)} />
      </dl>
      <Facts
        pairs={[
          [t('cluster.because'), master.wanted === 'active' ? null : master.wantedReason],
          [
            t('cluster.version'),
            <>
              {master.version} <span className="faint">{t('cluster.since')}</span> <Moment at={master.startedAt} />
            </>,
          ],
          [t('cluster.zoneData'), master.zoneDataVersion],
          [
            t('cluster.id'),
            <span className="id ellipsis" title={master.id}>
              {master.id}
            </span>,
          ],
        ]}
      />
      <MasterOrders master={master} others={status.masters.filter(({ id }) => id !== master.id)} />
    </article>
  );
}

function RoleBadge({ master: { role, standing } }: { readonly master: MasterView }) {
  const t = useT();
  if (role === 'follower') return <span className="faint">{t('cluster.follower')}</span>;
  const sure = standing !== 'until-fenced';
  return (
    <Badge tone={sure ? 'later' : 'warn'} icon="crown">
      {sure ? t('cluster.leader') : t('cluster.leaderUnsure')}
    </Badge>
  );
}

function StateBadge({ master, silent }: { readonly master: MasterView; readonly silent: boolean }) {
  const t = useT();
  const state = silent ? 'silent' : master.drained ? 'drained' : master.wanted;
  const look = (
    {
      active: ['good', 'check'],
      cordoned: ['warn', 'slash'],
      draining: ['warn', 'drain'],
      drained: ['mute', 'stop'],
      silent: ['bad', 'question'],
    } as const
  )[state];
  return (
    <Badge tone={look[0]} icon={look[1]}>
      {t(`cluster.${state}`)}
    </Badge>
  );
}

function rate(perSecond: number): string {
  return perSecond.toFixed(perSecond < 10 ? 1 : 0);
}
