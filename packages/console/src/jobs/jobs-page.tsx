// All jobs of the namespace.

import type { JobView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { jobsQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { CodeBlock } from '../parts/code.tsx';
import { SearchField } from '../parts/field.tsx';
import { Ago } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Card, Empty, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { firstJob } from '../overview/first-job.ts';
import { type Column, Table } from '../parts/table.tsx';
import { Link, useGoTo, useNamespace } from '../routing/navigation.tsx';
import { anySchedule } from '../routing/route.ts';
import { handlerWords, textOf } from './job-words.ts';

export function JobsPage({ search }: { readonly search: string }) {
  const t = useT();
  const go = useGoTo();
  const namespace = useNamespace();
  const jobs = useInfiniteQuery({ ...jobsQuery(namespace, search), placeholderData: (before) => before });
  const columns = useColumns();
  const rows = jobs.data?.pages.flatMap((page) => page.items);
  const change = useCallback((text: string) => go({ page: 'jobs', search: text }, 'replace'), [go]);
  return (
    <Page title={t('jobs.title')}>
      <div className="filters" role="search">
        <SearchField label={t('jobs.search')} value={search} onChange={change} />
      </div>
      {jobs.error === null ? null : <ProblemNote error={jobs.error} onRetry={() => void jobs.refetch()} />}
      {rows === undefined ? (
        jobs.error === null ? (
          <Loading />
        ) : null
      ) : (
        <Card flush>
          {rows.length > 0 ? (
            <Table
              label={t('jobs.title')}
              columns={columns}
              rows={rows}
              keyOf={(job) => job.id}
              linkOf={(job) => ({ page: 'job', name: job.name })}
            />
          ) : search === '' ? (
            <Empty icon="jobs" title={t('jobs.empty')} hint={t('jobs.emptyHint')}>
              <CodeBlock text={firstJob(namespace)} />
            </Empty>
          ) : (
            <Empty icon="search" title={t('jobs.emptyFiltered')}>
              <Button onPress={() => change('')}>{t('runs.filter.clear')}</Button>
            </Empty>
          )}
          <More
            shown={rows.length}
            hasMore={jobs.hasNextPage}
            busy={jobs.isFetchingNextPage}
            onMore={() => void jobs.fetchNextPage()}
          />
        </Card>
      )}
    </Page>
  );
}

function useColumns(): Column<JobView>[] {
  const t = useT();
  return [
    {
      key: 'name',
      title: t('job.name'),
      look: 'lead',
      cell: (job) => (
        <span className="stack">
          <Link to={{ page: 'job', name: job.name }} className="name-link">
            {job.name}
          </Link>
          <span className="faint ellipsis">{textOf(job.definition, 'description')}</span>
        </span>
      ),
    },
    { key: 'kind', title: t('job.kind'), cell: (job) => <KindBadge job={job} /> },
    {
      key: 'handler',
      title: t('job.handler'),
      look: 'minor',
      cell: (job) => (
        <code className="soft ellipsis" title={handlerWords(job.definition)}>
          {handlerWords(job.definition)}
        </code>
      ),
    },
    { key: 'queue', title: t('job.queue'), look: 'minor', cell: (job) => textOf(job.definition, 'queue') },
    {
      key: 'schedules',
      title: t('job.schedules'),
      look: 'number',
      cell: (job) =>
        job.scheduleCount === 0 ? (
          <None />
        ) : (
          <Link to={{ page: 'schedules', filter: { ...anySchedule, job: job.name } }}>{job.scheduleCount}</Link>
        ),
    },
    {
      key: 'updated',
      title: t('job.updated'),
      cell: (job) => (
        <span className="stack">
          <Ago at={job.updatedAt} />
          <span className="faint">{t('job.versionShort', { version: String(job.version) })}</span>
        </span>
      ),
    },
  ];
}

export function KindBadge({ job }: { readonly job: JobView }) {
  const t = useT();
  const icons = { task: 'jobs', shell: 'terminal', http: 'globe' } as const;
  return (
    <span className="inline">
      <Badge tone="mute" icon={icons[job.kind]}>
        {t(`job.kind.${job.kind}`)}
      </Badge>
      {job.definition['enabled'] === false ? (
        <Badge tone="warn" icon="pause">
          {t('job.disabled')}
        </Badge>
      ) : null}
    </span>
  );
}
