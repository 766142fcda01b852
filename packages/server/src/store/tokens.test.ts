import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { migrate } from './migrate.ts';
import { tokenCreate, tokensRevokeUnused, tokensPage, tokenTouch } from './tokens.ts';

test('tokens of one name that nobody has used for a day are ended, those in use and all others stay', async (t) => {
  const day = 86_400_000;
  let now = 1_800_000_000_000;
  const db = openSqlite({ path: ':memory:', nowMs: () => now });
  t.after(() => db.close());
  await migrate(db);
  const create = (name: string) =>
    tokenCreate(db, systemIdentity, { name, role: 'worker', namespace: 'default' }, null);
  const [used, unused, other] = [await create('pool'), await create('pool'), await create('other')];
  now += day;
  await tokenTouch(db, used.id);
  const young = await create('pool');
  now += 1;
  assert.equal(await tokensRevokeUnused(db, 'pool', day), 1);
  const left = (await tokensPage(db, { namespace: null, before: null, limit: 10 })).items.map(({ id }) => id);
  assert.deepEqual(new Set(left), new Set([used.id, other.id, young.id]));
  assert.ok(!left.includes(unused.id));
});
