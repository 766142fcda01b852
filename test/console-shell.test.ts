// What holds on every page of the console: signing in and out, keys, languages, themes, zones, lost connections, phones, names of
// controls.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { consoleBench } from './support/console-bench.ts';
import { eventually, repositoryRoot } from './support/tidewheel.ts';

/** Runs in the page, as text, because this file knows no DOM: controls without a name, and ids that stand twice. */
const badControls = `(() => {
  const nameless = [...document.querySelectorAll('button, a[href], input, select, textarea, [role=option]')].filter((control) => {
    const labels = [...(control.labels ?? [])].map((label) => label.textContent);
    return [control.getAttribute('aria-label'), control.textContent, ...labels].every((words) => (words ?? '').trim() === '');
  });
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  const doubled = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [...nameless.map((control) => control.outerHTML.slice(0, 200)), ...doubled.map((id) => '#' + id)];
})()`;

describe('the console, everywhere', () => {
  const at = consoleBench();

  test('a one-time link signs in and the code leaves the address', async () => {
    await at.page.goto(await at.signInLink());
    await at.heading('Overview');
    assert.equal(at.path(), '/n/default');
    assert.equal(new URL(at.page.url()).hash, '');
    await at.page.getByText('Live', { exact: true }).waitFor();
  });

  test('a link that was used says so and tells how to get a new one', async () => {
    at.problems.expected.push(/401/);
    const used = await at.signInLink();
    const other = await at.context.newPage();
    await other.goto(used);
    await other.getByText('This link does not work any more').waitFor();
    await other.getByText('tidewheel token sign-in').waitFor();
    await other.close();
    at.problems.expected.pop();
  });

  test('keys: go, search, sheet, palette', async () => {
    await at.open('/n/default');
    await at.heading('Overview');
    await at.page.keyboard.press('g');
    await at.page.keyboard.press('j');
    await at.heading('Jobs');
    await at.page.keyboard.press('/');
    await at.page.keyboard.type('nightly');
    await eventually('the search in the address', async () => at.path() === '/n/default/jobs?q=nightly');
    await eventually('one job left', async () => (await at.page.getByRole('table').locator('tbody tr').count()) === 1);
    await at.page.locator('body').click();
    await at.page.keyboard.press('?');
    await at.page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await at.page.keyboard.press('Escape');
    await at.page.getByRole('dialog').waitFor({ state: 'detached' });
    await at.page.keyboard.press('Control+k');
    await at.page.getByRole('combobox', { name: 'Command palette' }).fill('talk');
    await at.page.getByRole('option', { name: 'talker' }).waitFor();
    await at.page.keyboard.press('Enter');
    await at.heading('talker');
  });

  test('the language changes at once, everywhere, and stays', async () => {
    await at.open('/n/default/schedules');
    await at.page.getByRole('button', { name: 'Settings' }).click();
    await at.page.getByRole('radio', { name: '简体中文' }).check();
    await at.heading('调度计划');
    assert.equal(await at.page.locator('html').getAttribute('lang'), 'zh-CN');
    await at.page.getByText('每天 03:30').waitFor();
    await at.page.reload();
    await at.heading('调度计划');
    await at.page.getByRole('button', { name: '设置' }).click();
    await at.page.getByRole('radio', { name: 'English' }).check();
    await at.heading('Schedules');
  });

  test('dark and light: the choice wins over the system, "system" follows it', async () => {
    await at.page.emulateMedia({ colorScheme: 'light' });
    await at.open('/n/default');
    const ground = () => at.page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await at.page.getByRole('button', { name: 'Settings' }).click();
    await at.page.getByRole('radio', { name: 'Dark' }).check();
    const dark = await ground();
    assert.notEqual(dark, light);
    await at.page.reload();
    assert.equal(await ground(), dark);
    await at.page.getByRole('button', { name: 'Settings' }).click();
    await at.page.getByRole('radio', { name: 'System' }).check();
    assert.equal(await ground(), light);
    await at.page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await ground(), dark);
  });

  test('times are shown in the zone that one chooses', async () => {
    await at.open('/n/default/schedules/nightly%2Freport');
    const next = at.page.locator('.upcoming time').first();
    await next.waitFor();
    const texts: string[] = [];
    for (const _mode of ['local', 'utc', 'job']) {
      texts.push((await next.getAttribute('title')) ?? '');
      await at.page.locator('.zone-clock').click();
    }
    assert.match(texts[0] ?? '', /03:30:00 Europe\/Berlin/);
    assert.match(texts[1] ?? '', /0[12]:30:00 UTC/);
    assert.match(texts[2] ?? '', /03:30:00 Europe\/Berlin/);
  });

  test('a lost connection is told, and mends itself', async () => {
    at.problems.expected.push(/ERR_FAILED|Failed to load resource/);
    await at.context.route('**/live', (route) => route.abort());
    await at.open('/n/default');
    await at.page.getByText(/Connection lost/).waitFor();
    await at.context.unroute('**/live');
    await at.page.getByRole('button', { name: 'Try now' }).click();
    await at.page.getByText(/Connected again/).waitFor();
    await at.page.getByText('Live', { exact: true }).waitFor();
    at.problems.expected.pop();
  });

  test('answers that were kept from before an outage of the store are told, in both languages, and then all is asked anew', async () => {
    const stale = { 'tidewheel-stale': '90' };
    await at.context.route('**/v1/namespaces/default/jobs*', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), ...stale } });
    });
    await at.open('/n/default/jobs');
    await at.page
      .getByRole('alert')
      .getByText(/The store does not answer. What you see is from/)
      .waitFor();
    await at.page.evaluate(`localStorage.setItem('tidewheel.language', 'zh')`);
    await at.page.reload();
    await at.page
      .getByRole('alert')
      .getByText(/存储没有应答。当前内容截至/)
      .waitFor();
    await at.page.evaluate(`localStorage.setItem('tidewheel.language', 'en')`);
    await at.page.reload();
    await at.page.getByText(/The store does not answer/).waitFor();
    await at.context.unroute('**/v1/namespaces/default/jobs*');
    await at.page.getByText(/The store does not answer/).waitFor({ state: 'detached' });
  });

  test('what does not exist is refused with code and remedy', async () => {
    at.problems.expected.push(/404/);
    await at.open('/n/default/jobs/no-such-job');
    await at.page.getByRole('alert').getByText('NOT_FOUND').waitFor();
    await at.open('/n/default/nonsense');
    await at.heading('There is no such page');
    at.problems.expected.pop();
  });

  const pages = [
    '',
    '/schedules',
    '/schedules/beat',
    '/coming',
    '/calendars',
    '/try',
    '/runs',
    '/jobs',
    '/jobs/beat',
    '/workers',
  ];
  const allThere = () =>
    eventually('every part of the page', async () => (await at.page.locator('.loading').count()) === 0);

  test('namespaces are switched, each with its own pages; an empty one tells how to begin', async () => {
    const { url, token } = at.dev.access;
    const apply = (namespace: string, jobs: object[]) =>
      fetch(`${url}/v1/namespaces/${namespace}/apply`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ jobs }),
      });
    assert.equal((await apply('harbour', [{ name: 'crane', shell: { argv: ['true'] } }])).status, 200);
    await at.open('/n/default/jobs');
    await at.page.getByRole('combobox', { name: 'Namespace' }).selectOption('harbour');
    await at.page.getByRole('link', { name: 'crane' }).waitFor();
    assert.equal(at.path(), '/n/harbour/jobs');
    await at.open('/n/harbour');
    await at.page.getByText('Welcome. Nothing has run here yet.').waitFor();
    await at.page.getByText('tidewheel apply -f jobs.yaml --namespace harbour').waitFor();
  });

  test('every page fits a phone of 360 pixels, in both languages', async () => {
    await at.page.setViewportSize({ width: 360, height: 740 });
    const run = (await at.dev.client.runs.list().take(1))[0]?.id ?? '';
    for (const language of ['zh', 'en']) {
      await at.page.evaluate(`localStorage.setItem('tidewheel.language', '${language}')`);
      for (const path of [...pages, `/runs/${run}`]) {
        await at.open(`/n/default${path}`);
        await at.page.locator('h1').waitFor();
        await allThere();
        const over = await at.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        assert.ok(over <= 0, `${path || '/'} is ${over} pixels too wide (${language})`);
      }
    }
    await at.page.setViewportSize({ width: 1280, height: 800 });
  });

  test('every control has a name and every id is there once', async () => {
    for (const path of pages) {
      await at.open(`/n/default${path}`);
      await at.page.locator('h1').waitFor();
      await allThere();
      assert.deepEqual(await at.page.evaluate<string[]>(badControls), [], path);
    }
  });

  test('a viewer sees everything and is told which role the buttons need', async () => {
    await at.context.route('**/v1/session', (route) =>
      route.fulfill({ json: { name: 'looker', role: 'viewer', namespace: 'default' } }),
    );
    await at.open('/n/default/schedules/beat');
    const pause = at.page.getByRole('button', { name: 'Pause' });
    await pause.waitFor();
    assert.equal(await pause.isDisabled(), true);
    assert.equal(await pause.getAttribute('title'), 'Needs the role operator; you have viewer');
    await at.context.unroute('**/v1/session');
  });

  test('a page that breaks leaves the frame standing and says so', async () => {
    at.problems.expected.push(/./);
    await at.context.route('**/overview', (route) => route.fulfill({ json: {} }));
    await at.open('/n/default');
    await at.page.getByText('This page broke').waitFor();
    await at.context.unroute('**/overview');
    await at.page.getByRole('link', { name: 'Jobs' }).click();
    await at.heading('Jobs');
    at.problems.expected.pop();
  });

  test('signing out ends the session, in other tabs too', async () => {
    await at.open('/n/default');
    const other = await at.context.newPage();
    await other.goto(`${at.dev.access.url}/n/default/schedules`);
    await other.getByRole('heading', { level: 1, name: 'Schedules' }).waitFor();
    at.problems.expected.push(/401/);
    await at.page.getByRole('button', { name: 'Sign out' }).click();
    await at.page.getByText('You have signed out.').waitFor();
    // Its live stream may tell the other tab before anybody clicks; the link is gone then.
    const ended = other.getByText('Your session has ended.').waitFor();
    await Promise.race([ended, other.getByRole('link', { name: 'Jobs' }).click()]);
    await ended;
    await other.close();
    await at.open('/n/default/runs');
    await at.page.getByText('tidewheel token sign-in').waitFor();
    at.problems.expected.pop();
  });

  test('the first page needs at most 120 KB of JavaScript', () => {
    const dist = join(repositoryRoot, 'packages/console/dist');
    const index = readFileSync(join(dist, 'index.html'), 'utf8');
    const scripts = Array.from(index.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g), ([, path]) => join(dist, path ?? ''));
    assert.ok(scripts.length >= 2);
    const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
    assert.ok(bytes <= 120 * 1024, `${bytes} bytes`);
  });

  test('nothing complained all the while: no console errors, no violations of the content policy', () => {
    assert.deepEqual(at.problems.seen, []);
  });
});
