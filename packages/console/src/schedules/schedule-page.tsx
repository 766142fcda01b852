// One schedule: when it fires, what became of each nominal time, what comes next.

import type { FireView, ScheduleView } from '@tidewheel/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { firesQuery, scheduleQuery } from '../api/queries.ts';
import { useLanguage, useT } from '../language/language.ts';
import { Badge, RunWordBadge, ScheduleBadge } from '../parts/badge.tsx';
import { Id, JsonBlock } from '../parts/code.tsx';
import { Icon } from '../parts/icon.tsx';
import { Ago, Countdown, Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Card, Empty, Facts, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { anyRun, places } from '../routing/route.ts';
import { isZone, span, zoneOffset } from '../time/format.ts';
import { ScheduleActions } from './schedule-actions.tsx';
import { misfireWords, overlapWords, whenOf, zoneOf } from './schedule-words.ts';

export function SchedulePage({ name }: { readonly name: string }) {
  const t = useT();
  const schedule = useQuery(scheduleQuery(useNamespace(), name));
  const { data } = schedule;
  const trail = <Link to={places.schedules}>{t('schedules.title')}</Link>;
  return (
    <Page
      title={name}
      trail={trail}
      {...(data === undefined
        ? {}
        : { beside: <ScheduleBadge state={data.state} />, actions: <ScheduleActions schedule={data} /> })}
    >
      <Loaded query={schedule}>{(loaded) => <Content schedule={loaded} />}</Loaded>
    </Page>
  );
}

function Content({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  return (
    <div className="detail">
      {schedule.state === 'paused' ? (
        <p className="notice tone-warn">
          <Icon name="pause" size={14} />
          {t('schedule.pausedBy', { who: schedule.pausedBy ?? '', reason: schedule.pausedReason ?? '' })}
        </p>
      ) : null}
      <div className="columns">
        <div className="column-main">
          <Ledger schedule={schedule} />
        </div>
        <div className="column-side">
          <Summary schedule={schedule} />
          <Upcoming schedule={schedule} />
          <Card title={t('schedule.definition')}>
            <JsonBlock value={schedule.definition} label={t('schedule.definition')} />
          </Card>
        </div>
      </div>
    </div>
  );
}

function Summary({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  const { definition } = schedule;
  const zone = zoneOf(definition);
  const when = whenOf(definition, t, useLanguage());
  return (
    <Card>
      <Facts
        pairs={[
          [t('schedule.when'), when.words],
          ['cron', when.exact === null ? null : <code>{when.exact}</code>],
          [t('schedule.zone'), zone],
          [t('schedule.job'), <Link to={{ page: 'job', name: schedule.job }}>{schedule.job}</Link>],
          [
            t('schedule.next'),
            schedule.nextFireAt === null ? (
              schedule.state === 'finished' ? (
                t('schedule.finishedHint')
              ) : null
            ) : (
              <>
                <Countdown at={schedule.nextFireAt} zone={zone} />{' '}
                <span className="faint">
                  <Moment at={schedule.nextFireAt} zone={zone} />
                </span>
              </>
            ),
          ],
          [t('schedule.last'), schedule.lastRunState === null ? null : <RunWordBadge state={schedule.lastRunState} />],
          [t('schedule.overlap'), overlapWords(definition, t)],
          [t('schedule.misfire'), misfireWords(definition, t)],
          [t('schedule.version'), schedule.version],
        ]}
      />
    </Card>
  );
}

function Upcoming({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  const fires = useInfiniteQuery(firesQuery(useNamespace(), schedule.name));
  const upcoming = fires.data?.pages[0]?.upcoming ?? [];
  const zone = zoneOf(schedule.definition);
  const changes = clockChanges(upcoming, zone);
  return (
    <Card title={t('schedule.upcoming')}>
      {upcoming.length === 0 ? (
        <p className="faint">{t('schedule.upcomingNone')}</p>
      ) : (
        <ol className="upcoming">
          {upcoming.map((at) => (
            <li key={at}>
              <Moment at={at} zone={zone} />
              <span className="faint">
                <Ago at={at} zone={zone} />
              </span>
              {changes.has(at) ? <span className="tone-warn-text">{t('schedule.clockChange')}</span> : null}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

/** Fires before which the zone's clocks are put forward or back. */
function clockChanges(upcoming: readonly number[], zone: string | null): Set<number> {
  if (zone === null || !isZone(zone)) return new Set();
  return new Set(
    upcoming.filter((at, index) => {
      const before = upcoming[index - 1];
      return before !== undefined && zoneOffset(before, zone) !== zoneOffset(at, zone);
    }),
  );
}

function Ledger({ schedule }: { readonly schedule: ScheduleView }) {
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
const skipReasons = ['misfire', 'misfire-window', 'misfire-limit', 'overlap', 'job-disabled'] as const;

function useColumns(zone: string | null): Column<FireView>[] {
  const t = useT();
  const reasonWords = (reason: string) => {
    const known = skipReasons.find((one) => one === reason);
    return known === undefined ? reason : t(`fire.reason.${known}`);
  };
  return [
    { key: 'at', title: t('fire.at'), look: 'lead', cell: (fire) => <Moment at={fire.fireAt} zone={zone} /> },
    {
      key: 'outcome',
      title: t('fire.outcome'),
      cell: (fire) =>
        fire.outcome === 'fired' ? (
          <Badge tone="good" icon="check">
            {t('fire.fired')}
          </Badge>
        ) : (
          <span className="inline">
            <Badge tone="mute" icon="skip">
              {t('fire.skipped')}
            </Badge>
            {fire.reason === null ? null : <span className="soft">{reasonWords(fire.reason)}</span>}
          </span>
        ),
    },
    {
      key: 'decided',
      title: t('fire.decided'),
      cell: (fire) => {
        const late = fire.decidedAt - fire.fireAt;
        return (
          <span className="faint" title={t('fire.late', { span: span(late, t) })}>
            {late < onTimeMs ? t('fire.onTime') : t('fire.late', { span: span(late, t) })}
          </span>
        );
      },
    },
    {
      key: 'run',
      title: t('fire.run'),
      cell: (fire) =>
        fire.runId === null ? (
          <None />
        ) : (
          <Link to={{ page: 'run', id: fire.runId, attempt: null }}>
            <Id id={fire.runId} />
          </Link>
        ),
    },
  ];
}
