// The pages around schedules in a real browser against a real server: looking ahead, trying out, calendars, backfills, coming fires.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { ComingFires } from '@tidewheel/protocol';
import { consoleBench } from './support/console-bench.ts';
import { eventually } from './support/tidewheel.ts';

const noop = { argv: ['true'] };

const file = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'BEGIN:VEVENT',
  'UID:1',
  'SUMMARY:Regatta',
  'DTSTART;VALUE=DATE:20270612',
  'DTEND;VALUE=DATE:20270614',
  'END:VEVENT',
  'BEGIN:VEVENT',
  'UID:2',
  'SUMMARY:Briefing',
  'DTSTART:20270601T090000Z',
  'DTEND:20270601T100000Z',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n');

describe('the console, around schedules', () => {
  const at = consoleBench();

  test('there are schedules with calendars, buffers and delays', async () => {
    await at.page.goto(await at.signInLink());
    await at.heading('Overview');
    await at.dev.client.apply({
      source: 'test',
      calendars: [
        { name: 'closed', timezone: 'Europe/Berlin', weekdays: ['SAT', 'SUN'], except: { dates: ['2026-12-05'] } },
        { name: 'nights', hours: ['22:00-06:00'] },
      ],
      jobs: [
        {
          name: 'close',
          shell: noop,
          schedules: [
            {
              name: 'close',
              cron: '30 2 * * *',
              timezone: 'Europe/Berlin',
              calendar: { exclude: 'closed', move: 'next' },
              jitter: '5m',
              end: '2090-01-01T00:00:00Z',
              misfire: { policy: 'all', rate: 30 },
            },
            { name: 'rest', delay: '1h' },
          ],
        },
        {
          name: 'queueing',
          shell: { argv: ['sleep', '600'] },
          timeout: { kill: '100ms' },
          schedules: [{ name: 'queueing', every: '1s', overlap: 'buffer-all' }],
        },
        { name: 'hourly', shell: noop, schedules: [{ name: 'hourly', cron: '0 * * * *' }] },
      ],
    });
  });

  test('a schedule is said in words, with its rules, what is odd about it, and what calendars do to its next fires', async () => {
    await at.open('/n/default/schedules/close');
    await at.page.getByText('Every day at 02:30 (Europe/Berlin), not within "closed"').waitFor();
    await at.page.getByText(/02:30 does not exist, and it fires at 03:00 instead/).waitFor();
    const facts = at.page.locator('.facts').first();
    for (const text of ['runs are due up to 5 min later', '2090-01-01 01:00', 'At most 30 a minute'])
      await facts
        .getByText(text, { exact: text.startsWith('2090') })
        .first()
        .waitFor();
    const ahead = at.page.locator('.upcoming');
    await ahead.locator('.left-out').first().waitFor();
    assert.match((await ahead.locator('.left-out').first().textContent()) ?? '', /left out by closed/);
    assert.ok((await ahead.locator('.put-off').count()) > 5);
    await facts.getByRole('link', { name: 'closed' }).click();
    await at.heading('closed');
    await at.open('/n/default/schedules/beat');
    await at.page.getByText('Nothing missing or doubled').waitFor();
    await at.page
      .getByRole('table', { name: 'Fire ledger' })
      .getByText(/^after \d/)
      .first()
      .waitFor();
    // A fixed delay has no times in the past.
    await at.open('/n/default/schedules/rest');
    await at.page.getByText('1 hour after the previous run has ended').waitFor();
    assert.equal(await at.page.getByRole('button', { name: 'Backfill' }).count(), 0);
  });

  test('a run that waits for the run before it says so, and the ledger says why it waited', async () => {
    await at.open('/n/default/schedules/queueing');
    const ledger = at.page.getByRole('table', { name: 'Fire ledger' });
    await ledger.getByText('waited for an earlier run').first().waitFor();
    await at.page.getByText('Fires wait for the end of earlier runs, in order.').waitFor();
    const { items } = await at.dev.client.runs.list({ schedule: 'queueing', state: 'blocked' }).page();
    await at.open(`/n/default/runs/${items.at(-1)?.id}`);
    await at.page.getByText(/It waits for run \S+ of its schedule to end/).waitFor();
    await at.dev.client.schedules.pause('queueing', 'seen enough');
  });

  test('a backfill is counted while one chooses, begun, watched and stopped', async () => {
    await at.open('/n/default/schedules/hourly');
    await at.page.getByRole('button', { name: 'Backfill' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Backfill hourly' });
    await dialog.getByText('24 nominal times').waitFor();
    at.problems.expected.push(/422/);
    await dialog.getByLabel('From').fill('2026-03-01T00:00:00');
    await dialog.getByLabel('Before').fill('2026-02-01T00:00:00');
    await dialog.getByText('`to` is not later than `from`').first().waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Make' }).isDisabled(), true);
    await dialog.getByLabel('Before').fill('2026-03-02T00:00:00');
    at.problems.expected.pop();
    await dialog.getByLabel('A minute').fill('6');
    await dialog.getByRole('radio', { name: 'Newest first' }).check();
    await dialog.getByRole('button', { name: 'Make 24 runs' }).click();
    await at.said('A backfill of 24 runs has begun');
    const row = at.page.locator('.backfill');
    await row.getByText(/[1-9]\d* of 24 decided · [1-9]\d* succeeded/).waitFor();
    const [backfill] = (await at.dev.client.backfills.list({ schedule: 'hourly' }).page()).items;
    assert.deepEqual(
      [backfill?.rate, backfill?.order, backfill?.from],
      [6, 'newest', Date.parse('2026-03-01T00:00:00+01:00')],
    );
    await row.getByRole('button', { name: 'Stop' }).click();
    const stop = at.page.getByRole('dialog', { name: 'Stop the backfill' });
    await stop.getByLabel('Reason').fill('enough');
    await stop.getByRole('button', { name: 'Stop it' }).click();
    await at.said('The backfill is stopped');
    await row.getByText('Canceled').waitFor();
  });

  test('an expression is tried out while one types; what is wrong stands beside the field, and the address keeps it', async () => {
    await at.open('/n/default/try');
    const field = at.page.getByLabel('Cron expression');
    const zone = at.page.getByRole('combobox', { name: 'Zone' });
    await field.fill('0 9 LW * *');
    await at.page.getByText('On the last weekday of the month at 09:00').waitFor();
    await zone.fill('Europe/Berlin');
    await at.page.locator('.upcoming time').first().waitFor();
    await eventually('the expression in the address', async () => at.path().includes('cron=0%209%20LW'));
    await at.page.reload();
    assert.equal(await field.inputValue(), '0 9 LW * *');
    at.problems.expected.push(/422/);
    await field.fill('0 25 * * *');
    await at.page.getByRole('alert').getByText('nearest valid form: 0 23 * * *').waitFor();
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    await zone.fill('CST');
    await field.fill('30 2 * * *');
    await at.page.getByRole('alert').waitFor();
    await zone.fill('Europe/Berlin');
    await at.page.getByLabel('Calendar').selectOption('closed');
    await at.page.getByLabel('Times that are taken out').selectOption('next');
    await at.page.locator('.left-out').first().waitFor();
    await at.page.getByText('calendar: {exclude: "closed", move: next}').waitFor();
    await at.page.getByLabel('Calendar').selectOption('');
    await at.page.getByRole('radio', { name: 'Interval' }).check();
    await at.page.getByRole('button', { name: '15m' }).click();
    await at.page.getByText('Every 15 minutes').waitFor();
    at.problems.expected.pop();
  });

  test('calendars are listed, a year of one is seen day by day, and one is read from an iCalendar file', async () => {
    await at.open('/n/default/calendars');
    const table = at.page.getByRole('table', { name: 'Calendars' });
    await table.getByText('Sat, Sun').waitFor();
    await table.getByText('except 2026-12-05').waitFor();
    await table.getByRole('link', { name: 'closed' }).click();
    await at.heading('closed');
    await at.page.getByRole('button', { name: 'The year before' }).waitFor();
    await at.open('/n/default/calendars/closed?year=2026');
    await at.page.getByText('103 whole days inside, 0 in part').waitFor();
    const december = at.page.getByRole('table', { name: 'December' });
    assert.match((await december.locator('.day-whole').first().getAttribute('title')) ?? '', /2026-12-06/);
    assert.equal(await at.page.getByRole('button', { name: 'Delete' }).isDisabled(), true);
    await at.page.getByRole('button', { name: 'The year after' }).click();
    await eventually('the next year in the address', async () => at.path().endsWith('year=2027'));
    await at.open('/n/default/calendars/nights?year=2026');
    assert.match((await at.page.locator('.day-partly').nth(1).getAttribute('title')) ?? '', /00:00–06:00, 22:00–24:00/);
    await at.open('/n/default/calendars');
    await at.page.getByRole('button', { name: 'Import' }).click();
    const dialog = at.page.getByRole('dialog', { name: 'Import an iCalendar file' });
    await dialog.getByLabel('Calendar', { exact: true }).fill('regatta');
    await dialog.getByLabel('Choose a file').setInputFiles({
      name: 'regatta.ics',
      mimeType: 'text/calendar',
      buffer: Buffer.from(file),
    });
    await dialog.getByText('1 range').waitFor();
    await dialog.getByText('1 left out').click();
    await dialog.getByText(/covers no whole day/).waitFor();
    await dialog.getByRole('button', { name: 'Store the calendar' }).click();
    await at.said('regatta is stored');
    await at.heading('regatta');
    // The page may hear of the change before it hears that its own order was carried out.
    at.problems.expected.push(/404/);
    await at.page.getByRole('button', { name: 'Delete' }).click();
    await at.page.getByRole('dialog', { name: 'Delete regatta' }).getByRole('button', { name: 'Delete' }).click();
    await at.said('regatta is deleted');
    await at.heading('Calendars');
    at.problems.expected.pop();
  });

  test('coming fires are a map of heat that arrow keys walk; what is more than the slots stands out', async () => {
    const crowd = async (coming: ComingFires) => ({
      ...coming,
      buckets: coming.buckets.map((bucket, index) => (index === 40 ? { ...bucket, load: 2.5 } : bucket)),
    });
    let crowded = true;
    await at.page.route('**/coming-fires?*', async (route) => {
      // Not taken away later: an answer that is on its way then would be given twice.
      if (!crowded) return route.continue();
      const response = await route.fetch();
      return route.fulfill({ response, json: await crowd((await response.json()) as ComingFires) });
    });
    await at.open('/n/default/coming');
    await at.heading('Coming fires');
    const cells = at.page.locator('.heat-cell');
    await cells.first().waitFor();
    assert.ok((await cells.count()) >= 288);
    assert.equal(await at.page.locator('.heat-crowded').count(), 1);
    await at.page.getByRole('button', { name: /250% of the slots/ }).click();
    const chosen = at.page.locator('.heat-cell[aria-pressed="true"]');
    assert.equal(
      await chosen.getAttribute('class'),
      (await at.page.locator('.heat-crowded').getAttribute('class')) ?? '',
    );
    const before = await chosen.getAttribute('data-at');
    await chosen.focus();
    await at.page.keyboard.press('ArrowDown');
    await eventually('the cell of the next hour', async () => {
      const now = Number(await chosen.getAttribute('data-at'));
      return now === Number(before) + 3_600_000;
    });
    await at.page
      .locator('.bucket-top')
      .getByRole('link', { name: /^beat ×\d+$/ })
      .waitFor();
    await at.page.getByRole('table', { name: 'Most work' }).getByRole('link', { name: 'beat' }).waitFor();
    crowded = false;
    await at.page.getByRole('radio', { name: '7 days' }).check();
    await eventually('the range in the address', async () => at.path() === '/n/default/coming?range=7d');
    await eventually('eight days of hours', async () => (await at.page.locator('.heat tbody tr').count()) >= 7);
  });

  test('what the standing audit found is acknowledged with a reason, on the page of its schedule and for all at once', async () => {
    // Beside the server, which holds the file: a fire is lost, and what the audit finds within a minute is written here at once.
    const store = new DatabaseSync(join(at.dev.data, 'tidewheel.db'), { timeout: 5000 });
    const lose = (name: string) => {
      const schedule = `(select id from schedule where name = '${name}')`;
      const fire = store.prepare(`select min(fire_at) as at from fire where schedule_id = ${schedule}`).get();
      const lostAt = Number(fire?.['at']);
      store.exec(`delete from fire where schedule_id = ${schedule} and fire_at = ${lostAt}`);
      const samples = JSON.stringify([{ fireAt: lostAt, finding: 'missing' }]);
      store.exec(
        `insert into fire_finding (schedule_id, namespace, missing, doubled, unexpected, samples, from_at, through_at, found_at)
         values (${schedule}, 'default', 1, 0, 0, '${samples}', ${lostAt}, ${lostAt}, ${lostAt})
         on conflict (schedule_id) do update set acknowledged_at = null`,
      );
    };
    const findings = async () => (await at.dev.client.audit.findings()).map(({ schedule }) => schedule).toSorted();
    try {
      lose('beat');
      lose('queueing');
      assert.deepEqual(await findings(), ['beat', 'queueing']);
      await at.open('/n/default/schedules/queueing');
      const card = at.page.locator('.audit-finding');
      await card.getByText(/^Found by the standing audit: 1 missing/).waitFor();
      await card.getByRole('button', { name: 'Acknowledge' }).click();
      const dialog = at.page.getByRole('dialog', { name: 'Acknowledge what the audit found of queueing' });
      assert.equal(await dialog.getByRole('button', { name: 'Acknowledge' }).isDisabled(), true);
      await dialog.getByLabel('Reason').fill('a drill');
      await dialog.getByRole('button', { name: 'Acknowledge' }).click();
      await at.said('Findings of 1 schedule acknowledged');
      await card.waitFor({ state: 'detached' });
      assert.deepEqual(await findings(), ['beat']);
      lose('queueing');
      await at.open('/n/default');
      await at.page.evaluate(`localStorage.setItem('tidewheel.language', 'zh')`);
      await at.open('/n/default');
      await at.page.getByText('审计发现 beat 的触发有误').waitFor();
      await at.page.getByRole('button', { name: '确认审计发现' }).click();
      const all = at.page.getByRole('dialog', { name: '确认全部审计发现' });
      await all.getByLabel('原因').fill('演练');
      await all.getByRole('button', { name: '确认' }).click();
      await at.said('已确认 2 个调度计划的审计发现');
      await at.page.getByRole('button', { name: '确认审计发现' }).waitFor({ state: 'detached' });
      assert.deepEqual(await findings(), []);
    } finally {
      await at.page.evaluate(`localStorage.setItem('tidewheel.language', 'en')`);
      await at.open('/n/default');
      store.close();
    }
  });

  test('keys, palette and both languages reach all of it', async () => {
    for (const [key, name] of [
      ['f', 'Coming fires'],
      ['d', 'Calendars'],
      ['t', 'Try an expression'],
    ] as const) {
      await at.page.locator('h1').click();
      await at.page.keyboard.press('g');
      await at.page.keyboard.press(key);
      await at.heading(name);
    }
    await at.page.keyboard.press('Control+k');
    await at.page.keyboard.type('coming');
    await at.page.keyboard.press('Enter');
    await at.heading('Coming fires');
    await at.page.evaluate(`localStorage.setItem('tidewheel.language', 'zh')`);
    await at.open('/n/default/schedules/close');
    await at.page.getByText('每天 02:30（Europe/Berlin）').waitFor();
    await at.page.getByText('即将触发').first().waitFor();
    await at.open('/n/default/try?cron=0%209%2031%20*%20*');
    await at.page.getByText('没有 31 日').first().waitFor();
    await at.page.evaluate(`localStorage.setItem('tidewheel.language', 'en')`);
  });

  test('every page fits a phone', async () => {
    await at.page.setViewportSize({ width: 360, height: 740 });
    for (const path of ['schedules/close', 'coming', 'calendars', 'calendars/closed', 'try?cron=0%209%20*%20*%20*']) {
      await at.open(`/n/default/${path}`);
      await at.page.locator('.card').first().waitFor();
      const wider = `document.documentElement.scrollWidth - document.documentElement.clientWidth`;
      assert.equal(await at.page.evaluate<number>(wider), 0, path);
    }
    await at.page.setViewportSize({ width: 1280, height: 800 });
  });

  test('nothing complained all the while: no console errors, no violations of the content policy', () => {
    assert.deepEqual(at.problems.seen, []);
  });
});
