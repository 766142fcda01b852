// A running server with jobs of every kind, and a page of a real browser that is signed in to it. Collects what the browser complains
// about, which must be nothing: errors, warnings, violations of the content policy.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { browserLaunch } from './chromium.ts';
import { Dev, repositoryRoot } from './tidewheel.ts';

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

/**
 * `npm test` has built it before; a run of one file alone must not test an older build. Built aside and put in its place by renaming,
 * because other tests may be building or serving it at the same time.
 */
function buildWhenStale(): void {
  const dist = join(consoleFolder, 'dist');
  const built = mtimeOf(join(dist, 'index.html'));
  const sources = readdirSync(join(consoleFolder, 'src'), { recursive: true, encoding: 'utf8' });
  const newest = Math.max(...sources.map((path) => mtimeOf(join(consoleFolder, 'src', path))));
  if (built > newest) return;
  const aside = join(repositoryRoot, 'node_modules/.cache', `tidewheel-console-${process.pid}`);
  const vite = join(repositoryRoot, 'node_modules/vite/bin/vite.js');
  const output = ['--emptyOutDir', '--outDir', join(aside, 'new')];
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn', ...output], { cwd: consoleFolder });
  if (built > 0) renameSync(dist, join(aside, 'old'));
  renameSync(join(aside, 'new'), dist);
  rmSync(aside, { recursive: true, force: true });
}

function mtimeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// What runs inside the page is text, because this file is compiled for Node and knows no DOM.

const reportViolations = `document.addEventListener('securitypolicyviolation', (event) => {
  void window.noteViolation(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile);
});`;

export interface Problems {
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
    if (message.type() === 'error' || message.type() === 'warning')
      note(`console: ${message.text()} ${message.location().url}`);
  });
  context.on('weberror', (error) => note(`error: ${error.error().stack ?? error.error().message}`));
  await context.exposeFunction('noteViolation', (text: string) => note(`policy: ${text}`));
  await context.addInitScript(reportViolations);
  context.setDefaultTimeout(15_000);
  return context;
}

export interface ConsoleBench {
  readonly dev: Dev;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly problems: Problems;
  /** Opens a path of the console. */
  open(path: string): Promise<unknown>;
  /** Waits for the page of this title. */
  heading(name: string): Promise<void>;
  /** Waits until the console answered this to an action. */
  said(text: string | RegExp): Promise<void>;
  /** Path and query of the address. */
  path(): string;
  /** Rows of the table on the page. */
  rows(): Locator;
  /** The id of a new run. */
  trigger(job: string): Promise<string>;
  /** The link that the server printed at its start. */
  signInLink(): Promise<string>;
}

/** Started before the tests of the file, and gone after them. */
export function consoleBench(): ConsoleBench {
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-console-'));
  const problems: Problems = { seen: [], expected: [] };
  let started: { dev: Dev; context: BrowserContext; page: Page } | null = null;
  const running = () => {
    if (started === null) throw new Error('the server is started by the hook before the tests');
    return started;
  };
  before(async () => {
    buildWhenStale();
    writeFileSync(join(home, 'jobs.yaml'), jobs);
    const dev = await Dev.start(join(home, 'data'), ['--jobs', join(home, 'jobs.yaml')]);
    const context = await openBrowser(join(home, 'profile'), problems);
    started = { dev, context, page: await context.newPage() };
  });
  after(async () => {
    await started?.context.close();
    await started?.dev.end('SIGKILL');
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    get dev() {
      return running().dev;
    },
    get context() {
      return running().context;
    },
    get page() {
      return running().page;
    },
    problems,
    open: (path) => running().page.goto(running().dev.access.url + path),
    heading: (name) => running().page.getByRole('heading', { level: 1, name }).waitFor(),
    said: (text) => running().page.locator('.toast').filter({ hasText: text }).first().waitFor(),
    path: () => new URL(running().page.url()).pathname + new URL(running().page.url()).search,
    rows: () => running().page.getByRole('table').locator('tbody tr'),
    trigger: async (job) => (await running().dev.client.runs.trigger({ job })).runId,
    signInLink: async () => (await running().dev.says(/http:\S+\/sign-in#\S+/))[0],
  };
}
