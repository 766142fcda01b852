// Who led when, and why it ended.

import type { ElectionView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { electionsQuery } from '../api/queries.ts';
import type { MessageKey } from '../language/catalogue.ts';
import { useT } from '../language/language.ts';
import { Elapsed, Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { Card, Empty, Loading } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';

const ends = {
  stopped: 'cluster.end.stopped',
  'stepped-down': 'cluster.end.stepped-down',
  transferred: 'cluster.end.transferred',
  'lease-lost': 'cluster.end.lease-lost',
  fenced: 'cluster.end.fenced',
  'store-silent': 'cluster.end.store-silent',
  'store-promoted': 'cluster.end.store-promoted',
  superseded: 'cluster.end.superseded',
} as const satisfies Record<string, MessageKey>;

/** A newer master may know more of them: its word is better than none. */
function isKnownEnd(reason: string): reason is keyof typeof ends {
  return Object.hasOwn(ends, reason);
}

export function Elections() {
  const t = useT();
  const elections = useInfiniteQuery(electionsQuery);
  const rows = elections.data?.pages.flatMap((page) => page.items);
  const columns: Column<ElectionView>[] = [
    {
      key: 'term',
      title: t('cluster.electionTerm'),
      look: 'lead',
      cell: ({ term }) => <span className="number">{term}</span>,
    },
    { key: 'master', title: t('cluster.electionMaster'), cell: ({ address }) => address.replace(/^https?:\/\//, '') },
    { key: 'began', title: t('cluster.electionBegan'), cell: ({ from }) => <Moment at={from} /> },
    {
      key: 'lasted',
      title: t('cluster.electionLasted'),
      look: 'number',
      cell: ({ from, until }) => <Elapsed from={from} to={until} />,
    },
    { key: 'end', title: t('cluster.electionEnd'), cell: (election) => endOf(election, t) },
  ];
  return (
    <Card title={t('cluster.elections')} hint={t('cluster.electionsHint')} flush>
      {elections.error === null ? null : (
        <ProblemNote error={elections.error} onRetry={() => void elections.refetch()} />
      )}
      {rows === undefined && elections.error === null ? <Loading /> : null}
      {rows?.length === 0 ? <Empty icon="crown" title={t('cluster.electionsEmpty')} /> : null}
      {rows === undefined || rows.length === 0 ? null : (
        <>
          <Table
            label={t('cluster.elections')}
            columns={columns}
            rows={rows}
            keyOf={(election) => String(election.term)}
          />
          <More
            shown={rows.length}
            hasMore={elections.hasNextPage}
            busy={elections.isFetchingNextPage}
            onMore={() => void elections.fetchNextPage()}
          />
        </>
      )}
    </Card>
  );
}

function endOf({ until, reason }: ElectionView, t: ReturnType<typeof useT>): string {
  if (until === null) return t('cluster.end.leads');
  if (reason === null) return '';
  return isKnownEnd(reason) ? t(ends[reason]) : reason;
}
