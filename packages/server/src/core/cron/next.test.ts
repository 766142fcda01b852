import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '@tidewheel/protocol';
import { cronNext } from './next.ts';
import { type Cron, parseCron } from './parse.ts';
import { oracleFires, type Rules, textOf } from './testing/oracle.ts';
import { shapes } from './testing/shapes.ts';

const minute = 60_000;
const day = 86_400_000;
const utc = (text: string) => Date.parse(`${text}Z`);

/** Changes of many kinds: by half an hour, by two, by a day, at midnight, for Ramadan, for ever. */
const changes: [zone: string, at: string, hours: number[]][] = [
  ['America/New_York', '2026-03-08T07:00', [1, 2, 3]],
  ['America/New_York', '2026-11-01T06:00', [0, 1, 2]],
  ['Europe/Berlin', '2026-03-29T01:00', [1, 2, 3]],
  ['Europe/Dublin', '2026-10-25T01:00', [0, 1, 2]],
  ['Australia/Lord_Howe', '2026-10-03T15:30', [1, 2, 3]],
  ['Australia/Lord_Howe', '2026-04-04T15:00', [1, 2]],
  ['Pacific/Apia', '2011-12-30T10:00', [0, 12, 23]],
  ['Pacific/Kwajalein', '1993-08-21T12:00', [0, 12, 23]],
  ['Africa/Casablanca', '2026-02-15T02:00', [2, 3]],
  ['Africa/Casablanca', '2026-03-22T02:00', [2, 3]],
  ['Africa/Cairo', '2026-04-23T22:00', [0, 1, 23]],
  ['Africa/Cairo', '2026-10-29T21:00', [0, 23]],
  ['America/Sao_Paulo', '2018-11-04T03:00', [0, 1, 23]],
  ['America/Sao_Paulo', '2018-02-18T02:00', [0, 23]],
  ['Asia/Gaza', '2026-03-28T00:00', [1, 2, 3]],
  ['America/Havana', '2026-03-08T05:00', [0, 1]],
  ['America/Havana', '2026-11-01T05:00', [0, 1]],
  ['Antarctica/Troll', '2026-03-29T01:00', [0, 1, 2, 3]],
  ['Antarctica/Troll', '2026-10-25T01:00', [0, 1, 2, 3]],
  ['America/Caracas', '2007-12-09T07:00', [2, 3]],
  ['Asia/Pyongyang', '2018-05-04T15:00', [0, 23]],
  ['America/St_Johns', '2010-11-07T02:31', [0, 23]],
  ['Antarctica/Casey', '2010-03-04T15:00', [23, 0, 1]],
  ['Asia/Kathmandu', '1985-12-31T18:30', [0]],
  ['UTC', '2024-02-29T00:00', [0, 12]],
];
const rulesDrawn: fc.Arbitrary<Rules> = fc.record({
  gap: fc.constantFrom('skip', 'after', 'before'),
  overlap: fc.constantFrom('once', 'first', 'last', 'both'),
});

/** Null when no such day ever is: the engine says so at once. */
function parsed(text: string, zone: string, dst: Rules): Cron | null {
  try {
    return parseCron(text, zone, { dst });
  } catch (error) {
    if (error instanceof Refusal && /never fires/.test(error.message)) return null;
    throw error;
  }
}

function firesOf(cron: Cron, from: number, to: number): number[] {
  const fires: number[] = [];
  for (let at = cronNext(cron, from); at !== null && at <= to; at = cronNext(cron, at)) fires.push(at);
  return fires;
}

function agree(withSeconds: boolean, beforeMs: number, windowMs: number, numRuns: number): void {
  const drawn = fc.constantFrom(...changes).chain(([zone, at, hours]) =>
    fc.tuple(
      fc.constant(zone),
      fc.integer({ min: 0, max: beforeMs / minute }).map((back) => utc(at) - back * minute),
      shapes(hours, withSeconds),
      rulesDrawn,
    ),
  );
  let compared = 0;
  fc.assert(
    fc.property(drawn, ([zone, from, shape, rules]) => {
      const text = textOf(shape);
      const cron = parsed(text, zone, rules);
      const expected = oracleFires(shape, zone, rules, from, from + windowMs);
      const found = cron === null ? [] : firesOf(cron, from, from + windowMs);
      const wrong = found.findIndex((at, index) => at !== expected[index]);
      const first = wrong < 0 ? found.length : wrong;
      const words = (fires: number[]) => fires.slice(first, first + 3).map((at) => new Date(at).toISOString());
      assert.deepEqual(words(found), words(expected), `${text} in ${zone}, ${JSON.stringify(rules)}`);
      if (expected.length > 0) compared += 1;
    }),
    { numRuns },
  );
  assert.ok(compared > numRuns / 10, `only ${compared} of ${numRuns} draws fired at all`);
}

test('around changes of the clock the fires are those that walking minute by minute finds', () => {
  agree(false, 2 * day, 3 * day, 1500);
});

test('around changes of the clock the fires are those that walking second by second finds', () => {
  agree(true, 90 * minute, 150 * minute, 250);
});

test('over weeks the fires are those that walking minute by minute finds', () => {
  agree(false, 30 * day, 40 * day, 60);
});

const ends: [zone: string, first: string, last: string][] = [
  ['UTC', '1970-01-01T00:00', '2199-12-31T23:59'],
  ['America/New_York', '1970-01-01T05:00', '2200-01-01T04:59'],
  ['Pacific/Kiritimati', '1970-01-01T10:40', '2199-12-31T09:59'],
];
for (const [zone, first, last] of ends) {
  test(`in ${zone} nothing comes before ${first} and nothing after ${last}, and what is no time is answered at once`, () => {
    const cron = parseCron('* * * * *', zone);
    for (const after of [-Infinity, -8.64e15, -1, utc(first) - 0.5]) assert.equal(cronNext(cron, after), utc(first));
    assert.equal(cronNext(cron, utc(last) - 1), utc(last));
    for (const after of [utc(last), Infinity, 8.64e15, Number.NaN]) assert.equal(cronNext(cron, after), null);
  });
}
