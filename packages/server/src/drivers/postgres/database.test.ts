// PostgreSQL keeps what the port promises.

import pg from 'pg';
import { createDatabase } from '../../../../../test/support/postgres.ts';
import { testDatabase } from '../../ports/conformance/database.ts';
import { silentLog } from '../../ports/log.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { openPostgres } from './database.ts';

let schemas = 0;
const database = createDatabase();

/** A schema is as good as a database for these tests, and ten times as fast to make. */
async function freshSchema(): Promise<string> {
  const { url } = await database;
  const name = `fresh_${(schemas += 1)}`;
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`create schema ${name}`);
  await client.end();
  return `${url}?options=-c%20search_path%3D${name}`;
}

testDatabase('PostgreSQL', async () => {
  const db = await openPostgres({
    url: await freshSchema(),
    clock: systemClock,
    identity: systemIdentity,
    log: silentLog,
  });
  return { db, close: () => db.close() };
});
