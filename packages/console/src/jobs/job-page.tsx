// One job: what it runs, when, how it went lately, and how to start it from here or from elsewhere.

import type { JobView, ScheduleView } from '@tidewheel/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { jobQuery, schedulesQuery } from '../api/queries.ts';
import { useLanguage, useT } from '../language/language.ts';
import { ScheduleBadge } from '../parts/badge.tsx';
import { CodeBlock, JsonBlock } from '../parts/code.tsx';
import { Countdown } from '../parts/moment.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Card, Empty, Facts, Page } from '../parts/page.tsx';
import { cliSnippet, curlSnippet } from '../payload/snippets.ts';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { anyRun, anySchedule, places } from '../routing/route.ts';
import { RunTable } from '../runs/run-table.tsx';
import { useRunList } from '../runs/use-run-list.ts';
import { whenOf, zoneOf } from '../schedules/schedule-words.ts';
import { deliveryWords, labelWords, retryWords, textOf, timeoutWords } from './job-words.ts';
import { KindBadge } from './jobs-page.tsx';
import { firstPayload, RunNow } from './run-now.tsx';

/** Runs shown here; the link above them leads to all. */
const recentRuns = 15;

export function JobPage({ name }: { readonly name: string }) {
  const t = useT();
  const job = useQuery(jobQuery(useNamespace(), name));
  const { data } = job;
  return (
    <Page
      title={name}
      trail={<Link to={places.jobs}>{t('jobs.title')}</Link>}
      {...(data === undefined ? {} : { beside: <KindBadge job={data} />, actions: <RunNow job={data} /> })}
    >
      <Loaded query={job}>{(loaded) => <Content job={loaded} />}</Loaded>
    </Page>
  );
}

function Content({ job }: { readonly job: JobView }) {
  const t = useT();
  const description = textOf(job.definition, 'description');
  return (
    <div className="detail">
      {description === '' ? null : <p className="lead">{description}</p>}
      <div className="columns">
        <div className="column-main">
          <RecentRuns job={job} />
          <Schedules job={job} />
        </div>
        <div className="column-side">
          <Summary job={job} />
          <Snippets job={job} />
          <Card title={t('job.definition')}>
            <JsonBlock value={job.definition} label={t('job.definition')} />
          </Card>
        </div>
      </div>
    </div>
  );
}

function RecentRuns({ job }: { readonly job: JobView }) {
  const t = useT();
  const filter = useMemo(() => ({ ...anyRun, job: job.name }), [job.name]);
  const runs = useRunList(filter, recentRuns);
  return (
    <Card title={t('runs.recent')} actions={<Link to={{ page: 'runs', filter }}>{t('runs.all')}</Link>} flush>
      <RunTable
        runs={runs}
        without={['job']}
        empty={<Empty icon="runs" title={t('runs.empty')} hint={t('runs.emptyHint')} />}
      />
    </Card>
  );
}

function Schedules({ job }: { readonly job: JobView }) {
  const t = useT();
  const filter = { ...anySchedule, job: job.name };
  const schedules = useInfiniteQuery(schedulesQuery(useNamespace(), filter));
  const rows = schedules.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card
      title={t('job.schedules')}
      actions={<Link to={{ page: 'schedules', filter }}>{t('action.showAll')}</Link>}
      flush
    >
      {schedules.isSuccess && rows.length === 0 ? <Empty icon="schedules" title={t('job.noSchedules')} /> : null}
      <ul className="rows">
        {rows.map((schedule) => (
          <li key={schedule.id}>
            <ScheduleRow schedule={schedule} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function ScheduleRow({ schedule }: { readonly schedule: ScheduleView }) {
  const when = whenOf(schedule, useLanguage());
  const zone = zoneOf(schedule.definition);
  return (
    <Link to={{ page: 'schedule', name: schedule.name }} className="row">
      <span className="row-main">
        <span className="name">{schedule.name}</span>
        <span className="faint">{when.words}</span>
      </span>
      <ScheduleBadge state={schedule.state} />
      {schedule.nextFireAt === null ? null : <Countdown at={schedule.nextFireAt} zone={zone} />}
    </Link>
  );
}

function Summary({ job }: { readonly job: JobView }) {
  const t = useT();
  const { definition } = job;
  const priority = definition['priority'];
  return (
    <Card>
      <Facts
        pairs={[
          [t('job.queue'), textOf(definition, 'queue')],
          [t('job.retry'), retryWords(definition, t)],
          [t('job.timeout'), timeoutWords(definition, t)],
          [t('job.delivery'), deliveryWords(definition, t)],
          [t('job.selector'), labelWords(definition['selector'])],
          [t('run.priority'), typeof priority === 'number' && priority !== 0 ? priority : null],
          [t('job.version'), job.version],
        ]}
      />
    </Card>
  );
}

function Snippets({ job }: { readonly job: JobView }) {
  const t = useT();
  const first = firstPayload(job.definition);
  const payload = first === '' ? null : JSON.stringify(JSON.parse(first));
  const target = { origin: location.origin, namespace: job.namespace, job: job.name, payload };
  return (
    <Card title={t('job.snippets')}>
      <h3 className="snippet-name">{t('job.snippet.cli')}</h3>
      <CodeBlock text={cliSnippet(target)} label={t('job.snippet.cli')} />
      <h3 className="snippet-name">{t('job.snippet.curl')}</h3>
      <CodeBlock text={curlSnippet(target)} label={t('job.snippet.curl')} />
    </Card>
  );
}
