// The pools of the namespace: how many workers each wants and has, and why.

import type { PoolView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { poolsQuery } from '../api/pool-queries.ts';
import { useT } from '../language/language.ts';
import { CodeBlock } from '../parts/code.tsx';
import { Meter } from '../parts/meter.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Card, Empty, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Stat } from '../parts/stat.tsx';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { places } from '../routing/route.ts';
import { span } from '../time/format.ts';
import { PoolBadge } from './pool-state.tsx';

export function PoolsPage() {
  const t = useT();
  const namespace = useNamespace();
  const pools = useInfiniteQuery(poolsQuery(namespace));
  const rows = pools.data?.pages.flatMap((page) => page.items);
  return (
    <Page title={t('pools.title')} trail={<Link to={places.workers}>{t('workers.title')}</Link>}>
      {pools.error === null ? null : <ProblemNote error={pools.error} onRetry={() => void pools.refetch()} />}
      {rows === undefined && pools.error === null ? <Loading /> : null}
      {rows?.length === 0 ? (
        <Card>
          <Empty icon="pools" title={t('pools.empty')} hint={t('pools.emptyHint')}>
            <CodeBlock text={`tidewheel apply -f pools.yaml -n ${namespace}`} />
          </Empty>
        </Card>
      ) : null}
      <div className="units">
        {rows?.map((pool) => (
          <PoolCard key={pool.id} pool={pool} />
        ))}
      </div>
      <More
        shown={rows?.length ?? 0}
        hasMore={pools.hasNextPage}
        busy={pools.isFetchingNextPage}
        onMore={() => void pools.fetchNextPage()}
      />
    </Page>
  );
}

function PoolCard({ pool }: { readonly pool: PoolView }) {
  return (
    <article className="card unit" aria-label={pool.name}>
      <header className="unit-head">
        <h2 className="name">
          <Link to={{ page: 'pool', name: pool.name }}>{pool.name}</Link>
        </h2>
        <PoolBadge pool={pool} />
      </header>
      <PoolFigures pool={pool} />
      {pool.status === null ? null : <p className="soft">{pool.status.explanation}</p>}
    </article>
  );
}

export function PoolFigures({ pool }: { readonly pool: PoolView }) {
  const t = useT();
  const { status, workers, startupMs } = pool;
  const used = t('worker.slotsUsed', { running: workers.busy, slots: workers.slots });
  return (
    <>
      <div className="worker-slots">
        <span>
          {t('pool.busy')} <strong className="number">{used}</strong>
        </span>
        <Meter label={used} value={workers.busy} max={workers.slots} />
      </div>
      <dl className="unit-stats">
        <Stat name={t('pool.wanted')} value={status === null ? <None /> : status.wanted} />
        <Stat name={t('pool.live')} value={workers.live} />
        <Stat name={t('pool.starting')} value={status === null ? <None /> : status.starting} />
        <Stat name={t('pool.draining')} value={workers.draining} />
        <Stat name={t('pool.startup')} value={startupMs === null ? <None /> : span(startupMs, t)} />
      </dl>
    </>
  );
}
