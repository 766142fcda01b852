// The console in a real browser against a real server: what an operator does on a normal day, and what must never happen meanwhile
// (errors in the console, violations of the content policy, controls without a name, pages wider than a phone).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { browserLaunch } from './support/chromium.ts';
import { Dev, eventually, repositoryRoot } from './support/tidewheel.ts';

const jobs = `
jobs:
  - name: beat
    shell: {argv: [echo, tick]}
    schedules: [{name: beat, cron: "* * * * * *", timezone: Asia/Shanghai}]
  - name: talker
    shell:
      interpreter: [/bin/bash, -e]
      script: |
        printf '\\033[31mred words\\033[0m and plain\\n'
        echo "<b>markup</b> stays text"
        for i in $(seq 1 400); do echo "line $i"; sleep 0.1; done
  - name: endless
    shell: {script: "echo started; sleep 600"}
    timeout: {kill: 200ms}
  - name: broken
    shell: {script: "echo to stderr >&2; exit 3"}
    payload: {day: monday}
  - name: nightly/report
    description: A name with a slash.
    shell: {argv: ["true"]}
    schedules: [{name: nightly/report, cron: "30 3 * * *", timezone: Europe/Berlin}]
  - name: nobody
    selector: {site: moon}
    shell: {argv: ["true"]}
`;

const consoleFolder = join(repositoryRoot, 'packages/console');

/** `npm test` has built it before; a run of this file alone must not test an older build. */
function buildWhenStale(): void {
  const built = mtimeOf(join(consoleFolder, 'dist/index.html'));
  const sources = readdirSync(join(consoleFolder, 'src'), { recursive: true, encoding: 'utf8' });
  const newest = Math.max(...sources.map((path) => mtimeOf(join(consoleFolder, 'src', path))));
  if (built > newest) return;
  const vite = join(repositoryRoot, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: consoleFolder });
}

function mtimeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// What runs inside the page is text, because this file is compiled for Node and knows no DOM.

const reportViolations = `document.addEventListener('securitypolicyviolation', (event) => {
  void window.noteViolation(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
});`;

/** Controls without a name, and ids that stand twice. */
const badControls = `(() => {
  const nameless = [...document.querySelectorAll('button, a[href], input, select, textarea, [role=option]')].filter((control) => {
    const labels = [...(control.labels ?? [])].map((label) => label.textContent);
    return [control.getAttribute('aria-label'), control.textContent, ...labels].every((words) => (words ?? '').trim() === '');
  });
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  const doubled = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [...nameless.map((control) => control.outerHTML.slice(0, 200)), ...doubled.map((id) => '#' + id)];
})()`;

interface Problems {
  /** What the browser or the page complained about. */
  readonly seen: string[];
  /** Complaints that a test brings about on purpose. */
  readonly expected: RegExp[];
}

async function openBrowser(profile: string, problems: Problems): Promise<BrowserContext> {
  const { executablePath, args, headless } = browserLaunch();
  const quiet = ['quic', 'background-networking', 'component-update', 'sync'].map((name) => `--disable-${name}`);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless,
    args: [...args, ...quiet, '--no-first-run'],
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const note = (text: string) => {
    if (!problems.expected.some((pattern) => pattern.test(text))) problems.seen.push(text);
  };
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => note(`error: ${error.error().stack ?? error.error().message}`));
  await context.exposeFunction('noteViolation', (text: string) => note(`policy: ${text}`));
  await context.addInitScript(reportViolations);
  context.setDefaultTimeout(15_000);
  return context;
}

describe('the console', () => {
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-console-'));
  const problems: Problems = { seen: [], expected: [] };
  let dev: Dev;
  let context: BrowserContext;
  let page: Page;
  let address = '';

  before(async () => {
    buildWhenStale();
    writeFileSync(join(home, 'jobs.yaml'), jobs);
    dev = await Dev.start(join(home, 'data'), ['--jobs', join(home, 'jobs.yaml')]);
    address = dev.access.url;
    context = await openBrowser(join(home, 'profile'), problems);
    page = await context.newPage();
  });
  after(async () => {
    await context?.close();
    await dev?.end('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  const open = (path: string) => page.goto(address + path);
  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
  const said = (text: string | RegExp) => page.locator('.toast').filter({ hasText: text }).first().waitFor();
  const pathOf = () => new URL(page.url()).pathname + new URL(page.url()).search;
  const trigger = async (job: string) => (await dev.client.runs.trigger({ job })).runId;
  const rowsOf = () => page.getByRole('table').locator('tbody tr');

  test('a one-time link signs in and the code leaves the address', async () => {
    await page.goto((await dev.says(/http:\S+\/sign-in#\S+/))[0]);
    await heading('Overview');
    assert.equal(pathOf(), '/n/default');
    assert.equal(new URL(page.url()).hash, '');
    await page.getByText('Live', { exact: true }).waitFor();
  });

  test('a link that was used says so and tells how to get a new one', async () => {
    problems.expected.push(/401/);
    const used = (await dev.says(/http:\S+\/sign-in#\S+/))[0];
    const other = await context.newPage();
    await other.goto(used);
    await other.getByText('This link does not work any more').waitFor();
    await other.getByText('tidewheel token sign-in').waitFor();
    await other.close();
    problems.expected.pop();
  });

  test('the overview counts finished runs by itself', async () => {
    await open('/n/default');
    const tile = page.locator('.tile').filter({ hasText: 'Success rate' });
    const finished = async () => Number(/of (\d+) finished/.exec((await tile.textContent()) ?? '')?.[1] ?? 0);
    const first = await eventually('a finished run on the overview', async () => (await finished()) || undefined);
    await eventually('more finished runs without a reload', async () => (await finished()) > first + 1);
    await page.getByText('No worker can take').waitFor({ state: 'detached' });
  });

  test('a fire appears in the ledger of its schedule while one looks', async () => {
    await open('/n/default/schedules/beat');
    await heading('beat');
    await page.getByText('Every second').waitFor();
    await page.getByText('Asia/Shanghai').first().waitFor();
    const newest = () => page.getByRole('table', { name: 'Fire ledger' }).getByRole('row').nth(1).textContent();
    const before = await newest();
    await eventually('a newer fire on top', async () => (await newest()) !== before);
    await page.getByText('Fired').first().waitFor();
    assert.ok((await page.locator('.upcoming li').count()) > 3);
  });

  test('pausing needs a reason, which everyone then sees; resuming makes it fire again', async () => {
    await open('/n/default/schedules/beat');
    await page.getByRole('button', { name: 'Pause' }).click();
    const dialog = page.getByRole('dialog', { name: 'Pause beat' });
    assert.equal(await dialog.getByRole('button', { name: 'Pause' }).isDisabled(), true);
    await dialog.getByLabel('Reason').fill('the sea is calm');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await said('beat is paused');
    await page.getByText(/Paused by .*: the sea is calm/).waitFor();
    assert.equal((await dev.client.schedules.get('beat')).state, 'paused');
    await open('/n/default/schedules?state=paused');
    await page.getByRole('table').getByText('the sea is calm').waitFor();
    await page.getByRole('button', { name: 'Resume: beat' }).click();
    await said('enabled again');
    await page.getByText('No schedule matches these filters').waitFor();
    assert.equal((await dev.client.schedules.get('beat')).state, 'enabled');
  });

  test('a schedule is triggered from the list, and the answer leads to the run', async () => {
    await open('/n/default/schedules?q=NIGHTLY');
    await page.getByText('Every day at 03:30').waitFor();
    await page.getByRole('button', { name: 'Trigger now: nightly/report' }).click();
    await page.locator('.toast').getByRole('link', { name: 'Open it' }).click();
    await heading('nightly/report');
    await page.locator('.page-head').getByText('Succeeded').waitFor();
    await page.getByRole('link', { name: 'nightly/report' }).first().click();
    await heading('nightly/report');
    assert.equal(pathOf(), '/n/default/jobs/nightly%2Freport');
  });

  test('a job is run with a payload; a fault in it is named with its place and nothing is sent', async () => {
    await open('/n/default/jobs/broken');
    await page.getByRole('button', { name: 'Run now' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run broken now' });
    const field = dialog.getByLabel('Payload');
    assert.match(await field.inputValue(), /monday/);
    await field.fill('{\n  "day": tuesday\n}');
    await dialog.getByText('“t” does not fit at line 2, column 10').waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Run', exact: true }).isDisabled(), true);
    await field.fill('{"day": "tuesday"}');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('.toast').getByRole('link', { name: 'Open it' }).click();
    await page.locator('.page-head').getByText('Failed').waitFor();
    await page.getByLabel('Payload').getByText('"tuesday"').waitFor();
    await page.getByText('exit code 3').first().waitFor();
    await page.getByRole('log').getByText('to stderr').waitFor();
  });

  test('a failed run is retried with another payload as a new run', async () => {
    const failed = pathOf();
    await page.getByRole('button', { name: 'Retry' }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry as a new run' });
    await dialog.getByRole('radio', { name: 'Edited payload' }).check();
    await dialog.getByLabel('Payload', { exact: true }).last().fill('{"day": "wednesday"}');
    await dialog.getByRole('button', { name: 'Make the run' }).click();
    await said('A new run was made');
    await eventually('the page of the new run', async () => pathOf() !== failed);
    await page.getByLabel('Payload').getByText('"wednesday"').waitFor();
    await page.getByText('Retry of').waitFor();
  });

  test('a log is followed live, in colour, as text, can be searched, and stops following when one scrolls up', async () => {
    await open(`/n/default/runs/${await trigger('talker')}`);
    const log = page.getByRole('log');
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
    await log.evaluate((box) => box.scrollTo(0, 0));
    await page.getByRole('button', { name: 'Follow' }).click();
    await eventually('the end in view again', atEnd);
    await page.getByRole('searchbox', { name: 'Search in the log' }).fill('LINE 1');
    await page
      .locator('.log-bar')
      .getByText(/^1 of \d+$/)
      .waitFor();
    assert.ok((await log.locator('mark').count()) > 1);
    await page.getByRole('searchbox', { name: 'Search in the log' }).fill('no such words');
    await page.getByText('no match').waitFor();
    await page.getByRole('searchbox', { name: 'Search in the log' }).fill('');
  });

  test('a log is copied and downloaded', async () => {
    await page.getByRole('button', { name: 'Copy log' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.match(await page.evaluate<string>('navigator.clipboard.readText()'), /^red words and plain\n<b>markup/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download log' }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^talker-.*-1\.log$/);
    assert.match(readFileSync(await download.path(), 'utf8'), /Z stdout red words and plain\n/);
  });

  test('a running run is canceled with a reason and the page follows to the end', async () => {
    await open(`/n/default/runs/${await trigger('endless')}`);
    await page.getByRole('log').getByText('started').waitFor();
    await page
      .locator('.page-head')
      .getByText(/running for/)
      .waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel this run' });
    await dialog.getByLabel(/Reason/).fill('wrong input');
    await dialog.getByRole('button', { name: 'Cancel the run' }).click();
    await said(/asked to stop|was canceled/);
    await page.locator('.page-head').getByText('Canceled').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0);
  });

  test('a run that waits says why', async () => {
    await open(`/n/default/runs/${await trigger('nobody')}`);
    await page.getByText(/carries the labels site=moon/).waitFor();
    await page
      .locator('.page-head')
      .getByText(/waiting for/)
      .waitFor();
    await open('/n/default');
    await page.getByText('No worker can take default shell site=moon').waitFor();
  });

  test('filters live in the address and survive a reload; rows do not jump when new runs come', async () => {
    await open('/n/default/runs');
    await page.getByRole('button', { name: 'Failed' }).click();
    await page.getByRole('combobox', { name: 'Created' }).selectOption({ label: 'last hour' });
    await page.getByRole('combobox', { name: 'Job name' }).fill('broken');
    await eventually(
      'all filters in the address',
      async () => pathOf() === '/n/default/runs?state=failed&job=broken&window=1h',
    );
    await eventually('two failed runs', async () => (await page.getByRole('table').getByRole('row').count()) === 3);
    await page.reload();
    await eventually(
      'the same rows after a reload',
      async () => (await page.getByRole('table').getByRole('row').count()) === 3,
    );
    assert.equal(await page.getByRole('button', { name: 'Failed' }).getAttribute('aria-pressed'), 'true');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    assert.equal(pathOf(), '/n/default/runs');
    const first = () => page.getByRole('table').getByRole('row').nth(1).getByRole('link').first().getAttribute('href');
    const before = await eventually('a first row', first as () => Promise<string>);
    const more = page.getByRole('button', { name: /new run/ });
    await more.waitFor();
    assert.equal(await first(), before);
    await more.click();
    await eventually('the new runs on top', async () => (await first()) !== before);
  });

  test('older runs are loaded when asked for, none twice', async () => {
    await open('/n/default/runs');
    // A run a second fills a page of fifty soon enough.
    await eventually('fifty runs', async () => (await dev.client.runs.list().take(60)).length > 55, 90_000);
    await page.reload();
    await rowsOf().nth(49).waitFor();
    const before = await rowsOf().count();
    await page.getByRole('button', { name: 'Load more' }).click();
    await eventually('more rows', async () => (await rowsOf().count()) > before);
    const links = await rowsOf()
      .locator('a.plain-link')
      .evaluateAll((found) => found.map((link) => link.getAttribute('href')));
    assert.equal(new Set(links).size, links.length);
  });

  test('the workers page shows the worker and its load', async () => {
    await open('/n/default/workers');
    const worker = page.getByRole('article', { name: 'dev' });
    await worker.getByText('Live').waitFor();
    await worker
      .getByText(/\d+ of 10/)
      .first()
      .waitFor();
    await worker.getByText('MiB').waitFor();
    await worker.getByText('shell', { exact: true }).waitFor();
  });

  test('keys: go, search, sheet, palette', async () => {
    await open('/n/default');
    await heading('Overview');
    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await heading('Jobs');
    await page.keyboard.press('/');
    await page.keyboard.type('nightly');
    await eventually('the search in the address', async () => pathOf() === '/n/default/jobs?q=nightly');
    await eventually('one job left', async () => (await page.getByRole('table').locator('tbody tr').count()) === 1);
    await page.locator('body').click();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Command palette' }).fill('talk');
    await page.getByRole('option', { name: 'talker' }).waitFor();
    await page.keyboard.press('Enter');
    await heading('talker');
  });

  test('the language changes at once, everywhere, and stays', async () => {
    await open('/n/default/schedules');
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: '简体中文' }).check();
    await heading('调度计划');
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
    await page.getByText('每天 03:30').waitFor();
    await page.reload();
    await heading('调度计划');
    await page.getByRole('button', { name: '设置' }).click();
    await page.getByRole('radio', { name: 'English' }).check();
    await heading('Schedules');
  });

  test('dark and light: the choice wins over the system, "system" follows it', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    await open('/n/default');
    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'Dark' }).check();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    assert.equal(await ground(), dark);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'System' }).check();
    assert.equal(await ground(), light);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await ground(), dark);
  });

  test('times are shown in the zone that one chooses', async () => {
    await open('/n/default/schedules/nightly%2Freport');
    const next = page.locator('.upcoming time').first();
    await next.waitFor();
    const texts: string[] = [];
    for (const _mode of ['local', 'utc', 'job']) {
      texts.push((await next.getAttribute('title')) ?? '');
      await page.locator('.zone-clock').click();
    }
    assert.match(texts[0] ?? '', /03:30:00 Europe\/Berlin/);
    assert.match(texts[1] ?? '', /0[12]:30:00 UTC/);
    assert.match(texts[2] ?? '', /03:30:00 Europe\/Berlin/);
  });

  test('a lost connection is told, and mends itself', async () => {
    problems.expected.push(/ERR_FAILED|Failed to load resource/);
    await context.route('**/live', (route) => route.abort());
    await open('/n/default');
    await page.getByText(/Connection lost/).waitFor();
    await context.unroute('**/live');
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText(/Connected again/).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    problems.expected.pop();
  });

  test('what does not exist is refused with code and remedy', async () => {
    problems.expected.push(/404/);
    await open('/n/default/jobs/no-such-job');
    await page.getByRole('alert').getByText('NOT_FOUND').waitFor();
    await open('/n/default/nonsense');
    await heading('There is no such page');
    problems.expected.pop();
  });

  const pages = ['', '/schedules', '/schedules/beat', '/runs', '/jobs', '/jobs/beat', '/workers'];

  test('every page fits a phone of 360 pixels, in both languages', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const run = (await dev.client.runs.list({ job: 'broken' }).take(1))[0]?.id ?? '';
    for (const language of ['zh', 'en']) {
      await page.evaluate(`localStorage.setItem('tidewheel.language', '${language}')`);
      for (const path of [...pages, `/runs/${run}`]) {
        await open(`/n/default${path}`);
        await page.locator('h1').waitFor();
        await page.locator('.loading').waitFor({ state: 'detached' });
        const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        assert.ok(over <= 0, `${path || '/'} is ${over} pixels too wide (${language})`);
      }
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('every control has a name and every id is there once', async () => {
    for (const path of pages) {
      await open(`/n/default${path}`);
      await page.locator('h1').waitFor();
      await page.locator('.loading').waitFor({ state: 'detached' });
      assert.deepEqual(await page.evaluate<string[]>(badControls), [], path);
    }
  });

  test('a viewer sees everything and is told which role the buttons need', async () => {
    await context.route('**/v1/session', (route) =>
      route.fulfill({ json: { name: 'looker', role: 'viewer', namespace: 'default' } }),
    );
    await open('/n/default/schedules/beat');
    const pause = page.getByRole('button', { name: 'Pause' });
    await pause.waitFor();
    assert.equal(await pause.isDisabled(), true);
    assert.equal(await pause.getAttribute('title'), 'Needs the role operator; you have viewer');
    await context.unroute('**/v1/session');
  });

  test('signing out ends the session', async () => {
    await open('/n/default');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You have signed out.').waitFor();
    problems.expected.push(/401/);
    await open('/n/default/runs');
    await page.getByText('tidewheel token sign-in').waitFor();
    problems.expected.pop();
  });

  test('nothing complained all the while: no console errors, no violations of the content policy', () => {
    assert.deepEqual(problems.seen, []);
  });
});
