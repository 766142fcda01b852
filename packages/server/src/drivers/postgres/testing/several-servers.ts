// What tests with several PostgreSQL servers share. Test code only.

import pg from 'pg';
import type { PostgresCluster } from '../../../../../../test/support/postgres.ts';

/** One URL for several servers. */
export function together(...urls: string[]): string {
  const [first = ''] = urls;
  const url = new URL(first);
  return first.replace(url.host, urls.map((one) => new URL(one).host).join(','));
}

/** Past everything that is tested. */
export async function admin<T>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

/** Until the standby has all that the primary has. */
export async function caughtUp(one: PostgresCluster): Promise<void> {
  const sql = `select coalesce(min(pg_current_wal_lsn() - replay_lsn), 1)::integer as behind from pg_stat_replication`;
  for (;;) if ((await admin<{ behind: number }>(one.url, sql))[0]?.behind === 0) return;
}
