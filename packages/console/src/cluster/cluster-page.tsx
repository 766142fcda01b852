// How the cluster is: what is degraded and why, its masters, what they stand on, who led when, and what the self-check found.

import type { ClusterStatus, Degradation } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { clusterQuery } from '../api/queries.ts';
import { useLanguage, useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { Link } from '../routing/navigation.tsx';
import { places } from '../routing/route.ts';
import { degradedInChinese } from './degraded-zh.ts';
import { Elections } from './elections.tsx';
import { Foundation } from './foundation.tsx';
import { MasterCard } from './master-card.tsx';
import { SelfCheckCard } from './self-check-card.tsx';
import { StoreCard } from './store-card.tsx';

export function ClusterPage() {
  const t = useT();
  const status = useQuery(clusterQuery);
  const { data } = status;
  return (
    <Page
      title={t('cluster.title')}
      actions={
        <Link to={places.backups} className="button button-plain">
          {t('nav.backups')}
        </Link>
      }
      {...(data === undefined ? {} : { beside: <Summary status={data} /> })}
    >
      <Loaded query={status}>{(loaded) => <Content status={loaded} />}</Loaded>
    </Page>
  );
}

function Summary({ status: { term, degraded } }: { readonly status: ClusterStatus }) {
  const t = useT();
  const well = degraded.length === 0;
  return (
    <>
      <Badge tone={well ? 'good' : 'warn'} icon={well ? 'check' : 'warn'}>
        {well ? t('cluster.well') : t('cluster.degradedCount', { count: degraded.length })}
      </Badge>
      <span className="faint">{term === 0 ? t('cluster.noTerm') : t('cluster.term', { term: String(term) })}</span>
    </>
  );
}

function Content({ status }: { readonly status: ClusterStatus }) {
  const t = useT();
  const language = useLanguage();
  return (
    <div className="cluster">
      {status.degraded.map(({ what, detail }) => (
        <div key={`${what} ${detail}`} className="notice tone-warn" role="status">
          <Icon name="warn" size={14} />
          <p className="degraded">
            <strong>{t(`cluster.degraded.${known(what)}`)}</strong>
            <span>{language === 'zh' ? degradedInChinese(detail) : detail}</span>
          </p>
        </div>
      ))}
      <section className="units units-masters" aria-label={t('cluster.masters')}>
        {status.masters.toSorted(leaderFirst).map((master) => (
          <MasterCard key={master.id} master={master} status={status} />
        ))}
      </section>
      <div className="columns">
        <div className="column-main">
          <Elections />
          <Foundation status={status} />
        </div>
        <div className="column-side">
          <StoreCard />
          <SelfCheckCard />
        </div>
      </div>
    </div>
  );
}

const degradations: readonly Degradation[] = [
  'no-leader',
  'leader-untrusted',
  'master-silent',
  'versions-differ',
  'coordinator-unreachable',
  'coordinator-member',
  'store-replica',
  'store-durability',
  'store-connections',
  'store-reads',
  'zone-data-differs',
  'zone-data-changed',
  'fires-amiss',
  'store-filling',
  'store-full',
  'restore-gap',
  'backup-failed',
  'backup-overdue',
  'pool-driver-failing',
  'pool-workers-failing',
  'pool-at-maximum',
];

/** A newer master may know more of them. */
function known(what: Degradation): Degradation | 'other' {
  return degradations.includes(what) ? what : 'other';
}

type Master = ClusterStatus['masters'][number];

function leaderFirst(a: Master, b: Master): number {
  return Number(b.role === 'leader') - Number(a.role === 'leader') || a.address.localeCompare(b.address);
}
