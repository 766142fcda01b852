// The coordinator of cells that have no other one: lease rows in the store itself. Changes are told by signals; a lease that runs
// out tells nobody, so whoever waits asks how long it still lasts.

import { type Coordinator, CoordinatorUnavailable } from '../ports/coordinator.ts';
import { type Database, OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import type { Signals } from '../ports/signals.ts';
import { leaseAcquire, leaseHolder, leaseRelease, leaseRenew } from './leases.ts';

/** Shorter would be detected sooner, and taken for dead more often; renewing it costs two statements in three seconds. */
const ttlMs = 4500;
const origin = 'store';

export function leaseRows(deps: { db: Database; signals: Signals }): Coordinator {
  const { db, signals } = deps;
  const changed = (name: string): void => signals.publish('leases', { names: [name] });
  return {
    kind: 'store',
    ttlMs,
    // Of an unknown outcome nothing needs to be read back: the same holder may take the lease again, by a larger token.
    acquire: (name, holder, ttl) =>
      answered(async () => {
        const token = await leaseAcquire(db, name, holder, ttl);
        if (token === null) return null;
        changed(name);
        return { name, holder, token, ttlMs: ttl, origin, handle: '' };
      }),
    renew: ({ name, holder, token }) => answered(() => leaseRenew(db, name, holder, token)),
    release: ({ name, holder, token }) =>
      answered(async () => {
        if (await leaseRelease(db, name, holder, token)) changed(name);
      }),
    holder: (name) => answered(() => leaseHolder(db, name)),
    watch: (name, hear) =>
      signals.subscribe('leases', ({ names }) => {
        if (names.includes(name)) hear();
      }),
    probe: () =>
      answered(async () => {
        await db.query('select now_ms() as now');
        return [];
      }),
    close: () => Promise.resolve(),
  };
}

async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof StoreUnavailable || error instanceof OutcomeUnknown)) throw error;
    throw new CoordinatorUnavailable(error.message, { cause: error });
  }
}
