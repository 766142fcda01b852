// What must be so before the first query: a server that is new enough, and the function `now_ms()`.

import { Refusal } from '@tidewheel/protocol';
import type { Database } from '../../ports/database.ts';
import type { Log } from '../../ports/log.ts';

const oldestVersion = 150_000;
const bootstrapLock = 7_243_392_210;

// Stable, although the clock moves within a statement: the planner uses no index for `due_at <= now_ms()` when the
// function is volatile (20,000 schedules, none due: 5.7 ms volatile, 0.03 ms stable). Each statement still reads the clock anew.
const nowMs = `create or replace function now_ms() returns bigint language sql stable parallel safe
  as 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint'`;

export async function bootstrap(db: Database, log: Log): Promise<void> {
  const [server] = await db.query<Server>(
    `select current_setting('server_version_num')::integer as version, current_setting('server_version') as name,
       current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
       to_regprocedure('now_ms()') is not null as ready`,
  );
  if (server === undefined) throw new Error('PostgreSQL does not tell its version');
  assertVersion(server.version, server.name);
  for (const setting of ['fsync', 'synchronous_commit'] as const) {
    if (server[setting] === 'off')
      log.warn('a crash of PostgreSQL may lose what it has confirmed', { [setting]: 'off' });
  }
  if (server.ready === 1) return;
  await db.transaction(async (tx) => {
    // Two processes that replace a function at once get "tuple concurrently updated".
    await tx.query(`select pg_advisory_xact_lock(${bootstrapLock})`);
    await tx.query(nowMs);
  });
}

interface Server {
  version: number;
  name: string;
  fsync: string;
  synchronous_commit: string;
  ready: number;
}

export function assertVersion(version: number, name: string): void {
  if (version >= oldestVersion) return;
  throw new Refusal(
    'INVALID_CONFIG',
    `PostgreSQL ${name} is too old: Tidewheel needs version ${oldestVersion / 10_000} or newer`,
  );
}
