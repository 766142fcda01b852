// A master's context for tests: the real store in memory, a clock that is moved by hand, signals that arrive at once.

import { openSqlite } from '../../drivers/sqlite/database.ts';
import type { Database, Param, Tx } from '../../ports/database.ts';
import { noFailpoints } from '../../ports/failpoints.ts';
import { silentLog } from '../../ports/log.ts';
import { noMetrics } from '../../ports/metrics.ts';
import type { Signals, SignalTopic } from '../../ports/signals.ts';
import { ManualClock } from '../../ports/testing/manual-clock.ts';
import { DefinitionCache } from '../../store/definition-cache.ts';
import { leaseRows } from '../../store/lease-rows.ts';
import { migrate } from '../../store/migrate.ts';
import { seedId } from '../../store/testing/seed.ts';
import { masterDefaults, type MasterContext } from '../deps.ts';

export interface Bench {
  context: MasterContext;
  clock: ManualClock;
  fatal: unknown[];
  /** Single statements and transactions that reached the store. */
  statements: () => number;
  /** All statements, with those that begin and end transactions. */
  queries: () => number;
  close: () => Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const clock = new ManualClock();
  const real = openSqlite({ path: ':memory:', nowMs: () => clock.wallMs() });
  await migrate(real);
  let statements = 0;
  let queries = 0;
  const counted = (tx: Tx): Tx => ({
    dialect: tx.dialect,
    query: <T extends object>(sql: string, params?: readonly Param[]) => {
      queries += 1;
      return tx.query<T>(sql, params);
    },
  });
  const single = counted(real);
  const db: Database = {
    dialect: real.dialect,
    query: <T extends object>(sql: string, params?: readonly Param[]) => {
      statements += 1;
      return single.query<T>(sql, params);
    },
    transaction: (work) => {
      statements += 1;
      // Its begin and its commit.
      queries += 2;
      return real.transaction((tx) => work(counted(tx)));
    },
    close: () => real.close(),
  };
  const fatal: unknown[] = [];
  const signals = directSignals();
  const context: MasterContext = {
    db,
    coordinator: leaseRows({ db, signals }),
    clock,
    identity: {
      next: seedId,
      random: seedId,
      ofFire: (scheduleId, fireAt) => `${fireAt.toString(16).padStart(8, '0').slice(-8)}${scheduleId.slice(8)}`,
      fraction: () => 0.5,
      secret: seedId,
      hash: (text) => text,
    },
    signals,
    log: silentLog,
    metrics: noMetrics,
    settings: { ...masterDefaults, address: 'http://127.0.0.1:7070', version: 'test' },
    fatal: (error) => fatal.push(error),
    masterId: seedId(),
    failpoints: noFailpoints,
    definitions: new DefinitionCache(),
    posture: { resting: false },
  };
  return { context, clock, fatal, statements: () => statements, queries: () => queries, close: () => real.close() };
}

function directSignals(): Signals {
  const receivers = new Map<SignalTopic, Set<(detail: never) => void>>();
  return {
    publish: (topic, detail) => {
      for (const receive of receivers.get(topic) ?? []) receive(detail as never);
    },
    subscribe: (topic, receive) => {
      const set = receivers.get(topic) ?? new Set();
      receivers.set(topic, set.add(receive as (detail: never) => void));
      return () => set.delete(receive as (detail: never) => void);
    },
    close: () => Promise.resolve(),
  };
}
