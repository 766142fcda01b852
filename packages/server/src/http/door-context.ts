// What the routes work with: one master, its store, and what all routes of this door share.

import type { Master } from '../master/master.ts';
import type { Clock } from '../ports/clock.ts';
import type { Database } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import type { Log } from '../ports/log.ts';
import type { GaugeReading, Metrics } from '../ports/metrics.ts';
import type { Signals } from '../ports/signals.ts';
import type { DefinitionCache } from '../store/definition-cache.ts';
import type { Credentials } from './credentials.ts';
import type { EventStreams } from './event-streams.ts';
import type { Guard } from './guard.ts';
import type { ListenSettings } from './listen-address.ts';

export interface HttpSettings extends ListenSettings {
  version: string;
  /** The console's built files; found beside this package when absent. */
  consoleDir?: string;
}

export interface HttpDeps {
  master: Pick<
    Master,
    | 'id'
    | 'intake'
    | 'definitions'
    | 'calendars'
    | 'backfills'
    | 'control'
    | 'gateway'
    | 'clusterStatus'
    | 'orders'
    | 'findings'
    | 'keeping'
    | 'storeStatus'
    | 'backups'
    | 'restoreGap'
    | 'locks'
    | 'scaling'
    | 'pools'
  >;
  db: Database;
  identity: Identity;
  clock: Clock;
  signals: Signals;
  log: Log;
  metrics: Metrics;
  /** The text of /metrics, with these gauges as they are now. */
  metricsText: (gauges: readonly GaugeReading[]) => string | Promise<string>;
  settings: HttpSettings;
  /** Called once with a defect; the owner stops the process. */
  fatal: (error: unknown) => void;
}

export interface DoorContext extends HttpDeps {
  credentials: Credentials;
  guard: Guard;
  streams: EventStreams;
  definitions: DefinitionCache;
  startedAt: number;
}
