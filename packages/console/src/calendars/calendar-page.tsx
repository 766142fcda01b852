// One calendar: which days of a year lie inside, who uses it, and its rules.

import type { CalendarView } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { calendarQuery, calendarYearQuery } from '../api/times-queries.ts';
import { useT } from '../language/language.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { JsonBlock } from '../parts/code.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Moment, useZone } from '../parts/moment.tsx';
import { Card, Facts, Page } from '../parts/page.tsx';
import { useToasts } from '../parts/toast.tsx';
import { Link, useGoTo, useNamespace } from '../routing/navigation.tsx';
import { places } from '../routing/route.ts';
import { SectionTabs } from '../schedules/section-tabs.tsx';
import { serverNow } from '../time/clock.ts';
import { ImportDialog } from './calendar-import.tsx';
import { rulesOf, textOf } from './calendar-rules.ts';
import { Users } from './calendars-page.tsx';
import { YearGrid } from './year-grid.tsx';

interface CalendarPageProps {
  readonly name: string;
  readonly year: number | null;
}

export function CalendarPage({ name, year }: CalendarPageProps) {
  const t = useT();
  const calendar = useQuery(calendarQuery(useNamespace(), name));
  const { data } = calendar;
  return (
    <Page
      title={name}
      trail={<Link to={places.calendars}>{t('nav.calendars')}</Link>}
      {...(data === undefined ? {} : { actions: <Actions calendar={data} /> })}
    >
      <SectionTabs />
      <Loaded query={calendar}>{(loaded) => <Content calendar={loaded} year={year} />}</Loaded>
    </Page>
  );
}

function Content({ calendar, year }: { readonly calendar: CalendarView; readonly year: number | null }) {
  const t = useT();
  const { definition, usedBy } = calendar;
  const { rules, except } = rulesOf(definition, t);
  return (
    <div className="columns">
      <div className="column-main">
        <Year calendar={calendar} year={year ?? new Date(serverNow()).getUTCFullYear()} />
      </div>
      <div className="column-side">
        <Card>
          <Facts
            pairs={[
              [t('calendars.description'), textOf(definition['description'])],
              [t('calendars.inside'), rules],
              [t('calendars.outside'), except],
              [t('schedule.zone'), textOf(definition['timezone']) ?? t('calendars.zoneOfSchedule')],
              [
                t('calendars.usedBy'),
                usedBy.length === 0 ? t('calendars.unused') : <Users usedBy={usedBy} most={50} />,
              ],
              [t('schedule.version'), calendar.version],
              [t('calendars.changed'), <Moment at={calendar.updatedAt} />],
            ]}
          />
        </Card>
        <Card title={t('schedule.definition')}>
          <JsonBlock value={definition} label={t('schedule.definition')} />
        </Card>
      </div>
    </div>
  );
}

function Year({ calendar, year }: { readonly calendar: CalendarView; readonly year: number }) {
  const t = useT();
  const go = useGoTo();
  const zone = useZone();
  const { name, namespace } = calendar;
  const days = useQuery(calendarYearQuery(namespace, name, year, zone));
  const turn = (to: number) => go({ page: 'calendar', name, year: to }, 'replace');
  const whole = days.data?.days.filter((day) => day.inside === 'whole').length ?? 0;
  const partly = (days.data?.days.length ?? 0) - whole;
  return (
    <Card
      title={String(year)}
      hint={t('calendars.daysInside', { whole, partly })}
      actions={
        <>
          <IconButton icon="left" label={t('calendars.yearBefore')} onPress={() => turn(year - 1)} />
          <IconButton icon="right" label={t('calendars.yearAfter')} onPress={() => turn(year + 1)} />
        </>
      }
    >
      <Loaded query={days}>{(loaded) => <YearGrid year={year} days={loaded} />}</Loaded>
    </Card>
  );
}

function Actions({ calendar }: { readonly calendar: CalendarView }) {
  const t = useT();
  const [open, setOpen] = useState<'import' | 'delete' | null>(null);
  const used = calendar.usedBy.length > 0;
  return (
    <>
      <Button icon="download" changes onPress={() => setOpen('import')}>
        {t('calendars.replace')}
      </Button>
      <Button
        icon="cross"
        changes
        disabled={used}
        {...(used ? { title: t('calendars.inUse') } : {})}
        onPress={() => setOpen('delete')}
      >
        {t('calendars.delete')}
      </Button>
      {open === 'import' ? <ImportDialog calendar={calendar} onClose={() => setOpen(null)} /> : null}
      {open === 'delete' ? <DeleteDialog calendar={calendar} onClose={() => setOpen(null)} /> : null}
    </>
  );
}

function DeleteDialog({ calendar, onClose }: { readonly calendar: CalendarView; readonly onClose: () => void }) {
  const t = useT();
  const go = useGoTo();
  const toasts = useToasts();
  const { name, namespace, version } = calendar;
  const remove = useAction({
    send: () => request<unknown>(pathOf(namespace, 'calendars', name), { method: 'DELETE', ifVersion: version }),
    // The page is left before the server announces the change; asked again here, the calendar would be missed.
    touches: [],
    onDone: () => {
      onClose();
      go(places.calendars);
      toasts.say(t('calendars.deletedToast', { name }));
    },
  });
  return (
    <Dialog title={t('calendars.deleteTitle', { name })} onClose={onClose}>
      <div className="form">
        <p className="soft">{t('calendars.deleteHint')}</p>
        <div className="form-buttons">
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="danger" icon="cross" busy={remove.busy} onPress={() => remove.run(undefined)}>
            {t('calendars.delete')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
