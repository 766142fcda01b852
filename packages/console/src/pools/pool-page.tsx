// One pool: how many workers it wants and has, why, what was decided before, who its workers are, and what is ordered by hand.

import type { PoolView, PoolWorker, ScalingDecisionRow } from '@tidewheel/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { decisionsQuery, poolQuery, poolWorkersQuery } from '../api/pool-queries.ts';
import { useT } from '../language/language.ts';
import { Badge, WorkerBadge } from '../parts/badge.tsx';
import { JsonBlock } from '../parts/code.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { Card, Empty, Facts, Page } from '../parts/page.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { anyRun, places } from '../routing/route.ts';
import { span } from '../time/format.ts';
import { PoolChart } from './pool-chart.tsx';
import { PoolActions, PoolOrders } from './pool-orders.tsx';
import { driverOf, PoolBadge } from './pool-state.tsx';
import { PoolFigures } from './pools-page.tsx';

export function PoolPage({ name }: { readonly name: string }) {
  const t = useT();
  const pool = useQuery(poolQuery(useNamespace(), name));
  const { data } = pool;
  return (
    <Page
      title={name}
      trail={<Link to={places.pools}>{t('pools.title')}</Link>}
      {...(data === undefined ? {} : { beside: <PoolBadge pool={data} />, actions: <PoolActions pool={data} /> })}
    >
      <Loaded query={pool}>{(loaded) => <Content pool={loaded} />}</Loaded>
    </Page>
  );
}

function Content({ pool }: { readonly pool: PoolView }) {
  const t = useT();
  const decisions = useInfiniteQuery(decisionsQuery(useNamespace(), pool.name));
  const rows = decisions.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="detail">
      {pool.status === null ? null : <p className="lead">{pool.status.explanation}</p>}
      <div className="columns">
        <div className="column-main">
          <Card title={t('pool.history')}>
            <PoolChart pool={pool} decisions={rows} />
          </Card>
          <Card title={t('pool.decisions')} hint={t('pool.decisionsHint')} flush>
            {decisions.isSuccess && rows.length === 0 ? <Empty icon="clock" title={t('pool.decisionsEmpty')} /> : null}
            {rows.length === 0 ? null : <Decisions rows={rows} />}
            <More
              shown={rows.length}
              hasMore={decisions.hasNextPage}
              busy={decisions.isFetchingNextPage}
              onMore={() => void decisions.fetchNextPage()}
            />
          </Card>
        </div>
        <div className="column-side">
          <Summary pool={pool} />
          <PoolOrders pool={pool} />
          <Workers name={pool.name} />
          <Card title={t('pool.definition')}>
            <JsonBlock value={pool.definition} label={t('pool.definition')} />
          </Card>
        </div>
      </div>
    </div>
  );
}

function Decisions({ rows }: { readonly rows: readonly ScalingDecisionRow[] }) {
  const t = useT();
  const columns: Column<ScalingDecisionRow>[] = [
    { key: 'at', title: t('pool.at'), look: 'lead', cell: ({ at }) => <Moment at={at} /> },
    {
      key: 'change',
      title: t('pool.change'),
      look: 'number',
      cell: ({ workers, wanted }) => t('pool.changeText', { live: workers.live + workers.starting, wanted }),
    },
    { key: 'why', title: t('pool.why'), cell: ({ explanation }) => explanation },
  ];
  return (
    <Table label={t('pool.decisions')} columns={columns} rows={rows} keyOf={({ at, wanted }) => `${at} ${wanted}`} />
  );
}

function Summary({ pool }: { readonly pool: PoolView }) {
  const t = useT();
  const { definition, status } = pool;
  const queues = definition['queues'];
  const held = status?.held ?? null;
  const rollout = status?.rollout ?? null;
  const trouble = status?.driver.error ?? status?.troubled.find(({ note }) => note !== null)?.note ?? status?.note;
  return (
    <Card>
      <PoolFigures pool={pool} />
      <Facts
        pairs={[
          [t('pool.range'), `${String(definition['min'])} – ${String(definition['max'])}`],
          [t('pool.driver'), driverOf(pool)],
          [t('pool.queues'), Array.isArray(queues) ? queues.join(', ') : null],
          [t('pool.trouble'), trouble],
          [
            t('pool.waits'),
            held === null
              ? null
              : t('pool.waitsInstead', { wait: span(held.waitMs, t), wished: span(held.wishedWaitMs, t) }),
          ],
          [
            t('pool.rollout'),
            rollout === null ? null : t('pool.rolloutLeft', { left: rollout.left, total: rollout.total }),
          ],
        ]}
      />
    </Card>
  );
}

function Workers({ name }: { readonly name: string }) {
  const t = useT();
  const workers = useQuery(poolWorkersQuery(useNamespace(), name));
  return (
    <Card title={t('pool.workers')} flush>
      <Loaded query={workers}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty icon="workers" title={t('pool.workersEmpty')} />
          ) : (
            <ul className="rows">
              {rows.map((worker) => (
                <li key={worker.sessionId}>
                  <WorkerRow worker={worker} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}

function WorkerRow({ worker }: { readonly worker: PoolWorker }) {
  const t = useT();
  return (
    <Link to={{ page: 'runs', filter: { ...anyRun, worker: worker.worker } }} className="row">
      <span className="row-main">
        <span className="name">{worker.worker}</span>
        <span className="faint">{t('worker.slotsUsed', { running: worker.busy, slots: worker.slots })}</span>
      </span>
      {worker.released ? (
        <Badge tone="mute" icon="drain">
          {t('pool.released')}
        </Badge>
      ) : (
        <WorkerBadge state={worker.state} />
      )}
    </Link>
  );
}
