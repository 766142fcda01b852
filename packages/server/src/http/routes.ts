// All routes of the API. What is not in this list does not exist.

import { auditRoutes } from './audit.ts';
import { backfillRoutes } from './backfills.ts';
import { backupRoutes } from './backups.ts';
import { calendarRoutes } from './calendars.ts';
import { clusterRoutes } from './cluster-page.ts';
import { comingFiresRoutes } from './coming-fires.ts';
import { consoleSessionRoutes } from './console-sessions.ts';
import type { DoorContext } from './door-context.ts';
import { healthRoutes } from './health.ts';
import { jobRoutes } from './jobs.ts';
import { liveRoutes } from './live.ts';
import { lockRoutes } from './locks.ts';
import { logRoutes } from './logs.ts';
import { overviewRoutes } from './overview-page.ts';
import { poolReplayRoutes } from './pool-replay.ts';
import { poolRoutes } from './pools.ts';
import { retentionRoutes } from './retention.ts';
import type { Route } from './route.ts';
import { runRoutes } from './runs.ts';
import { poolMeasureRoutes } from './pool-measures.ts';
import { scheduleRoutes } from './schedules.ts';
import { serverRoutes } from './server-info.ts';
import { tokenRoutes } from './tokens.ts';
import { workerRoutes } from './workers.ts';

export function apiRoutes(context: DoorContext): Route[] {
  return [
    ...serverRoutes(context),
    ...healthRoutes(context),
    ...clusterRoutes(context),
    ...backupRoutes(context),
    ...consoleSessionRoutes(context),
    ...tokenRoutes(context),
    ...overviewRoutes(context),
    ...jobRoutes(context),
    ...scheduleRoutes(context),
    ...calendarRoutes(context),
    ...backfillRoutes(context),
    ...comingFiresRoutes(context),
    ...runRoutes(context),
    ...logRoutes(context),
    ...workerRoutes(context),
    ...poolRoutes(context),
    ...poolReplayRoutes(),
    ...poolMeasureRoutes(context),
    ...lockRoutes(context),
    ...auditRoutes(context),
    ...retentionRoutes(context),
    ...liveRoutes(context),
  ];
}
