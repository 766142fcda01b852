// The pages that the first one can be shown without: one file of the build.

export { ClusterPage } from './cluster/cluster-page.tsx';
export { JobPage } from './jobs/job-page.tsx';
export { JobsPage } from './jobs/jobs-page.tsx';
export { LocksPage } from './locks/locks-page.tsx';
export { RunPage } from './runs/run-page.tsx';
export { RunsPage } from './runs/runs-page.tsx';
export { SchedulePage } from './schedules/schedule-page.tsx';
export { SchedulesPage } from './schedules/schedules-page.tsx';
export { WorkersPage } from './workers/workers-page.tsx';
