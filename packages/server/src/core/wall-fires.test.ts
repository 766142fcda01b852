import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cronNext } from './cron/next.ts';
import { parseCron } from './cron/parse.ts';
import { parseRecurrence, recurrenceNext } from './rrule/recurrence.ts';
import { transitionsBetween } from './zone-clock.ts';

const hourMs = 3_600_000;
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'America/Havana',
  'Antarctica/Troll',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Europe/Dublin',
];
const from = Date.UTC(2010, 0, 1);
const changes = zones.flatMap((zone) =>
  transitionsBetween(zone, from, Date.UTC(2030, 0, 1)).map(({ at }) => ({ zone, at })),
);

/** Pairs that mean the same: cron has an oracle of its own, which walks through the clock second by second. */
const minute = fc.nat(59);
const pair = fc.oneof(
  fc
    .tuple(minute, fc.nat(23))
    .map(([m, h]) => ({ cron: `${m} ${h} * * *`, rule: `FREQ=DAILY;BYHOUR=${h};BYMINUTE=${m}` })),
  fc.tuple(minute, minute, fc.nat(4)).map(([a, b, h]) => ({
    cron: `${a},${b} ${h} * * *`,
    rule: `FREQ=DAILY;BYHOUR=${h};BYMINUTE=${a},${b}`,
  })),
  fc.tuple(minute, fc.nat(4)).map(([s, h]) => ({
    cron: `${s} 30 ${h} * * *`,
    rule: `FREQ=DAILY;BYHOUR=${h};BYMINUTE=30;BYSECOND=${s}`,
  })),
  fc.constantFrom(
    { cron: '*/15 * * * *', rule: 'FREQ=MINUTELY;INTERVAL=15' },
    { cron: '*/30 1-3 * * *', rule: 'FREQ=MINUTELY;INTERVAL=30;BYHOUR=1,2,3' },
    { cron: '*/5 0 * * * *', rule: 'FREQ=SECONDLY;INTERVAL=5;BYMINUTE=0' },
    { cron: '0 0 * * SUN', rule: 'FREQ=WEEKLY;BYDAY=SU' },
    { cron: '30 2 * * 0#L', rule: 'FREQ=MONTHLY;BYDAY=-1SU;BYHOUR=2;BYMINUTE=30' },
  ),
);
const dst = fc.record(
  {
    gap: fc.constantFrom('skip' as const, 'after' as const, 'before' as const),
    overlap: fc.constantFrom('once' as const, 'first' as const, 'last' as const, 'both' as const),
  },
  { requiredKeys: [] },
);

test('near changes of the clock, of any zone and by any rules, a recurrence fires as the cron expression that means the same', () => {
  fc.assert(
    fc.property(
      pair,
      dst,
      fc.constantFrom(...changes),
      fc.integer({ min: -50 * 3600, max: 30 * 3600 }),
      (same, rules, { zone, at }, seconds) => {
        const cron = parseCron(same.cron, zone, { dst: rules });
        const recurrence = parseRecurrence(same.rule, { timezone: zone, dst: rules, anchorAt: from });
        let after = at + seconds * 1000;
        for (let step = 0; step < 12 && after < at + 60 * hourMs; step += 1) {
          const next = cronNext(cron, after);
          assert.equal(recurrenceNext(recurrence, after), next, `${same.rule} in ${zone} after ${after}`);
          if (next === null) break;
          after = next;
        }
      },
    ),
    { numRuns: 2000 },
  );
});
