// The page of backups in a real browser against a real server: a backup is made while one looks, and the gap of a restored store is closed.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { consoleBench } from './support/console-bench.ts';
import { eventually } from './support/tidewheel.ts';

describe('the console, around backups', () => {
  const at = consoleBench();

  test('the page hangs below the cluster, and says how to make the first one', async () => {
    await at.page.goto(await at.signInLink());
    await at.heading('Overview');
    await at.open('/n/default/cluster');
    await at.heading('Cluster');
    await at.page.locator('.page-head').getByRole('link', { name: 'Backups' }).click();
    await at.heading('Backups');
    await at.page.getByText('No backup was made yet').waitFor();
    await at.page.getByText('None counts yet').waitFor();
    const link = at.page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Cluster' });
    assert.equal(await link.getAttribute('aria-current'), 'page');
  });

  test('a backup is asked for, and counts when it was verified, while one looks', async () => {
    await at.page.getByRole('button', { name: 'Back up now' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Make a backup' });
    await dialog.getByRole('radio', { name: 'Rows, for a store of either engine' }).check();
    await dialog.getByRole('radio', { name: 'The store as it is' }).check();
    await dialog.getByRole('button', { name: 'Back up now' }).click();
    await at.said('A backup has begun');
    const row = at.page.getByRole('table', { name: 'Backups' }).locator('tbody tr');
    await row.locator('.badge').getByText('Verified').waitFor({ timeout: 60_000 });
    assert.match((await row.textContent()) ?? '', /SQLite file/);
    assert.match((await row.textContent()) ?? '', /\d (KiB|MiB)/);
    await at.page.getByText('Newest that counts:').waitFor();
  });

  test('old ones are forgotten only after a second word, and the newest stays', async () => {
    await at.page.getByRole('button', { name: 'Forget old ones' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Forget what the retention does not keep' });
    await dialog.getByRole('button', { name: 'Forget old ones' }).click();
    await at.said('0 backups were forgotten');
    assert.equal(await at.rows().count(), 1);
  });

  test('of a restored store the page shows what is not known, and a choice with a reason lets schedules fire again', async () => {
    const { client } = at.dev;
    const [backup] = (await client.backups.list().page()).items;
    // As a restore leaves it.
    const store = new DatabaseSync(join(at.dev.data, 'tidewheel.db'));
    store
      .prepare('insert into restore_gap (id, backup_id, from_at, restored_at) values (?, ?, ?, ?)')
      .run('0190aaaa-0000-7000-8000-000000000001', backup?.id ?? '', Date.now() - 60_000, Date.now());
    store.close();
    const card = at.page.getByRole('region', { name: 'Since the backup nothing is known' });
    await card.waitFor();
    await card.getByRole('row', { name: /beat/ }).waitFor();
    await card.getByRole('button', { name: 'Choose' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Close the gap' });
    await dialog.getByRole('radio', { name: 'Newest of each' }).check();
    assert.equal(await dialog.getByRole('button', { name: 'Choose' }).isDisabled(), true);
    await dialog.getByLabel('Reason').fill('a drill');
    await dialog.getByRole('button', { name: 'Choose' }).click();
    await at.said(/schedules fire again/);
    await card.waitFor({ state: 'detached', timeout: 40_000 });
    await eventually('a fire', async () => {
      const { items } = await client.runs.list({ limit: 1 }).page();
      return items[0] !== undefined && items[0].createdAt > Date.now() - 3000;
    });
    await assert.rejects(client.backups.gap(), { code: 'NOT_FOUND' });
  });

  test('nothing complained while the operator worked', () => {
    assert.deepEqual(at.problems.seen, []);
  });
});
