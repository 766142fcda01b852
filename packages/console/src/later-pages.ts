// The pages that the first one can be shown without, with their messages and looks: one file of the build.

import './design/pools.css';
import './design/times.css';
import { learn } from './language/catalogue.ts';
import { laterMessages } from './language/later-messages.ts';

learn(laterMessages);

export { BackupsPage } from './backups/backups-page.tsx';
export { CalendarPage } from './calendars/calendar-page.tsx';
export { CalendarsPage } from './calendars/calendars-page.tsx';
export { ClusterPage } from './cluster/cluster-page.tsx';
export { ComingPage } from './coming/coming-page.tsx';
export { JobPage } from './jobs/job-page.tsx';
export { JobsPage } from './jobs/jobs-page.tsx';
export { LocksPage } from './locks/locks-page.tsx';
export { PoolPage } from './pools/pool-page.tsx';
export { PoolsPage } from './pools/pools-page.tsx';
export { RunPage } from './runs/run-page.tsx';
export { RunsPage } from './runs/runs-page.tsx';
export { SchedulePage } from './schedules/schedule-page.tsx';
export { SchedulesPage } from './schedules/schedules-page.tsx';
export { TryPage } from './schedules/try-page.tsx';
export { WorkersPage } from './workers/workers-page.tsx';
