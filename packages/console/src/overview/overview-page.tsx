// The first page: how things go, what comes next, what needs a person.

import type { Overview } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { overviewQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { CodeBlock } from '../parts/code.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Meter } from '../parts/meter.tsx';
import { Ago, Countdown, Moment, useScheduleZone } from '../parts/moment.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Card, Empty, Page } from '../parts/page.tsx';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { anyRun, anySchedule, type Place, places } from '../routing/route.ts';
import { span } from '../time/format.ts';
import { type AttentionGroup, grouped } from './attention.ts';
import { firstJob } from './first-job.ts';
import { Acknowledge } from '../schedules/acknowledge.tsx';
import { rateText } from './scale.ts';
import { ThroughputChart } from './throughput-chart.tsx';

export function OverviewPage() {
  const t = useT();
  const overview = useQuery(overviewQuery(useNamespace()));
  return (
    <Page title={t('overview.title')}>
      <Loaded query={overview}>{(loaded) => <Content overview={loaded} />}</Loaded>
    </Page>
  );
}

function Content({ overview }: { readonly overview: Overview }) {
  const t = useT();
  const { recent, series, schedules } = overview;
  const finished = recent.succeeded + recent.failed + recent.canceled + recent.lost;
  const nothingYet =
    finished + overview.running + overview.waiting + overview.scheduled + schedules.enabled + schedules.paused === 0;
  if (nothingYet) return <Welcome />;
  return (
    <div className="overview">
      <Tiles overview={overview} />
      <Card className="span-2" title={t('overview.perMinute')} hint={t('overview.lastHour')}>
        <ThroughputChart series={series} now={overview.now} />
      </Card>
      <NextFires overview={overview} />
      <Attention overview={overview} />
    </div>
  );
}

function Tiles({ overview }: { readonly overview: Overview }) {
  const t = useT();
  const { recent, workers } = overview;
  const finished = recent.succeeded + recent.failed + recent.lost;
  const rate = rateText(recent.succeeded, finished);
  const troubles = (['failed', 'lost', 'canceled'] as const).filter((state) => recent[state] > 0);
  return (
    <div className="tiles">
      <Tile
        className={rate === null ? '' : recent.failed + recent.lost === 0 ? 'tile-good' : 'tile-mixed'}
        name={t('overview.success')}
        value={rate ?? '–'}
        note={
          rate === null
            ? t('overview.noneFinished')
            : t('overview.ofFinished', { good: recent.succeeded, count: finished })
        }
        to={{ page: 'runs', filter: { ...anyRun, states: ['failed', 'lost'], window: '1h' } }}
      >
        {troubles.length === 0 ? null : (
          <span className="tile-troubles">
            {troubles.map((state) => t(`overview.${state}`, { count: recent[state] })).join(' · ')}
          </span>
        )}
      </Tile>
      <Tile
        name={t('overview.running')}
        value={overview.running}
        to={{ page: 'runs', filter: { ...anyRun, states: ['running'] } }}
        note={t('overview.slots', { busy: workers.busy, slots: workers.slots })}
      />
      <Tile
        name={t('overview.waiting')}
        value={overview.waiting}
        to={{ page: 'runs', filter: { ...anyRun, states: ['ready'] } }}
        note={
          overview.oldestWaitingMs === null
            ? t('overview.nobodyWaits')
            : t('overview.oldestSince', { span: span(overview.oldestWaitingMs, t) })
        }
      />
      <Tile
        name={t('overview.scheduled')}
        value={overview.scheduled}
        to={{ page: 'runs', filter: { ...anyRun, states: ['scheduled'] } }}
        note={t('overview.scheduledNote')}
      />
      <Tile
        className={workers.live === 0 ? 'tile-bad' : ''}
        name={t('overview.workers')}
        value={workers.live}
        to={places.workers}
        note={
          workers.live === 0
            ? t('overview.noWorkers')
            : t('overview.slots', { busy: workers.busy, slots: workers.slots })
        }
      >
        {workers.slots === 0 ? null : (
          <Meter label={t('overview.slotsLabel')} value={workers.busy} max={workers.slots} />
        )}
      </Tile>
    </div>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: ReactNode;
  readonly note: string;
  readonly to: Place;
  readonly className?: string;
  readonly children?: ReactNode;
}

function Tile({ name, value, note, to, className = '', children }: TileProps) {
  return (
    <Link to={to} className={`tile ${className}`}>
      <span className="tile-name">{name}</span>
      <span className="tile-value">{value}</span>
      <span className="tile-note">{note}</span>
      {children}
    </Link>
  );
}

function NextFires({ overview }: { readonly overview: Overview }) {
  const t = useT();
  const zoneOf = useScheduleZone();
  const { schedules, nextFires } = overview;
  const counts = [t('overview.schedules', { count: schedules.enabled })];
  if (schedules.paused > 0) counts.push(t('overview.paused', { count: schedules.paused }));
  return (
    <Card title={t('overview.nextFires')} hint={counts.join(' · ')} flush>
      {nextFires.length === 0 ? (
        <Empty icon="clock" title={t('overview.noFires')} hint={t('overview.noFiresHint')} />
      ) : (
        <ul className="rows">
          {nextFires.map((fire) => (
            <li key={fire.schedule}>
              <Link to={{ page: 'schedule', name: fire.schedule }} className="row">
                <span className="row-main">
                  <span className="name">{fire.schedule}</span>
                  <span className="faint">{fire.job}</span>
                </span>
                <span className="faint row-time">
                  <Moment at={fire.at} zone={zoneOf(fire.schedule)} />
                </span>
                <Countdown at={fire.at} zone={zoneOf(fire.schedule)} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

type Item = Overview['attention'][number];

const itemLooks: Record<Item['kind'], { readonly icon: IconName; readonly tone: string }> = {
  'fires-amiss': { icon: 'cross', tone: 'bad' },
  'failed-run': { icon: 'cross', tone: 'bad' },
  'no-worker': { icon: 'workers', tone: 'warn' },
  'paused-schedule': { icon: 'pause', tone: 'warn' },
};

function placeOf({ item, count }: Pick<AttentionGroup, 'item' | 'count'>): Place {
  if (item.kind === 'failed-run' && count > 1) {
    return { page: 'runs', filter: { ...anyRun, job: item.subject, states: ['failed', 'lost'], window: '1h' } };
  }
  if (item.kind === 'failed-run' && item.id !== null) return { page: 'run', id: item.id, attempt: null };
  if (item.kind === 'paused-schedule' || item.kind === 'fires-amiss') return { page: 'schedule', name: item.subject };
  if (item.kind === 'no-worker') return { page: 'runs', filter: { ...anyRun, states: ['ready'] } };
  return { page: 'schedules', filter: anySchedule };
}

function Attention({ overview }: { readonly overview: Overview }) {
  const t = useT();
  const groups = grouped(overview.attention);
  return (
    <Card
      title={t('overview.attention')}
      flush
      actions={groups.some(({ item }) => item.kind === 'fires-amiss') ? <Acknowledge schedule={null} /> : undefined}
    >
      {groups.length === 0 ? (
        <Empty icon="check" title={t('overview.allWell')} hint={t('overview.allWellHint')} />
      ) : (
        <ul className="rows">
          {groups.map(({ item, count, atLeast }) => (
            <li key={`${item.kind} ${item.subject}`}>
              <Link to={placeOf({ item, count })} className="row">
                <span className={`row-icon tone-${itemLooks[item.kind].tone}`}>
                  <Icon name={itemLooks[item.kind].icon} size={12} />
                </span>
                <span className="row-main">
                  {t(`overview.attention.${item.kind}`, { subject: item.subject })}
                  {count === 1 ? null : (
                    <span className="count">
                      ×{count}
                      {atLeast ? '+' : ''}
                    </span>
                  )}
                </span>
                {item.at === null ? null : (
                  <span className="faint row-time">
                    <Ago at={item.at} />
                  </span>
                )}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Welcome() {
  const t = useT();
  const namespace = useNamespace();
  return (
    <Card>
      <Empty icon="jobs" title={t('overview.welcome')} hint={t('overview.welcomeHint')}>
        <CodeBlock text={firstJob(namespace)} />
      </Empty>
    </Card>
  );
}
