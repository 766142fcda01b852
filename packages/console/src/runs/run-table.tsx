// Runs as rows, with the columns that operators compare. Used by the list of runs and, shorter, on the pages of a job and a schedule.

import type { RunSummary } from '@tidewheel/protocol';
import { useT } from '../language/language.ts';
import { RunBadge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { Elapsed, Moment, useScheduleZone } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Loading } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Link } from '../routing/navigation.tsx';
import { anyRun } from '../routing/route.ts';
import type { ReactNode } from 'react';
import { isFinal } from './states.ts';
import type { RunListState } from './use-run-list.ts';

interface RunTableProps {
  readonly runs: RunListState;
  readonly empty: ReactNode;
  /** Columns that say the same in every row of this page. */
  readonly without?: readonly ('job' | 'trigger')[];
}

export function RunTable({ runs, empty, without = [] }: RunTableProps) {
  const t = useT();
  const columns = useColumns().filter((column) => !without.some((key) => key === column.key));
  const { list } = runs;
  if (list === null)
    return runs.error === null ? <Loading /> : <ProblemNote error={runs.error} onRetry={runs.reload} />;
  return (
    <>
      {runs.error === null ? null : <ProblemNote error={runs.error} onRetry={runs.reload} />}
      <NewRuns runs={runs} />
      {list.rows.length === 0 ? (
        empty
      ) : (
        <Table
          label={t('runs.title')}
          columns={columns}
          rows={list.rows}
          keyOf={(run) => run.id}
          linkOf={(run) => ({ page: 'run', id: run.id, attempt: null })}
        />
      )}
      <More
        shown={list.rows.length}
        hasMore={list.nextCursor !== null}
        busy={runs.loadingMore}
        onMore={runs.loadMore}
      />
    </>
  );
}

/** Offers what came since, instead of moving the rows away under the reader's eyes. */
function NewRuns({ runs }: { readonly runs: RunListState }) {
  const t = useT();
  const count = runs.list?.newRuns ?? 0;
  return (
    <div className="new-runs" aria-live="polite">
      {count === 0 ? null : (
        <Button kind="primary" small icon="up" onPress={runs.showNew}>
          {runs.list?.moreNew === true ? t('runs.newMany', { count }) : t('runs.new', { count })}
        </Button>
      )}
    </div>
  );
}

function useColumns(): Column<RunSummary>[] {
  const t = useT();
  const zoneOf = useScheduleZone();
  return [
    {
      key: 'state',
      title: t('run.state'),
      look: 'lead',
      cell: (run) => (
        <Link
          to={{ page: 'run', id: run.id, attempt: null }}
          className="plain-link"
          label={`${t(`state.${run.state}`)}, ${run.job}, ${run.id}`}
        >
          <RunBadge state={run.state} />
        </Link>
      ),
    },
    { key: 'job', title: t('run.job'), cell: (run) => <span className="name">{run.job}</span> },
    { key: 'trigger', title: t('run.trigger'), extra: true, cell: (run) => <Trigger run={run} /> },
    { key: 'due', title: t('run.due'), cell: (run) => <Moment at={run.dueAt} zone={zoneOf(run.schedule)} /> },
    {
      key: 'delay',
      title: t('run.delay'),
      hint: t('run.delayHint'),
      look: 'number',
      extra: true,
      cell: (run) =>
        run.startedAt === null ? <None /> : <Elapsed from={Math.min(run.dueAt, run.startedAt)} to={run.startedAt} />,
    },
    {
      key: 'duration',
      title: t('run.duration'),
      look: 'number',
      cell: (run) =>
        run.startedAt === null || (isFinal(run.state) && run.finishedAt === null) ? <None /> : <Duration run={run} />,
    },
    { key: 'worker', title: t('run.worker'), look: 'minor', extra: true, cell: (run) => run.worker ?? <None /> },
    {
      key: 'attempt',
      title: t('run.attempt'),
      look: 'number',
      extra: true,
      cell: (run) =>
        run.attemptsMax > 1 ? (
          <span className={run.attempt > 1 ? 'tone-warn-text' : undefined}>
            {run.attempt}
            <span className="faint">/{run.attemptsMax}</span>
          </span>
        ) : (
          run.attempt || <None />
        ),
    },
  ];
}

function Duration({ run }: { readonly run: RunSummary }) {
  const startedAt = run.startedAt ?? run.dueAt;
  // Between two attempts nothing runs, so nothing counts.
  if (run.finishedAt === null && run.state !== 'running') return <None />;
  return <Elapsed from={startedAt} to={run.finishedAt} />;
}

export function Trigger({ run }: { readonly run: RunSummary }) {
  const t = useT();
  if (run.schedule === null) return <span className="soft">{t(`run.trigger.${run.trigger}`)}</span>;
  return (
    <Link to={{ page: 'schedule', name: run.schedule }} className="soft-link" title={run.schedule}>
      {run.schedule}
    </Link>
  );
}

export const runsOfJob = (job: string) => ({ ...anyRun, job });
export const runsOfSchedule = (schedule: string) => ({ ...anyRun, schedule });
