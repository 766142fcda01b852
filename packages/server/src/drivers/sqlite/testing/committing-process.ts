// Commits small and larger transactions for as long as it may, and says each number on its standard output once the commit was acknowledged.
// Test code only: drivers/sqlite/power-cut.test.ts records what it asks of the operating system.

import { writeSync } from 'node:fs';
import { openSqlite } from '../database.ts';

const [path = '', transactions = '0'] = process.argv.slice(2);
const db = openSqlite({ path, nowMs: Date.now });
await db.query('create table if not exists kept (n integer not null primary key, text text not null)');
writeSync(1, 'acknowledged -1\n');
for (let n = 0; n < Number(transactions); n += 1) {
  await db.transaction(async (tx) => {
    await tx.query('insert into kept (n, text) values ($1, $2)', [n, 'x'.repeat((n * 997) % 9000)]);
    await tx.query('update kept set text = $2 where n = $1', [Math.floor(n / 2), `changed by ${n}`]);
  });
  writeSync(1, `acknowledged ${n}\n`);
}
await db.close();
