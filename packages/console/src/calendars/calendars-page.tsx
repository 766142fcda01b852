// All calendars of the namespace: what each is made of, who uses it, and the way to bring one in from an iCalendar file.

import type { CalendarView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { calendarsQuery } from '../api/times-queries.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { CodeBlock } from '../parts/code.tsx';
import { SearchField } from '../parts/field.tsx';
import { Ago } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Card, Empty, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Link, useGoTo, useNamespace } from '../routing/navigation.tsx';
import { SectionTabs } from '../schedules/section-tabs.tsx';
import { ImportDialog } from './calendar-import.tsx';
import { rulesOf, textOf } from './calendar-rules.ts';

const sample = `calendars:
  - name: closed
    timezone: Europe/Berlin
    weekdays: [SAT, SUN]
    dates: ["01-01", "12-25", "12-26"]`;

export function CalendarsPage({ search }: { readonly search: string }) {
  const t = useT();
  const go = useGoTo();
  const [importing, setImporting] = useState(false);
  return (
    <Page
      title={t('nav.calendars')}
      actions={
        <Button icon="download" changes onPress={() => setImporting(true)}>
          {t('calendars.import')}
        </Button>
      }
    >
      <SectionTabs />
      <div className="filters" role="search">
        <SearchField
          label={t('calendars.search')}
          value={search}
          onChange={useCallback((text: string) => go({ page: 'calendars', search: text }, 'replace'), [go])}
        />
      </div>
      <CalendarTable search={search} />
      {importing ? <ImportDialog calendar={null} onClose={() => setImporting(false)} /> : null}
    </Page>
  );
}

function CalendarTable({ search }: { readonly search: string }) {
  const t = useT();
  const calendars = useInfiniteQuery({
    ...calendarsQuery(useNamespace(), search),
    placeholderData: (before) => before,
  });
  const columns = useColumns();
  const rows = calendars.data?.pages.flatMap((page) => page.items);
  const problem =
    calendars.error === null ? null : <ProblemNote error={calendars.error} onRetry={() => void calendars.refetch()} />;
  if (rows === undefined) return problem ?? <Loading />;
  return (
    <Card flush>
      {problem}
      {rows.length > 0 ? (
        <Table
          label={t('nav.calendars')}
          columns={columns}
          rows={rows}
          keyOf={(calendar) => calendar.name}
          linkOf={({ name }) => ({ page: 'calendar', name, year: null })}
        />
      ) : search === '' ? (
        <Empty icon="calendars" title={t('calendars.empty')} hint={t('calendars.emptyHint')}>
          <CodeBlock text={sample} />
        </Empty>
      ) : (
        <Empty icon="search" title={t('calendars.emptyFiltered')} />
      )}
      <More
        shown={rows.length}
        hasMore={calendars.hasNextPage}
        busy={calendars.isFetchingNextPage}
        onMore={() => void calendars.fetchNextPage()}
      />
    </Card>
  );
}

function useColumns(): Column<CalendarView>[] {
  const t = useT();
  return [
    {
      key: 'name',
      title: t('calendars.name'),
      look: 'lead',
      cell: ({ name, definition }) => (
        <span className="stack">
          <Link to={{ page: 'calendar', name, year: null }} className="name-link">
            {name}
          </Link>
          <span className="faint">{textOf(definition['description'])}</span>
        </span>
      ),
    },
    {
      key: 'rules',
      title: t('calendars.rules'),
      cell: ({ definition }) => {
        const { rules, except } = rulesOf(definition, t);
        return (
          <span className="stack">
            <span>{rules}</span>
            {except === null ? null : <span className="faint">{t('calendars.except', { rules: except })}</span>}
          </span>
        );
      },
    },
    { key: 'used', title: t('calendars.usedBy'), cell: ({ usedBy }) => <Users usedBy={usedBy} most={3} /> },
    {
      key: 'changed',
      title: t('calendars.changed'),
      look: 'minor',
      cell: ({ updatedAt, version }) => (
        <span className="faint">
          v{version} · <Ago at={updatedAt} />
        </span>
      ),
    },
  ];
}

interface UsersProps {
  readonly usedBy: CalendarView['usedBy'];
  readonly most: number;
}

export function Users({ usedBy, most }: UsersProps) {
  if (usedBy.length === 0) return <None />;
  return (
    <span className="stack">
      {usedBy.slice(0, most).map(({ kind, name }) => (
        <Link
          key={`${kind} ${name}`}
          to={kind === 'schedule' ? { page: 'schedule', name } : { page: 'calendar', name, year: null }}
          className="soft-link"
        >
          {name}
        </Link>
      ))}
      {usedBy.length > most ? <span className="faint">+{usedBy.length - most}</span> : null}
    </span>
  );
}
