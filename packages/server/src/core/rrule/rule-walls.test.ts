import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRule } from './rule.ts';
import { RuleWalls } from './rule-walls.ts';
import { naiveTimes, names } from './testing/naive-rule.ts';

const utc = (text: string) => Date.parse(`${text}Z`);
const iso = (at: number) => new Date(at).toISOString().slice(0, 16);

const list = (least: number, most: number, maxLength = 3) =>
  fc.uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength });
const signed = (most: number) => fc.integer({ min: 1, max: most }).chain((value) => fc.constantFrom(value, -value));
const signedList = (most: number) => fc.uniqueArray(signed(most), { minLength: 1, maxLength: 3 });
const frequency = fc.constantFrom('YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY');
const dayRule = frequency.chain((freq) => {
  const plain = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 });
  const numbered = fc.array(
    fc.tuple(signed(5), fc.constantFrom(...names)).map(([nth, name]) => `${nth}${name}`),
    { minLength: 1, maxLength: 3 },
  );
  const byDay = freq === 'YEARLY' || freq === 'MONTHLY' ? fc.oneof(plain, numbered) : plain;
  return fc
    .record(
      {
        INTERVAL: fc.integer({ min: 1, max: 5 }),
        WKST: fc.constantFrom(...names),
        BYMONTH: list(1, 12, 5),
        BYDAY: byDay,
        BYHOUR: list(0, 23),
        BYMINUTE: fc.constantFrom([0], [30], [0, 30]),
        BYSETPOS: signedList(4),
        ...(freq === 'WEEKLY' ? {} : { BYMONTHDAY: signedList(31) }),
        ...(freq === 'YEARLY' || freq === 'HOURLY' ? { BYYEARDAY: signedList(366) } : {}),
        ...(freq === 'YEARLY' ? { BYWEEKNO: signedList(53) } : {}),
        COUNT: fc.integer({ min: 1, max: 20 }),
      },
      { requiredKeys: [] },
    )
    .map((parts) => ({ FREQ: freq, ...parts }) as Record<string, unknown>)
    .filter((parts) => {
      if ('BYSETPOS' in parts && !Object.keys(parts).some((key) => /^BY(?!SETPOS)/.test(key))) return false;
      return !('BYWEEKNO' in parts && /\d/.test(String(parts['BYDAY'])));
    });
});
const text = (parts: Record<string, unknown>) =>
  Object.entries(parts)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(';');
const halfHours = (from: string, days: number) =>
  fc.integer({ min: 0, max: days * 48 }).map((slots) => utc(from) + slots * 1_800_000);

function agree(rule: Record<string, unknown>, start: number, until: number, stepMs: number, horizon = until): void {
  const walls = new RuleWalls(parseRule(text(rule)), start);
  const found: number[] = [];
  for (let next = walls.next(-1e13); next !== null && next < horizon; next = walls.next(next)) found.push(next);
  const expected = naiveTimes(rule, start, until, stepMs).filter((at) => at < horizon);
  assert.deepEqual(found.map(iso), expected.map(iso), `${text(rule)} from ${new Date(start).toISOString()}`);
  // From any moment, without what was asked before.
  const fresh = new RuleWalls(parseRule(text(rule)), start);
  const middle = expected[Math.floor(expected.length / 2)];
  if (middle !== undefined) assert.equal(fresh.next(middle - 1), middle);
}

test('rules of hours to years have the times that a walk through every half hour finds', () => {
  fc.assert(
    fc.property(dayRule, halfHours('2023-01-01T00:00', 730), (rule, start) => {
      // One year more than is compared: a period that is cut off would count wrongly from its end.
      agree(rule, start, start + 1100 * 86_400_000, 1_800_000, start + 730 * 86_400_000);
    }),
    { numRuns: 80 },
  );
});

test('rules of minutes and seconds have the times that a walk through every one of them finds', () => {
  const byHour = {
    INTERVAL: fc.integer({ min: 1, max: 100 }),
    BYHOUR: list(0, 23, 6),
    BYMINUTE: list(0, 59, 20),
    COUNT: list(1, 30, 1),
  };
  const minutely = fc.record(byHour, { requiredKeys: [] }).map((parts) => ({ FREQ: 'MINUTELY', ...parts }));
  const secondly = fc
    .record({ ...byHour, BYSECOND: list(0, 59, 20) }, { requiredKeys: [] })
    .map((parts) => ({ FREQ: 'SECONDLY', ...parts }));
  fc.assert(
    fc.property(minutely, halfHours('2026-02-27T00:00', 2), (rule, start) => {
      agree(rule, start, start + 3 * 86_400_000, 60_000);
    }),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(secondly, halfHours('2026-02-27T00:00', 2), (rule, start) => {
      agree(rule, start, start + 5 * 3_600_000, 1000);
    }),
    { numRuns: 60 },
  );
});
