// The page that an address names. All but the overview come in a second file, fetched while the reader looks at the first page.

import { lazy, Suspense } from 'react';
import { useT } from './language/language.ts';
import { OverviewPage } from './overview/overview-page.tsx';
import { Empty, Loading, Page } from './parts/page.tsx';
import { Link } from './routing/navigation.tsx';
import { type Place, places } from './routing/route.ts';

const later = () => import('./later-pages.ts');
const SchedulesPage = lazy(async () => ({ default: (await later()).SchedulesPage }));
const SchedulePage = lazy(async () => ({ default: (await later()).SchedulePage }));
const RunsPage = lazy(async () => ({ default: (await later()).RunsPage }));
const RunPage = lazy(async () => ({ default: (await later()).RunPage }));
const JobsPage = lazy(async () => ({ default: (await later()).JobsPage }));
const JobPage = lazy(async () => ({ default: (await later()).JobPage }));
const LocksPage = lazy(async () => ({ default: (await later()).LocksPage }));
const ClusterPage = lazy(async () => ({ default: (await later()).ClusterPage }));
const BackupsPage = lazy(async () => ({ default: (await later()).BackupsPage }));
const ComingPage = lazy(async () => ({ default: (await later()).ComingPage }));
const CalendarsPage = lazy(async () => ({ default: (await later()).CalendarsPage }));
const CalendarPage = lazy(async () => ({ default: (await later()).CalendarPage }));
const TryPage = lazy(async () => ({ default: (await later()).TryPage }));
const PoolsPage = lazy(async () => ({ default: (await later()).PoolsPage }));
const PoolPage = lazy(async () => ({ default: (await later()).PoolPage }));
const WorkersPage = lazy(async () => ({ default: (await later()).WorkersPage }));

/** When the page has come to rest. What fails here is fetched again, and told, when it is needed. */
export function preloadPages(): void {
  const start = () => void later().catch(() => undefined);
  if ('requestIdleCallback' in window) requestIdleCallback(start, { timeout: 4_000 });
  else setTimeout(start, 2_000);
}

export function PageOf({ place }: { readonly place: Place }) {
  return (
    <Suspense fallback={<Loading />}>
      <Chosen place={place} />
    </Suspense>
  );
}

function Chosen({ place }: { readonly place: Place }) {
  switch (place.page) {
    case 'overview':
      return <OverviewPage />;
    case 'schedules':
      return <SchedulesPage filter={place.filter} />;
    case 'schedule':
      return <SchedulePage key={place.name} name={place.name} />;
    case 'runs':
      return <RunsPage filter={place.filter} />;
    case 'run':
      return <RunPage key={place.id} id={place.id} attempt={place.attempt} />;
    case 'jobs':
      return <JobsPage search={place.search} />;
    case 'job':
      return <JobPage key={place.name} name={place.name} />;
    case 'workers':
      return <WorkersPage />;
    case 'pools':
      return <PoolsPage />;
    case 'pool':
      return <PoolPage key={place.name} name={place.name} />;
    case 'locks':
      return <LocksPage all={place.all} />;
    case 'cluster':
      return <ClusterPage />;
    case 'backups':
      return <BackupsPage />;
    case 'coming':
      return <ComingPage range={place.range} />;
    case 'calendars':
      return <CalendarsPage search={place.search} />;
    case 'calendar':
      return <CalendarPage key={place.name} name={place.name} year={place.year} />;
    case 'try':
      return <TryPage sketch={place.sketch} />;
    case 'sign-in':
    case 'not-found':
      return <NotFound />;
  }
}

function NotFound() {
  const t = useT();
  return (
    <Page title={t('problem.notFoundTitle')}>
      <Empty icon="question" title={t('problem.notFoundTitle')} hint={t('problem.notFoundHint')}>
        <Link to={places.overview} className="button button-plain">
          {t('action.back')}
        </Link>
      </Empty>
    </Page>
  );
}
