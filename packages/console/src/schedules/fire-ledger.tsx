// The ledger of a schedule: each nominal time once, fired or skipped and why, and when its run began.

import type { FireView, ScheduleView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { firesQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { Badge, RunWordBadge } from '../parts/badge.tsx';
import { Id } from '../parts/code.tsx';
import { Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Card, Empty, Loading } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { anyRun } from '../routing/route.ts';
import { span } from '../time/format.ts';
import { reasonWords, zoneOf } from './schedule-words.ts';

export function Ledger({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  const fires = useInfiniteQuery(firesQuery(useNamespace(), schedule.name));
  const columns = useColumns(zoneOf(schedule.definition));
  const rows = fires.data?.pages.flatMap((page) => page.items) ?? [];
  const allRuns = <Link to={{ page: 'runs', filter: { ...anyRun, schedule: schedule.name } }}>{t('runs.all')}</Link>;
  return (
    <Card title={t('schedule.ledger')} hint={t('schedule.ledgerHint')} actions={allRuns} flush>
      {fires.error === null ? null : <ProblemNote error={fires.error} onRetry={() => void fires.refetch()} />}
      {fires.isPending ? <Loading /> : null}
      {fires.isSuccess && rows.length === 0 ? <Empty icon="schedules" title={t('schedule.ledgerEmpty')} /> : null}
      {rows.length === 0 ? null : (
        <Table
          label={t('schedule.ledger')}
          columns={columns}
          rows={rows}
          keyOf={(fire) => String(fire.fireAt)}
          linkOf={(fire) => (fire.runId === null ? null : { page: 'run', id: fire.runId, attempt: null })}
        />
      )}
      <More
        shown={rows.length}
        hasMore={fires.hasNextPage}
        busy={fires.isFetchingNextPage}
        onMore={() => void fires.fetchNextPage()}
      />
    </Card>
  );
}

/** Below this a decision counts as on time. */
const onTimeMs = 1_000;

function useColumns(zone: string | null): Column<FireView>[] {
  const t = useT();
  return [
    { key: 'at', title: t('fire.at'), look: 'lead', cell: (fire) => <Moment at={fire.fireAt} zone={zone} /> },
    { key: 'outcome', title: t('fire.outcome'), cell: (fire) => <Outcome fire={fire} /> },
    { key: 'start', title: t('fire.start'), hint: t('fire.startHint'), cell: (fire) => <Start fire={fire} /> },
    {
      key: 'run',
      title: t('fire.run'),
      cell: ({ runId, runState }) =>
        runId === null ? (
          <None />
        ) : (
          <span className="inline nowrap">
            {runState === null || runState === undefined ? null : <RunWordBadge state={runState} />}
            <Link to={{ page: 'run', id: runId, attempt: null }}>
              <Id id={runId} />
            </Link>
          </span>
        ),
    },
  ];
}

function Outcome({ fire: { outcome, reason } }: { readonly fire: FireView }) {
  const t = useT();
  return (
    <span className="inline">
      {outcome === 'fired' ? (
        <Badge tone="good" icon="check">
          {t('fire.fired')}
        </Badge>
      ) : (
        <Badge tone="mute" icon="skip">
          {t('fire.skipped')}
        </Badge>
      )}
      {reason === null ? null : <span className="soft">{reasonWords(reason, t)}</span>}
    </span>
  );
}

/** From the nominal time to the first attempt; before that, to the decision. */
function Start({ fire: { fireAt, decidedAt, dueAt, startedAt, outcome } }: { readonly fire: FireView }) {
  const t = useT();
  const decided = decidedAt - fireAt;
  const decidedText = decided < onTimeMs ? t('fire.onTime') : t('fire.late', { span: span(decided, t) });
  const due = dueAt === null || dueAt === undefined ? fireAt : Math.max(dueAt, fireAt);
  const put = due === fireAt ? '' : ` · ${t('fire.dueLater', { span: span(due - fireAt, t) })}`;
  const title = `${t('fire.decided')}: ${decidedText}${put}`;
  if (outcome === 'skipped') return <None />;
  if (startedAt === null || startedAt === undefined) {
    return (
      <span className="faint nowrap" title={title}>
        {t('fire.notStarted')}
      </span>
    );
  }
  const late = startedAt - fireAt;
  return (
    <span className={late - (due - fireAt) < onTimeMs ? 'faint nowrap' : 'tone-warn-text nowrap'} title={title}>
      {late < onTimeMs
        ? t('fire.within', { span: span(Math.max(0, late), t) })
        : t('fire.late', { span: span(late, t) })}
    </span>
  );
}
