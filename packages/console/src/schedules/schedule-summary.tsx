// What a schedule is: its times in words and as written, its calendars and bounds, and what it does with missed and overlapping fires.

import type { ScheduleView } from '@tidewheel/protocol';
import type { ReactNode } from 'react';
import { useLanguage, useT } from '../language/language.ts';
import { RunWordBadge } from '../parts/badge.tsx';
import { Countdown, Moment } from '../parts/moment.tsx';
import { Card, Facts } from '../parts/page.tsx';
import { Link } from '../routing/navigation.tsx';
import { noSketch } from '../routing/route.ts';
import { span } from '../time/format.ts';
import { calendarsOf, misfireWords, overlapWords, whenOf, zoneOf } from './schedule-words.ts';

interface SummaryProps {
  readonly schedule: ScheduleView;
}

export function Summary({ schedule }: SummaryProps) {
  const t = useT();
  const { definition } = schedule;
  const zone = zoneOf(definition);
  const { words, exact } = whenOf(schedule, useLanguage());
  const { count, jitter, description } = definition;
  const bound = (value: unknown) => (value === undefined ? null : <Moment at={instantOf(value)} zone={zone} />);
  return (
    <Card>
      {typeof description === 'string' && description !== '' ? <p className="lead">{description}</p> : null}
      <Facts
        pairs={[
          [t('schedule.when'), words],
          [definition['rrule'] === undefined ? 'cron' : 'RRULE', exact === null ? null : exactLink(definition, exact)],
          [t('schedule.job'), <Link to={{ page: 'job', name: schedule.job }}>{schedule.job}</Link>],
          [t('schedule.next'), nextFire(schedule, zone, t('schedule.finishedHint'))],
          [t('schedule.last'), schedule.lastRunState === null ? null : <RunWordBadge state={schedule.lastRunState} />],
          [t('schedule.calendars'), calendarLinks(definition)],
          [t('schedule.start'), bound(definition['start'])],
          [t('schedule.end'), bound(definition['end'])],
          [t('schedule.count'), typeof count === 'number' ? t('schedule.countText', { count }) : null],
          [
            t('schedule.jitter'),
            typeof jitter === 'number' && jitter > 0 ? t('schedule.jitterText', { span: span(jitter, t) }) : null,
          ],
          [t('schedule.overlap'), overlapWords(definition, t)],
          [t('schedule.misfire'), misfireWords(definition, t)],
          [t('schedule.version'), schedule.version],
        ]}
      />
    </Card>
  );
}

/** The expression as it is written; it opens where it can be tried out. */
function exactLink({ cron, timezone }: ScheduleView['definition'], exact: string): ReactNode {
  const zone = typeof timezone === 'string' ? timezone : noSketch.zone;
  const sketch = { ...noSketch, kind: cron === undefined ? ('rrule' as const) : ('cron' as const), text: exact, zone };
  return (
    <Link to={{ page: 'try', sketch }}>
      <code>{exact}</code>
    </Link>
  );
}

function nextFire({ nextFireAt, state }: ScheduleView, zone: string | null, finished: string): ReactNode {
  if (nextFireAt === null) return state === 'finished' ? finished : null;
  return (
    <>
      <Countdown at={nextFireAt} zone={zone} />{' '}
      <span className="faint">
        <Moment at={nextFireAt} zone={zone} />
      </span>
    </>
  );
}

function calendarLinks(definition: ScheduleView['definition']): ReactNode {
  const { exclude, only } = calendarsOf(definition);
  if (exclude.length + only.length === 0) return null;
  return <CalendarLinks exclude={exclude} only={only} />;
}

function CalendarLinks({ exclude, only }: { readonly exclude: readonly string[]; readonly only: readonly string[] }) {
  const t = useT();
  const links = (names: readonly string[], words: string) =>
    names.map((name) => (
      <span key={`${words} ${name}`}>
        {words} <Link to={{ page: 'calendar', name, year: null }}>{name}</Link>
      </span>
    ));
  return (
    <span className="stack">
      {links(only, t('schedule.calendarOnly'))}
      {links(exclude, t('schedule.calendarExclude'))}
    </span>
  );
}

function instantOf(value: unknown): number {
  return typeof value === 'number' ? value : Date.parse(String(value));
}
