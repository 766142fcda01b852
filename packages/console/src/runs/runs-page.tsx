// All runs, filtered through the URL.

import { useMemo } from 'react';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { Card, Empty, Page } from '../parts/page.tsx';
import { Link, useGoTo } from '../routing/navigation.tsx';
import { addressOf, anyRun, places, type RunFilter } from '../routing/route.ts';
import { RunFilters } from './run-filters.tsx';
import { RunTable } from './run-table.tsx';
import { useRunList } from './use-run-list.ts';

export function RunsPage({ filter }: { readonly filter: RunFilter }) {
  const t = useT();
  const go = useGoTo();
  // The route makes a new object each time; the list starts anew only when the meaning changed.
  const meaning = addressOf(null, { page: 'runs', filter });
  // oxlint-disable-next-line react/exhaustive-deps
  const stable = useMemo(() => filter, [meaning]);
  const runs = useRunList(stable);
  const change = (to: RunFilter) => go({ page: 'runs', filter: to }, 'replace');
  const isFiltered = meaning !== addressOf(null, { page: 'runs', filter: anyRun });
  const empty = isFiltered ? (
    <Empty icon="search" title={t('runs.emptyFiltered')}>
      <Button onPress={() => change(anyRun)}>{t('runs.filter.clear')}</Button>
    </Empty>
  ) : (
    <Empty icon="runs" title={t('runs.empty')} hint={t('runs.emptyHint')}>
      <Link to={places.jobs} className="button button-plain">
        {t('runs.toJobs')}
      </Link>
    </Empty>
  );
  return (
    <Page title={t('runs.title')}>
      <RunFilters filter={filter} onChange={change} />
      <Card flush>
        <RunTable runs={runs} empty={empty} />
      </Card>
    </Page>
  );
}
