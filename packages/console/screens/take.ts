// Takes the pictures in docs/screens/ from a master that runs (`tidewheel dev --data DIR --jobs packages/console/screens/jobs.yaml`,
// for an hour or so, so that there is a past to show):
//   node --conditions=source packages/console/screens/take.ts --data DIR [--out docs/screens] [--only overview,run] [--looks dark-en]
// Those of the cluster are taken from test/support/sample-cluster.ts, with --data as that was given its directory:
//   … --only locks,cluster,phone-locks,phone-cluster
// On Debian, install fonts-noto-cjk (for the Chinese pictures), fonts-inter, fonts-jetbrains-mono and pngquant before.

import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string', default: 'docs/screens' },
    only: { type: 'string', default: '' },
    looks: { type: 'string', default: 'dark-en,light-en,dark-zh,light-zh' },
  },
});
if (values.data === undefined) throw new Error('give --data, the data directory of a master that runs');

interface Client {
  readonly address: string;
  readonly token: string;
}

interface Shot {
  readonly name: string;
  /** Found when its turn comes, because runs come and go. */
  readonly path: string | ((client: Client) => Promise<string>);
  /** Brings the page into the state to be shown. */
  readonly prepare?: (page: Page) => Promise<void>;
  readonly phone?: boolean;
  /** Of a cluster of several masters: taken only when asked for (`--only`), from test/support/sample-cluster.ts. */
  readonly cluster?: boolean;
  /** Only in two of the looks, to keep the folder small. */
  readonly extra?: boolean;
}

async function clientOf(dataDir: string): Promise<Client> {
  const file = JSON.parse(await readFile(join(dataDir, 'client.json'), 'utf8')) as Record<string, string>;
  return { address: file['address'] ?? file['url'] ?? '', token: file['token'] ?? '' };
}

async function ask<T>(client: Client, path: string, method = 'GET', body: object = {}): Promise<T> {
  const response = await fetch(client.address + path, {
    method,
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** The id of the newest run that fits, waiting for one when there is none yet. */
async function findRun(client: Client, query: string): Promise<string> {
  for (let tries = 0; tries < 120; tries++) {
    const page = await ask<{ items: { id: string }[] }>(client, `/v1/namespaces/default/runs?limit=1&${query}`);
    const [run] = page.items;
    if (run !== undefined) return run.id;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`no run for ${query}`);
}

/** One that is under way, so that its progress is to be seen. */
async function ensureBackfill(client: Client, schedule: string): Promise<void> {
  const all = '/v1/namespaces/default/backfills';
  const { items } = await ask<{ items: unknown[] }>(client, `${all}?schedule=${schedule}&state=running`);
  if (items.length > 0) return;
  const to = Date.now();
  const order = { from: to - 45 * 86_400_000, to, active: 1, rate: 12, reason: 'new tariff tables' };
  await ask(client, `/v1/namespaces/default/schedules/${schedule}/backfills`, 'POST', order);
  await new Promise((resolve) => setTimeout(resolve, 20_000));
}

/** The pages around schedules. */
const timeShots: readonly Shot[] = [
  {
    name: 'schedule-calendar',
    path: async (client) => {
      await ensureBackfill(client, 'customs-filing');
      return '/n/default/schedules/customs-filing';
    },
  },
  {
    name: 'backfill',
    extra: true,
    path: '/n/default/schedules/reports%2Fhourly',
    prepare: async (page) => {
      await page.locator('.page-head .button').first().click();
      await page.locator('.backfill-count').waitFor();
    },
  },
  { name: 'coming', path: '/n/default/coming' },
  { name: 'coming-week', extra: true, path: '/n/default/coming?range=7d' },
  { name: 'calendars', path: '/n/default/calendars' },
  { name: 'calendar', path: '/n/default/calendars/closed?year=2026' },
  {
    name: 'try',
    path: '/n/default/try?cron=30+2+*/2+*+*&zone=Europe/Berlin&calendar=closed&move=next'.replaceAll('+', '%20'),
  },
  { name: 'try-fault', extra: true, path: '/n/default/try?cron=0%2025%20*%20*%20*' },
  { name: 'phone-coming', path: '/n/default/coming', phone: true, extra: true },
  { name: 'phone-calendar', path: '/n/default/calendars/closed?year=2026', phone: true, extra: true },
  { name: 'phone-schedule', path: '/n/default/schedules/customs-filing', phone: true, extra: true },
];

function allShots(): Shot[] {
  const run = (query: string) => async (client: Client) => `/n/default/runs/${await findRun(client, query)}`;
  return [
    { name: 'overview', path: '/n/default' },
    { name: 'schedules', path: '/n/default/schedules' },
    { name: 'schedule', path: '/n/default/schedules/tide-gauge' },
    ...timeShots,
    { name: 'runs', path: '/n/default/runs' },
    { name: 'runs-filtered', extra: true, path: '/n/default/runs?state=failed&window=1h' },
    {
      name: 'run',
      path: run('job=container-moves&state=running'),
      prepare: async (page) => {
        await page.getByRole('log').locator('.line').nth(6).waitFor();
      },
    },
    { name: 'run-retried', extra: true, path: run('job=customs-feed&state=succeeded') },
    { name: 'run-failed', extra: true, path: run('job=archive-logbook&state=failed') },
    { name: 'run-waiting', extra: true, path: run('job=radar-calibration&state=ready') },
    { name: 'jobs', path: '/n/default/jobs' },
    { name: 'job', path: '/n/default/jobs/container-moves' },
    {
      name: 'run-now',
      extra: true,
      path: '/n/default/jobs/invoices',
      prepare: (page) => page.locator('.page-head .button-primary').click(),
    },
    { name: 'workers', path: '/n/default/workers' },
    { name: 'locks', cluster: true, path: '/n/default/locks' },
    { name: 'cluster', cluster: true, path: '/n/default/cluster' },
    { name: 'phone-locks', cluster: true, path: '/n/default/locks', phone: true, extra: true },
    { name: 'phone-cluster', cluster: true, path: '/n/default/cluster', phone: true, extra: true },
    {
      name: 'palette',
      extra: true,
      path: '/n/default',
      prepare: async (page) => {
        await page.keyboard.press('Control+k');
        await page.keyboard.type('re');
        await page.waitForTimeout(600);
      },
    },
    { name: 'phone-overview', path: '/n/default', phone: true, extra: true },
    { name: 'phone-runs', path: '/n/default/runs', phone: true, extra: true },
    { name: 'phone-run', path: run('job=customs-feed&state=succeeded'), phone: true, extra: true },
  ];
}

async function take(
  context: BrowserContext,
  client: Client,
  shots: readonly Shot[],
  look: string,
  out: string,
): Promise<void> {
  const [theme = 'dark', language = 'en'] = look.split('-');
  await context.addInitScript(
    ([chosenLanguage, chosenTheme]) => {
      localStorage.setItem('tidewheel.language', chosenLanguage ?? 'en');
      localStorage.setItem('tidewheel.theme', chosenTheme ?? 'dark');
      localStorage.setItem('tidewheel.time', 'utc');
    },
    [language, theme],
  );
  const page = await context.newPage();
  await page.goto(`${client.address}/sign-in`);
  await shoot(page, { name: 'sign-in', path: '' }, look, out);
  const link = await ask<{ path: string }>(client, '/v1/sign-in-links', 'POST');
  await page.goto(client.address + (link.path.startsWith('/') ? link.path : `/${link.path}`));
  await page.locator('.frame').waitFor();
  for (const shot of shots) {
    if (shot.extra === true && look !== 'dark-en' && look !== 'light-zh' && only === null) continue;
    await page.setViewportSize(shot.phone === true ? { width: 390, height: 844 } : { width: 1280, height: 800 });
    await page.goto(client.address + (typeof shot.path === 'string' ? shot.path : await shot.path(client)));
    await page.locator('h1').waitFor();
    await page.waitForTimeout(700);
    await shot.prepare?.(page);
    await shoot(page, shot, look, out);
  }
}

/** A palette of 256 colours is plenty for pages like these and a third of the size. Without pngquant the picture stays as it is. */
function shrink(path: string): void {
  spawnSync('pngquant', ['--speed', '1', '--quality', '85-100', '--force', '--output', path, path]);
}

const only = values.only === '' ? null : values.only.split(',');

async function shoot(page: Page, shot: Shot, look: string, out: string): Promise<void> {
  if (only !== null && !only.includes(shot.name)) return;
  await page.waitForTimeout(300);
  const path = join(out, `${shot.name}-${look}.png`);
  await page.screenshot({ path });
  shrink(path);
}

const client = await clientOf(values.data);
const shots = allShots().filter((shot) => (only === null ? shot.cluster !== true : only.includes(shot.name)));
await mkdir(values.out, { recursive: true });
for (const look of values.looks.split(',')) {
  const profile = await mkdtemp(join(tmpdir(), 'tidewheel-screens-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    viewport: { width: 1280, height: 800 },
    timezoneId: 'UTC',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    await take(context, client, shots, look, values.out);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}
