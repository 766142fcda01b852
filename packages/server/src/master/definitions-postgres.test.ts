// Definitions on PostgreSQL: the same promises as on SQLite, and what only several connections can show.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyRequestSchema,
  calendarDefinitionSchema,
  Refusal,
  type ScheduleInput,
  weekdays,
} from '@tidewheel/protocol';
import { createDatabase } from '../../../../test/support/postgres.ts';
import { openPostgres } from '../drivers/postgres/database.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { silentLog } from '../ports/log.ts';
import { noFailpoints } from '../ports/failpoints.ts';
import { noMetrics } from '../ports/metrics.ts';
import { DefinitionCache } from '../store/definition-cache.ts';
import { migrate } from '../store/migrate.ts';
import { masterDefaults } from './deps.ts';
import { Calendars } from './calendars.ts';
import { testApply } from './testing/apply.ts';
import { testCalendars } from './testing/calendar-changes.ts';
import { testDefinitionChanges } from './testing/definition-changes.ts';
import { DefinitionsBench, type DefinitionsSetup, fireDue, hello } from './testing/definitions-bench.ts';

async function open(): Promise<DefinitionsSetup> {
  const server = await createDatabase();
  const db = await openPostgres({ url: server.url, clock: systemClock, identity: systemIdentity, log: silentLog });
  await migrate(db);
  const signals = { publish: () => undefined, subscribe: () => () => undefined, close: () => Promise.resolve() };
  return {
    deps: {
      db,
      clock: systemClock,
      identity: systemIdentity,
      signals,
      metrics: noMetrics,
      definitions: new DefinitionCache(),
      masterId: systemIdentity.next(),
      settings: { ...masterDefaults, address: '', version: '' },
      failpoints: noFailpoints,
    },
    close: async () => {
      await db.close();
      await server.drop();
    },
  };
}

testApply('PostgreSQL', open);
testDefinitionChanges('PostgreSQL', open);
testCalendars('PostgreSQL', open);

const schedulesPerJob = 20;

/** Every schedule of one job, at a rate of its own, so that a change of one is a change of that one only. */
function definition(rates: readonly number[]) {
  const schedules = rates.map(
    (seconds, index): ScheduleInput => ({ name: `s${index}`, every: `${seconds}s`, misfire: { policy: 'skip' } }),
  );
  return applyRequestSchema.parse({ jobs: [{ name: 'a', ...hello, schedules }] });
}

test('masters that fire and people who change the same schedules leave a clean ledger', async (t) => {
  const setup = await open();
  t.after(setup.close);
  const bench = new DefinitionsBench(setup, 'crowd');
  const rates = Array.from({ length: schedulesPerJob }, () => 1);
  await bench.definitions.apply('crowd', 'ann', definition(rates), { role: 'operator' });
  // Ten minutes of missed seconds: several pages for each, so that changes meet schedules in the midst of catching up.
  for (let index = 0; index < schedulesPerJob; index += 1) await bench.rewind(`s${index}`, 600_000 + index * 61_000);
  let changing = true;
  const masters = Array.from({ length: 4 }, async () => {
    // Each with a cache of its own, as other processes have.
    const deps = { ...bench.deps, definitions: new DefinitionCache() };
    for (let quiet = 0; changing || quiet < 2; ) quiet = (await fireDue(deps)) === 0 ? quiet + 1 : 0;
  });
  const people = Array.from({ length: 4 }, async (_, person) => {
    for (let round = 0; round < 20; round += 1) {
      const name = `s${(person * 7 + round * 3) % schedulesPerJob}`;
      if (round % 4 === 3) {
        rates[(person + round) % schedulesPerJob] = 2 + (round % 5);
        await bench.definitions.apply('crowd', `person-${person}`, definition([...rates]), { role: 'operator' });
      } else if (round % 2 === 0) await bench.definitions.schedulePause('crowd', `person-${person}`, name, 'x');
      else await bench.definitions.scheduleResume('crowd', `person-${person}`, name);
    }
  });
  const done = await Promise.allSettled(people);
  changing = false;
  await Promise.all(masters);
  for (const one of done) {
    // Whoever meets a schedule too far behind is asked to come back; nothing else may go wrong.
    if (one.status === 'rejected')
      assert.ok(one.reason instanceof Refusal && one.reason.code === 'UNAVAILABLE', String(one.reason));
  }
  const audit = await bench.assertClean();
  assert.ok(audit.schedules.every((row) => row.expected > 500));
});

test('masters that fire while people change a calendar and its schedules leave a clean ledger', async (t) => {
  const setup = await open();
  t.after(setup.close);
  const bench = new DefinitionsBench(setup, 'shifting');
  const calendars = new Calendars(bench.deps, bench.definitions);
  const put = (person: string, days: (typeof weekdays)[number][]) =>
    calendars.put(
      'shifting',
      person,
      calendarDefinitionSchema.parse({ name: 'shifts', weekdays: days, timezone: 'UTC' }),
      { ifMatch: '*' },
    );
  // A day of the week that is neither today nor near it: with `first` alone the schedules go on.
  const today = new Date(systemClock.wallMs()).getUTCDay();
  const first = weekdays[(today + 2) % 7] ?? 'MON';
  const rest = weekdays.filter((day) => day !== first);
  const schedules = Array.from(
    { length: schedulesPerJob },
    (_, index): ScheduleInput => ({
      name: `s${index}`,
      every: '1s',
      misfire: { policy: 'skip' },
      calendar: { exclude: 'shifts' },
    }),
  );
  const jobs = [{ name: 'a', ...hello, schedules }];
  await bench.apply(jobs, { calendars: [{ name: 'shifts', weekdays: [first], timezone: 'UTC' }] });
  // Two weeks and a bit would be too many seconds; some minutes on either side of each change are enough.
  for (let index = 0; index < schedulesPerJob; index += 1) await bench.rewind(`s${index}`, 300_000 + index * 7000);
  let changing = true;
  const masters = Array.from({ length: 3 }, async () => {
    const deps = { ...bench.deps, definitions: new DefinitionCache() };
    for (let quiet = 0; changing || quiet < 2; ) quiet = (await fireDue(deps)) === 0 ? quiet + 1 : 0;
  });
  // A schedule that a calendar has ended can be neither paused nor resumed; one too far behind asks to come back.
  const tolerated = (error: unknown): void =>
    assert.ok(error instanceof Refusal && ['UNAVAILABLE', 'CONFLICT'].includes(error.code), String(error));
  const changes = Array.from({ length: 3 }, async (_, person) => {
    for (let round = 0; round < 12; round += 1) {
      const name = `s${(person * 7 + round * 3) % schedulesPerJob}`;
      const who = `person-${person}`;
      if (round % 3 === 0) await bench.definitions.schedulePause('shifting', who, name, 'x').catch(tolerated);
      else if (round % 3 === 1) await bench.definitions.scheduleResume('shifting', who, name).catch(tolerated);
      // Today inside, or not: the schedules end, and begin again.
      else await put(who, (round + person) % 2 === 0 ? [first] : [first, ...rest]).catch(tolerated);
    }
  });
  await Promise.all(changes);
  changing = false;
  await Promise.all(masters);
  const audit = await bench.assertClean();
  assert.ok(audit.schedules.every((row) => row.expected > 200));
  const versions = await bench.versionsOf('s0');
  assert.ok(versions.length > 3, `${versions.length} versions`);
});
