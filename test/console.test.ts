// The console in a real browser against a real server: what an operator does on a normal day.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { consoleBench } from './support/console-bench.ts';
import { eventually } from './support/tidewheel.ts';

describe('the console, on a normal day', () => {
  const at = consoleBench();

  test('the operator signs in', async () => {
    await at.page.goto(await at.signInLink());
    await at.heading('Overview');
  });

  test('the overview counts finished runs by itself', async () => {
    await at.open('/n/default');
    const tile = at.page.locator('.tile').filter({ hasText: 'Success rate' });
    const finished = async () => Number(/of (\d+) finished/.exec((await tile.textContent()) ?? '')?.[1] ?? 0);
    const first = await eventually('a finished run on the overview', async () => (await finished()) || undefined);
    await eventually('more finished runs without a reload', async () => (await finished()) > first + 1);
    await at.page.getByText('No worker can take').waitFor({ state: 'detached' });
  });

  test('a fire appears in the ledger of its schedule while one looks', async () => {
    await at.open('/n/default/schedules/beat');
    await at.heading('beat');
    await at.page.getByText('Every second').waitFor();
    await at.page.getByText('Asia/Shanghai').first().waitFor();
    const newest = () => at.page.getByRole('table', { name: 'Fire ledger' }).getByRole('row').nth(1).textContent();
    const before = await newest();
    await eventually('a newer fire on top', async () => (await newest()) !== before);
    await at.page.getByText('Fired').first().waitFor();
    assert.ok((await at.page.locator('.upcoming li').count()) > 3);
  });

  test('pausing needs a reason, which everyone then sees; resuming makes it fire again', async () => {
    await at.open('/n/default/schedules/beat');
    await at.page.getByRole('button', { name: 'Pause' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Pause beat' });
    assert.equal(await dialog.getByRole('button', { name: 'Pause' }).isDisabled(), true);
    await dialog.getByLabel('Reason').fill('the sea is calm');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await at.said('beat is paused');
    await at.page.getByText(/Paused by .*: the sea is calm/).waitFor();
    assert.equal((await at.dev.client.schedules.get('beat')).state, 'paused');
    await at.open('/n/default/schedules?state=paused');
    await at.page.getByRole('table').getByText('the sea is calm').waitFor();
    await at.page.getByRole('button', { name: 'Resume: beat' }).click();
    await at.said('enabled again');
    await at.page.getByText('No schedule matches these filters').waitFor();
    assert.equal((await at.dev.client.schedules.get('beat')).state, 'enabled');
  });

  test('a schedule is triggered from the list, and the answer leads to the run', async () => {
    await at.open('/n/default/schedules?q=NIGHTLY');
    await at.page.getByText('Every day at 03:30').waitFor();
    await at.page.getByRole('button', { name: 'Trigger now: nightly/report' }).click();
    await at.page.locator('.toast').getByRole('link', { name: 'Open it' }).click();
    await at.heading('nightly/report');
    await at.page.locator('.page-head').getByText('Succeeded').waitFor();
    await at.page.getByRole('link', { name: 'nightly/report' }).first().click();
    await at.heading('nightly/report');
    assert.equal(at.path(), '/n/default/jobs/nightly%2Freport');
  });

  test('a job is run with a payload; a fault in it is named with its place and nothing is sent', async () => {
    await at.open('/n/default/jobs/broken');
    await at.page.getByRole('button', { name: 'Run now' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Run broken now' });
    const field = dialog.getByLabel('Payload');
    assert.match(await field.inputValue(), /monday/);
    await field.fill('{\n  "day": tuesday\n}');
    await dialog.getByText('“t” does not fit at line 2, column 10').waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Run', exact: true }).isDisabled(), true);
    await field.fill('{"day": "tuesday"}');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await at.page.locator('.toast').getByRole('link', { name: 'Open it' }).click();
    await at.page.locator('.page-head').getByText('Failed').waitFor();
    await at.page.getByLabel('Payload').getByText('"tuesday"').waitFor();
    await at.page.getByText('exit code 3').first().waitFor();
    await at.page.getByRole('log').getByText('to stderr').waitFor();
  });

  test('a failed run is retried with another payload as a new run', async () => {
    const failed = at.path();
    await at.page.getByRole('button', { name: 'Retry' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Retry as a new run' });
    await dialog.getByRole('radio', { name: 'Edited payload' }).check();
    await dialog.getByLabel('Payload', { exact: true }).last().fill('{"day": "wednesday"}');
    await dialog.getByRole('button', { name: 'Make the run' }).click();
    await at.said('A new run was made');
    await eventually('the page of the new run', async () => at.path() !== failed);
    await at.page.getByLabel('Payload').getByText('"wednesday"').waitFor();
    await at.page.getByText('Retry of').waitFor();
  });

  test('a log is followed live, in colour, as text, can be searched, and stops following when one scrolls up', async () => {
    await at.open(`/n/default/runs/${await at.trigger('talker')}`);
    const log = at.page.getByRole('log');
    await log.locator('.ansi-1', { hasText: 'red words' }).waitFor();
    await log.getByText('<b>markup</b> stays text').waitFor();
    await log.getByText('line 12', { exact: true }).waitFor();
    const lines = () => log.locator('.line').count();
    const before = await lines();
    await eventually('more lines', async () => (await lines()) > before + 5);
    await eventually(
      'enough lines to scroll',
      async () => (await log.evaluate((box) => box.scrollHeight - box.clientHeight)) > 100,
    );
    const atEnd = () => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 24);
    await eventually('the end in view', atEnd);
    // Also when a line comes before the page has heard of the scrolling.
    for (let times = 0; times < 5; times += 1) {
      await log.evaluate((box) => box.scrollTo(0, 0));
      await at.page.getByRole('button', { name: 'Follow' }).click();
      await eventually('the end in view again', atEnd);
    }
    await at.page.getByRole('searchbox', { name: 'Search in the log' }).fill('LINE 1');
    await at.page
      .locator('.log-bar')
      .getByText(/^1 of \d+$/)
      .waitFor();
    assert.ok((await log.locator('mark').count()) > 1);
    await at.page.getByRole('searchbox', { name: 'Search in the log' }).fill('no such words');
    await at.page.getByText('no match').waitFor();
    await at.page.getByRole('searchbox', { name: 'Search in the log' }).fill('');
  });

  test('a log is copied and downloaded', async () => {
    await at.page.getByRole('button', { name: 'Copy log' }).click();
    await at.page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.match(await at.page.evaluate<string>('navigator.clipboard.readText()'), /^red words and plain\n<b>markup/);
    const [download] = await Promise.all([
      at.page.waitForEvent('download'),
      at.page.getByRole('button', { name: 'Download log' }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^talker-.*-1\.log$/);
    assert.match(readFileSync(await download.path(), 'utf8'), /Z stdout red words and plain\n/);
  });

  test('a running run is canceled with a reason and the page follows to the end', async () => {
    await at.open(`/n/default/runs/${await at.trigger('endless')}`);
    await at.page.getByRole('log').getByText('started').waitFor();
    await at.page
      .locator('.page-head')
      .getByText(/running for/)
      .waitFor();
    await at.page.getByRole('button', { name: 'Cancel' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Cancel this run' });
    await dialog.getByLabel(/Reason/).fill('wrong input');
    await dialog.getByRole('button', { name: 'Cancel the run' }).click();
    await at.said(/asked to stop|was canceled/);
    await at.page.locator('.page-head').getByText('Canceled').waitFor();
    assert.equal(await at.page.getByRole('button', { name: 'Cancel' }).count(), 0);
  });

  test('a run that waits says why', async () => {
    await at.open(`/n/default/runs/${await at.trigger('nobody')}`);
    await at.page.getByText(/carries the labels site=moon/).waitFor();
    await at.page
      .locator('.page-head')
      .getByText(/waiting for/)
      .waitFor();
    await at.open('/n/default');
    await at.page.getByText('No worker can take default shell site=moon').waitFor();
  });

  test('filters live in the address and survive a reload; rows do not jump when new runs come', async () => {
    await at.open('/n/default/runs');
    await at.page.getByRole('button', { name: 'Failed' }).click();
    await at.page.getByRole('combobox', { name: 'Created' }).selectOption({ label: 'last hour' });
    await at.page.getByRole('combobox', { name: 'Job name' }).fill('broken');
    await eventually(
      'all filters in the address',
      async () => at.path() === '/n/default/runs?state=failed&job=broken&window=1h',
    );
    await eventually('two failed runs', async () => (await at.page.getByRole('table').getByRole('row').count()) === 3);
    await at.page.reload();
    await eventually(
      'the same rows after a reload',
      async () => (await at.page.getByRole('table').getByRole('row').count()) === 3,
    );
    assert.equal(await at.page.getByRole('button', { name: 'Failed' }).getAttribute('aria-pressed'), 'true');
    await at.page.getByRole('button', { name: 'Clear filters' }).click();
    assert.equal(at.path(), '/n/default/runs');
    const first = () =>
      at.page.getByRole('table').getByRole('row').nth(1).getByRole('link').first().getAttribute('href');
    const before = await eventually('a first row', first as () => Promise<string>);
    const more = at.page.getByRole('button', { name: /new run/ });
    await more.waitFor();
    assert.equal(await first(), before);
    await more.click();
    await eventually('the new runs on top', async () => (await first()) !== before);
  });

  test('older runs are loaded when asked for, none twice', async () => {
    await at.dev.client.runs.triggerBatch(Array.from({ length: 60 }, () => ({ job: 'nobody' })));
    await at.open('/n/default/runs');
    await at.rows().nth(49).waitFor();
    const before = await at.rows().count();
    await at.page.getByRole('button', { name: 'Load more' }).click();
    await eventually('more rows', async () => (await at.rows().count()) > before);
    const links = await at
      .rows()
      .locator('a.plain-link')
      .evaluateAll((found) => found.map((link) => link.getAttribute('href')));
    assert.equal(new Set(links).size, links.length);
  });

  test('the workers page shows the worker and its load', async () => {
    await at.open('/n/default/workers');
    const worker = at.page.getByRole('article', { name: 'dev' });
    await worker.getByText('Live').waitFor();
    await worker
      .getByText(/\d+ of 10/)
      .first()
      .waitFor();
    await worker.getByText('MiB').waitFor();
    await worker.getByText('shell', { exact: true }).waitFor();
  });

  test('the workers page tells the round trip to the master', async () => {
    await at.open('/n/default/workers');
    const worker = at.page.getByRole('article', { name: 'dev' });
    const roundTrip = worker.locator('.unit-stats div').filter({ hasText: 'Round trip' });
    await eventually('a measured round trip', async () => /\d ms/.test((await roundTrip.textContent()) ?? ''));
  });

  test('a lock appears while one looks, and its holder is told at once who took it away and why', async () => {
    await at.open('/n/default/locks');
    await at.page.getByText('Nobody holds a lock').waitFor();
    await using lock = await at.dev.client.locks.acquire('reports/daily', { ttl: '1h', label: 'nightly export' });
    const row = at.rows().filter({ hasText: 'reports/daily' });
    await row.getByText('nightly export').waitFor();
    await row.getByText('of 1 h').waitFor();
    await row.getByRole('button', { name: 'Release by force: reports/daily' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Take reports/daily away' });
    const confirm = dialog.getByRole('button', { name: 'Release by force' });
    assert.equal(await confirm.isDisabled(), true);
    await dialog.getByLabel('Reason').fill('its host burnt down');
    await confirm.click();
    await at.said(/reports\/daily was taken away from/);
    await at.page.getByText('Nobody holds a lock').waitFor();
    await eventually('the holder knows', async () => lock.lost.aborted);
    assert.match(String(lock.lost.reason), /was released by .+: its host burnt down/);
    await at.page.getByRole('radio', { name: 'Held lately, too' }).check();
    await row.getByText('Free').waitFor();
    assert.equal(at.path(), '/n/default/locks?show=all');
  });

  test('the cluster page shows who leads, what it stands on, and what the self-check means', async () => {
    await at.open('/n/default');
    await at.heading('Overview');
    await at.page.keyboard.press('g');
    await at.page.keyboard.press('c');
    await at.heading('Cluster');
    await at.page.locator('.page-head').getByText('All is well').waitFor();
    const master = at.page.locator('.units-masters article');
    assert.equal(await master.count(), 1);
    await master.getByText('Leader').waitFor();
    await at.page.getByText(/SQLite · single · \S+ ms/).waitFor();
    await at.page.getByText('Runs of lost workers').click();
    await at.page.getByText(/gone for more than a minute/).waitFor();
  });

  test('an order that cannot be carried out is refused with the way out, and nothing changes', async () => {
    at.problems.expected.push(/status of 409/);
    await at.page.getByRole('button', { name: 'Drain' }).click();
    const dialog = at.page.getByRole('dialog', { name: /^Drain http/ });
    await dialog.getByLabel('Reason').fill('new kernel');
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await at.said('LAST_MASTER');
    await dialog.getByRole('button', { name: 'Back' }).click();
    await at.page.locator('.units-masters').getByText('Active').waitFor();
    at.problems.expected.pop();
  });

  test('a leader steps down for a reason, and its election is in the list while one looks', async () => {
    const elections = at.page.getByRole('table', { name: 'Elections' });
    const terms = () => elections.locator('tbody tr').count();
    const before = await terms();
    await at.page.getByRole('button', { name: 'Step down' }).click();
    const dialog = at.page.getByRole('dialog', { name: /step down$/ });
    await dialog.getByLabel('Reason').fill('a drill');
    await dialog.getByRole('button', { name: 'Step down' }).click();
    await at.said(/was asked to step down/);
    await elections.getByText('asked to step down').first().waitFor();
    await eventually('the next term', async () => (await terms()) > before, 20_000);
  });

  test('nothing complained while the operator worked', () => {
    assert.deepEqual(at.problems.seen, []);
  });
});
