// The leader's duty to write down how large the store is, and what there is to say of it to people.

import type { StoreStatus } from '@tidewheel/protocol';
import type { SpaceLevel } from '@tidewheel/protocol';
import type { Database } from '../ports/database.ts';
import { eventsAppend, wholeCell } from '../store/events.ts';
import { storeNow } from '../store/jobs.ts';
import { retentionFacts, sizeRecord, tableSizes } from '../store/store-size.ts';
import type { MasterContext } from './deps.ts';
import type { Duty } from './duty.ts';
import type { SpaceWatch } from './space-watch.ts';

const recordEveryMs = 600_000;
const lookMs = 10_000;

/** Also an event when the level changes, so that one finds later when it was full. */
export function storeSizes({ clock, identity }: MasterContext, space: SpaceWatch): Duty {
  return {
    name: 'store sizes',
    begin: (leader) => {
      let recordedAtMs = Number.NEGATIVE_INFINITY;
      let told: SpaceLevel = 'ok';
      return async () => {
        const { level, usedBytes, freeBytes, freeOf } = space.now;
        if (level !== told) {
          const detail = { usedBytes, freeBytes, freeOf };
          const event = { namespace: wholeCell, actor: 'leader', action: `store.${level}`, subject: 'store', detail };
          await leader.transaction((tx) => eventsAppend(tx, identity, [event]));
          told = level;
        }
        if (usedBytes > 0 && clock.monotonicMs() - recordedAtMs >= recordEveryMs) {
          await leader.transaction((tx) => sizeRecord(tx, usedBytes));
          recordedAtMs = clock.monotonicMs();
        }
        return lookMs;
      };
    },
  };
}

export async function storeStatus(db: Database, space: SpaceWatch): Promise<StoreStatus> {
  await space.look();
  const { fullInMs, ...now } = space.now;
  const at = await storeNow(db);
  return {
    at,
    engine: db.dialect.engine,
    ...now,
    fullAt: fullInMs === null ? null : at + fullInMs,
    tables: await tableSizes(db),
    estimated: db.dialect.engine === 'sqlite',
    ...(await retentionFacts(db)),
  };
}
