// The backups of the whole store: which count, how far the one under way is, what is wrong; and the gap when the store was restored.

import type { BackupState, BackupView } from '@tidewheel/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { backupsQuery, clusterQuery } from '../api/queries.ts';
import { degradedInChinese } from '../cluster/degraded-zh.ts';
import { useLanguage, useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { bytesText } from '../parts/bytes-text.ts';
import { CodeBlock } from '../parts/code.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Meter } from '../parts/meter.tsx';
import { Ago, Elapsed, Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Card, Empty, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Link } from '../routing/navigation.tsx';
import { places } from '../routing/route.ts';
import type { Tone } from '../runs/states.ts';
import { CreateDialog, PruneDialog } from './backup-dialogs.tsx';
import { GapCard } from './gap-card.tsx';
import { isUnderWay, newestThatCounts } from './standing.ts';

export function BackupsPage() {
  const t = useT();
  const [asking, setAsking] = useState<'create' | 'prune' | null>(null);
  const backups = useInfiniteQuery(backupsQuery);
  const rows = backups.data?.pages.flatMap((page) => page.items);
  const close = () => setAsking(null);
  return (
    <Page
      title={t('backups.title')}
      trail={<Link to={places.cluster}>{t('nav.cluster')}</Link>}
      {...(rows === undefined ? {} : { beside: <Standing backup={newestThatCounts(rows)} /> })}
      actions={
        <>
          <Button icon="skip" changes="cell" onPress={() => setAsking('prune')}>
            {t('backups.prune')}
          </Button>
          <Button
            kind="primary"
            icon="backups"
            changes="cell"
            disabled={rows?.some(isUnderWay) === true}
            onPress={() => setAsking('create')}
          >
            {t('backups.create')}
          </Button>
        </>
      }
    >
      <Alarms />
      <GapCard />
      {backups.error === null ? null : <ProblemNote error={backups.error} onRetry={() => void backups.refetch()} />}
      {rows === undefined && backups.error === null ? <Loading /> : null}
      {rows === undefined ? null : (
        <Card flush>
          <List rows={rows} />
          <More
            shown={rows.length}
            hasMore={backups.hasNextPage}
            busy={backups.isFetchingNextPage}
            onMore={() => void backups.fetchNextPage()}
          />
        </Card>
      )}
      {asking === 'create' ? <CreateDialog onClose={close} /> : null}
      {asking === 'prune' ? <PruneDialog onClose={close} /> : null}
    </Page>
  );
}

function Standing({ backup }: { readonly backup: BackupView | null }) {
  const t = useT();
  if (backup === null)
    return (
      <Badge tone="warn" icon="warn">
        {t('backups.none')}
      </Badge>
    );
  return (
    <span className="faint">
      {t('backups.newest')} <Ago at={backup.at ?? backup.startedAt} />
    </span>
  );
}

/** What the cluster says of backups: one that failed, none in time. */
function Alarms() {
  const t = useT();
  const language = useLanguage();
  const { data } = useQuery(clusterQuery);
  return (data?.degraded ?? []).flatMap(({ what, detail }) =>
    what !== 'backup-failed' && what !== 'backup-overdue'
      ? []
      : [
          <div key={`${what} ${detail}`} className="notice tone-warn" role="status">
            <Icon name="warn" size={14} />
            <p className="degraded">
              <strong>{t(`cluster.degraded.${what}`)}</strong>
              <span>{language === 'zh' ? degradedInChinese(detail) : detail}</span>
            </p>
          </div>,
        ],
  );
}

function List({ rows }: { readonly rows: readonly BackupView[] }) {
  const t = useT();
  const columns = useColumns();
  if (rows.length === 0)
    return (
      <Empty icon="backups" title={t('backups.empty')} hint={t('backups.emptyHint')}>
        <CodeBlock text="tidewheel backup create" />
      </Empty>
    );
  return <Table label={t('backups.title')} columns={columns} rows={rows} keyOf={({ id }) => id} />;
}

function useColumns(): Column<BackupView>[] {
  const t = useT();
  return [
    {
      key: 'started',
      title: t('backups.started'),
      look: 'lead',
      cell: ({ id, startedAt }) => (
        <span className="stack">
          <Moment at={startedAt} />
          <code className="faint">{id}</code>
        </span>
      ),
    },
    { key: 'state', title: t('backups.state'), cell: (backup) => <State backup={backup} /> },
    { key: 'kind', title: t('backups.kind'), cell: ({ kind }) => t(`backups.kind.${kind}`) },
    {
      key: 'verified',
      title: t('backups.verified'),
      hint: t('backups.verifiedHint'),
      cell: ({ verifiedAt }) =>
        verifiedAt === null ? (
          <None />
        ) : (
          <span title={t('backups.verifiedHint')}>
            <Moment at={verifiedAt} />
          </span>
        ),
    },
    { key: 'size', title: t('backups.size'), look: 'number', cell: ({ bytes }) => bytesText(bytes) },
    {
      key: 'stored',
      title: t('backups.stored'),
      look: 'number',
      hint: t('backups.storedHint'),
      cell: ({ storedBytes }) => bytesText(storedBytes),
    },
    {
      key: 'took',
      title: t('backups.took'),
      look: 'number',
      extra: true,
      cell: ({ startedAt, finishedAt }) => <Elapsed from={startedAt} to={finishedAt} />,
    },
    {
      key: 'by',
      title: t('backups.by'),
      look: 'minor',
      cell: ({ createdBy }) => (createdBy === 'schedule' ? t('backups.bySchedule') : createdBy),
    },
  ];
}

const looks: Record<BackupState, readonly [Tone, IconName]> = {
  running: ['live', 'play'],
  verifying: ['live', 'play'],
  verified: ['good', 'check'],
  failed: ['bad', 'cross'],
  pruned: ['mute', 'slash'],
};

function State({ backup }: { readonly backup: BackupView }) {
  const t = useT();
  const { state, error, doneBytes, bytes } = backup;
  const [tone, icon] = looks[state];
  const under = isUnderWay(backup);
  return (
    <span className="stack">
      <Badge tone={tone} icon={icon} alive={under}>
        {t(`backups.state.${state}`)}
      </Badge>
      {under ? (
        <>
          <Meter label={t(`backups.state.${state}`)} value={doneBytes} max={bytes} towardsDone />
          <span className="faint">{t('backups.progress', { done: bytesText(doneBytes), of: bytesText(bytes) })}</span>
        </>
      ) : null}
      {error === null ? null : <span className="faint">{error}</span>}
    </span>
  );
}
