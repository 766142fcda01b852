// What a master is given: the store it works on, its ports and its settings. No service has anything else.

import type { Durability } from '@tidewheel/protocol';
import { type RetentionSettings, retentionDefaults } from '../core/retention.ts';
import type { SpaceSettings } from '../core/store-growth.ts';
import type { Clock } from '../ports/clock.ts';
import type { Coordinator } from '../ports/coordinator.ts';
import type { Database } from '../ports/database.ts';
import type { Failpoints } from '../ports/failpoints.ts';
import type { Identity } from '../ports/identity.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Signals } from '../ports/signals.ts';
import type { Scalers } from '../ports/scaler.ts';
import type { BackupMeans } from './backup/means.ts';
import type { Duty } from './duty.ts';
import type { DefinitionCache } from '../store/definition-cache.ts';

export interface MasterSettings {
  /** Address under which workers and other masters reach this one, such as http://127.0.0.1:7070. */
  address: string;
  version: string;
  /** Of the time zone database that this process computes with. */
  zoneDataVersion: string | null;
  /** Lease of a worker's session by the store's clock. */
  sessionTtlMs: number;
  heartbeatMs: number;
  /** How often a loop looks without being woken: the safety net under lost signals. */
  pollMs: number;
  masterTtlMs: number;
  idempotencyTtlMs: number;
  /** How long dead sessions stay visible. */
  sessionKeepMs: number;
  /** Runs that are made up for after an outage, of all schedules together. */
  catchUpPerSecond: number;
  /** How long history is kept. */
  retention: RetentionSettings;
  /** How large the store may become. */
  space: SpaceSettings;
  /** What the operator demands of the store. */
  durability: Durability;
  /** To the store, at the worst moment; zero where it is a file. */
  storeConnections: number;
}

export const masterDefaults: Omit<MasterSettings, 'address' | 'version'> = {
  zoneDataVersion: null,
  sessionTtlMs: 15_000,
  heartbeatMs: 3000,
  pollMs: 3000,
  masterTtlMs: 15_000,
  idempotencyTtlMs: 86_400_000,
  sessionKeepMs: 86_400_000,
  catchUpPerSecond: 20,
  retention: retentionDefaults,
  space: { budgetBytes: null, reserveBytes: 256 * 1024 * 1024 },
  durability: 'none',
  storeConnections: 0,
};

export interface MasterDeps {
  db: Database;
  coordinator: Coordinator;
  clock: Clock;
  identity: Identity;
  signals: Signals;
  log: Log;
  metrics: Metrics;
  settings: MasterSettings;
  /** What is free on the store's disk; absent where it is not a disk of this machine. */
  diskFreeBytes?: () => number;
  /** None unless a test composes the master with some. */
  failpoints?: Failpoints;
  /** What backups are made with; none are made without. */
  backups?: BackupMeans | null;
  /** What changes the number of workers of pools, by the kind of driver; none unless switched on. */
  scalers?: Scalers;
  /** What this master does besides while it leads. */
  duties?: readonly Duty[];
  /** Called once with a defect (a broken invariant above all); the owner stops the process so that another takes over. */
  fatal: (error: unknown) => void;
}

/** What the services of one master share besides. */
export interface MasterContext extends MasterDeps {
  masterId: string;
  /** `resting`: drained by order, so it fires nothing and claims nothing. Set by the station. */
  posture: { resting: boolean };
  failpoints: Failpoints;
  definitions: DefinitionCache;
}
