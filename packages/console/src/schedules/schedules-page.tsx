// All schedules: found by part of their name, narrowed by state, each with its next fire counting down.

import type { ScheduleView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { schedulesQuery } from '../api/queries.ts';
import { useLanguage, useT } from '../language/language.ts';
import { RunWordBadge, ScheduleBadge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { CodeBlock } from '../parts/code.tsx';
import { SearchField, Segmented } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { Ago, Countdown, Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { Card, Empty, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { firstJob } from '../overview/first-job.ts';
import { type Column, Table } from '../parts/table.tsx';
import { Link, useGoTo, useNamespace } from '../routing/navigation.tsx';
import { anySchedule, type ScheduleFilter, scheduleStates } from '../routing/route.ts';
import { None } from '../parts/none.tsx';
import { ScheduleActions } from './schedule-actions.tsx';
import { SectionTabs } from './section-tabs.tsx';
import { whenOf, zoneOf } from './schedule-words.ts';

export function SchedulesPage({ filter }: { readonly filter: ScheduleFilter }) {
  const t = useT();
  const go = useGoTo();
  const { search, state, job } = filter;
  const change = (to: ScheduleFilter) => go({ page: 'schedules', filter: to }, 'replace');
  return (
    <Page title={t('schedules.title')}>
      <SectionTabs />
      <div className="filters" role="search">
        <SearchField
          label={t('schedules.search')}
          value={search}
          onChange={useCallback(
            (text: string) => go({ page: 'schedules', filter: { search: text, state, job } }, 'replace'),
            [go, state, job],
          )}
        />
        <Segmented
          label={t('schedule.state')}
          value={state ?? 'all'}
          choices={[
            { value: 'all', text: t('schedules.all') },
            ...scheduleStates.map((one) => ({ value: one, text: t(`schedule.${one}`) })),
          ]}
          onChange={(choice) => change({ ...filter, state: choice === 'all' ? null : choice })}
        />
        {job === null ? null : (
          <button type="button" className="chip chip-on" onClick={() => change({ ...filter, job: null })}>
            {t('schedule.job')}: {job} <Icon name="cross" size={10} />
          </button>
        )}
      </div>
      <ScheduleTable filter={filter} onClear={() => change(anySchedule)} />
    </Page>
  );
}

interface ScheduleTableProps {
  readonly filter: ScheduleFilter;
  readonly onClear: () => void;
}

function ScheduleTable({ filter, onClear }: ScheduleTableProps) {
  const t = useT();
  const namespace = useNamespace();
  const schedules = useInfiniteQuery({
    ...schedulesQuery(namespace, filter),
    placeholderData: (before) => before,
  });
  const columns = useColumns();
  const rows = schedules.data?.pages.flatMap((page) => page.items);
  const isFiltered = filter.search !== '' || filter.state !== null || filter.job !== null;
  if (rows === undefined) {
    if (schedules.error !== null)
      return <ProblemNote error={schedules.error} onRetry={() => void schedules.refetch()} />;
    return <Loading />;
  }
  return (
    <Card flush>
      {schedules.error === null ? null : (
        <ProblemNote error={schedules.error} onRetry={() => void schedules.refetch()} />
      )}
      {rows.length > 0 ? (
        <Table
          label={t('schedules.title')}
          columns={columns}
          rows={rows}
          keyOf={(schedule) => schedule.id}
          linkOf={(schedule) => ({ page: 'schedule', name: schedule.name })}
        />
      ) : isFiltered ? (
        <Empty icon="search" title={t('schedules.emptyFiltered')}>
          <Button onPress={onClear}>{t('runs.filter.clear')}</Button>
        </Empty>
      ) : (
        <Empty icon="schedules" title={t('schedules.empty')} hint={t('schedules.emptyHint')}>
          <CodeBlock text={firstJob(namespace)} />
        </Empty>
      )}
      <More
        shown={rows.length}
        hasMore={schedules.hasNextPage}
        busy={schedules.isFetchingNextPage}
        onMore={() => void schedules.fetchNextPage()}
      />
    </Card>
  );
}

function useColumns(): Column<ScheduleView>[] {
  const t = useT();
  return [
    {
      key: 'name',
      title: t('schedule.name'),
      look: 'lead',
      cell: (schedule) => (
        <span className="stack">
          <Link to={{ page: 'schedule', name: schedule.name }} className="name-link">
            {schedule.name}
          </Link>
          <span className="faint">{schedule.job}</span>
        </span>
      ),
    },
    { key: 'state', title: t('schedule.state'), cell: (schedule) => <StateCell schedule={schedule} /> },
    { key: 'when', title: t('schedule.when'), cell: (schedule) => <WhenCell schedule={schedule} /> },
    {
      key: 'next',
      title: t('schedule.next'),
      cell: ({ nextFireAt, definition }) =>
        nextFireAt === null ? (
          <None />
        ) : (
          <span className="stack">
            <Countdown at={nextFireAt} zone={zoneOf(definition)} />
            <span className="faint">
              <Moment at={nextFireAt} zone={zoneOf(definition)} />
            </span>
          </span>
        ),
    },
    {
      key: 'last',
      title: t('schedule.last'),
      cell: ({ lastRunState, lastFireAt, definition }) =>
        lastFireAt === null ? (
          <span className="faint">{t('schedule.never')}</span>
        ) : (
          <span className="stack">
            {lastRunState === null ? null : <RunWordBadge state={lastRunState} />}
            <span className="faint">
              <Ago at={lastFireAt} zone={zoneOf(definition)} />
            </span>
          </span>
        ),
    },
    {
      key: 'actions',
      title: t('action.details'),
      look: 'controls',
      cell: (schedule) => (
        <span className="row-actions">
          <ScheduleActions schedule={schedule} small />
        </span>
      ),
    },
  ];
}

function StateCell({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  if (schedule.state !== 'paused') return <ScheduleBadge state={schedule.state} />;
  const why = t('schedule.pausedBy', { who: schedule.pausedBy ?? '', reason: schedule.pausedReason ?? '' });
  return (
    <span className="stack">
      <ScheduleBadge state={schedule.state} title={why} />
      <span className="faint ellipsis" title={why}>
        {schedule.pausedReason}
      </span>
    </span>
  );
}

function WhenCell({ schedule }: { readonly schedule: ScheduleView }) {
  const when = whenOf(schedule, useLanguage());
  return (
    <span className="stack">
      <span>{when.words}</span>
      {when.exact === null ? null : <code className="faint">{when.exact}</code>}
    </span>
  );
}
