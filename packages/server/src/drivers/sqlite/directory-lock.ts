// Who may use the database file: one process. Beside it lies a small database that its user holds locked exclusively;
// the operating system frees the lock however that process ends. It also remembers whether the last user closed in order.

import { Refusal } from '@tidewheel/protocol';
import { SqliteConnection } from './connection.ts';
import { isBusy } from './errors.ts';

export interface DirectoryLock {
  /** The last user closed in order, or there was none: the database file needs no check. */
  readonly clean: boolean;
  /** `clean` when everything was closed in order. */
  release(clean: boolean): void;
}

export function lockDatabase(path: string): DirectoryLock {
  const side = new SqliteConnection({
    path: `${path}-lock`,
    readOnly: false,
    busyTimeoutMs: 0,
    nowMs: () => 0,
    schema: { changes: 0 },
  });
  try {
    // In this mode the lock of the first write is kept until the connection is closed.
    side.exec('pragma locking_mode = exclusive');
    side.exec('begin exclusive');
    side.exec('create table if not exists last_use (clean integer not null)');
    const clean = side.query('select clean from last_use').every((row) => row['clean'] === 1);
    side.exec('delete from last_use; insert into last_use (clean) values (0)');
    side.exec('commit');
    return {
      clean,
      release: (closedInOrder) => {
        if (closedInOrder) side.exec('update last_use set clean = 1');
        side.close();
      },
    };
  } catch (error) {
    side.close();
    if (isBusy(error)) throw new Refusal('DATABASE_LOCKED', `another process uses ${path}`, { cause: error });
    throw error;
  }
}
