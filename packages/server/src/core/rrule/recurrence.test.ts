// Recurrences against the examples of the standard, and at their bounds.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DstRules, Refusal } from '@tidewheel/protocol';
import { writtenTime } from '../content-lines.ts';
import { instantsOf } from '../zone-clock.ts';
import { parseRecurrence, recurrenceNext } from './recurrence.ts';
import { rfcExamples } from './testing/rfc-examples.ts';

const utc = (text: string) => Date.parse(`${text}Z`);
const iso = (at: number) => new Date(at).toISOString().slice(0, 16);
interface Asked {
  timezone?: string;
  anchorAt?: number;
  dst?: DstRules;
}
const parse = (text: string, { timezone = 'UTC', anchorAt = utc('2026-01-05T10:20'), dst }: Asked = {}) =>
  parseRecurrence(text, { timezone, anchorAt, dst });

function take(text: string, count: number, asked: Asked & { after?: string } = {}): string[] {
  const recurrence = parse(text, asked);
  const found: string[] = [];
  let next = recurrenceNext(recurrence, asked.after === undefined ? -1e13 : utc(asked.after));
  for (; next !== null && found.length < count; next = recurrenceNext(recurrence, next)) found.push(iso(next));
  return found;
}

function refusalOf(text: string): Refusal {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `"${text}" was accepted` });
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** `1997 Sep 2 3@10:30 | 1998 …` as instants of New York. */
function instantsWritten(text: string): string[] {
  return text.split(' | ').flatMap((ofYear) => {
    const [year, ...words] = ofYear.split(' ');
    let month = 0;
    return words.flatMap((word) => {
      if (months.includes(word)) {
        month = months.indexOf(word);
        return [];
      }
      const [day, clock = '9:00'] = word.split('@');
      const [hour, minute] = clock.split(':').map(Number);
      const found = instantsOf('America/New_York', Date.UTC(Number(year), month, Number(day), hour, minute));
      assert.equal(found.kind, 'one');
      return found.kind === 'one' ? [iso(found.at)] : [];
    });
  });
}

for (const { rule, start = '19970902T090000', exdate, all, total, times } of rfcExamples) {
  test(`as in RFC 5545: ${rule} from ${start}`, () => {
    const left = exdate === undefined ? '' : `\nEXDATE;TZID=America/New_York:${exdate}`;
    const text = `DTSTART;TZID=America/New_York:${start}${left}\nRRULE:${rule}`;
    const expected = instantsWritten(times);
    assert.deepEqual(take(text, expected.length + (all === true ? 1 : 0)), expected);
    if (total !== undefined) assert.equal(take(text, total + 1).length, total);
  });
}

// The documentation's own examples are what is tested, so that neither can go wrong alone.
const page = readFileSync(new URL('../../../../../docs/reference/schedules.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `(FREQ=.+?)` \| (\d{4}-\d\d-\d\d) \| (.+?) \|$/gm)];
for (const [, rule = '', day = '', times = ''] of rows) {
  test(`as documented: ${rule}, made on ${day}`, () => {
    const expected = times.split(', ');
    const anchorAt = utc(`${day}T00:00`);
    assert.deepEqual(take(rule, expected.length, { anchorAt, after: `${day}T00:00` }), expected);
  });
}

test('the documentation has examples of recurrence rules', () => {
  assert.ok(rows.length >= 7);
});

test('without DTSTART a rule begins at midnight of the day on which the schedule was made, and COUNT at that moment', () => {
  const after = '2026-01-05T10:20';
  assert.deepEqual(take('FREQ=DAILY', 2, { after }), ['2026-01-06T00:00', '2026-01-07T00:00']);
  assert.deepEqual(take('FREQ=HOURLY;INTERVAL=6', 2, { after }), ['2026-01-05T12:00', '2026-01-05T18:00']);
  assert.deepEqual(take('FREQ=WEEKLY;BYHOUR=9', 2, { after }), ['2026-01-12T09:00', '2026-01-19T09:00']);
  assert.deepEqual(take('RRULE:FREQ=HOURLY;INTERVAL=6;COUNT=2', 5, { after }), [
    '2026-01-05T12:00',
    '2026-01-05T18:00',
  ]);
  assert.deepEqual(take('FREQ=DAILY', 1, { after, timezone: 'Asia/Shanghai' }), ['2026-01-05T16:00']);
});

test('a DTSTART in UTC, or with a zone, decides the zone of the rule', () => {
  assert.deepEqual(take('DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY', 1, { timezone: 'Asia/Tokyo' }), [
    '2026-01-01T09:00',
  ]);
  assert.deepEqual(take('DTSTART:20260101T090000\nRRULE:FREQ=DAILY', 1, { timezone: 'Asia/Tokyo' }), [
    '2026-01-01T00:00',
  ]);
  assert.deepEqual(take('DTSTART;TZID="Asia/Tokyo":20260101T090000\r\nRRULE:FREQ=DAI\r\n LY', 1), ['2026-01-01T00:00']);
});

test('weeks of the year are those of ISO, counted from either end, and may lie in the year before or after', () => {
  const after = '2025-01-02T00:00';
  assert.deepEqual(take('FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO', 2, { after }), ['2026-12-28T00:00', '2027-12-27T00:00']);
  assert.deepEqual(take('FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR', 2, { after }), ['2027-01-01T00:00', '2032-12-31T00:00']);
  assert.deepEqual(take('FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO', 2, { after }), ['2027-01-04T00:00', '2028-01-03T00:00']);
});

test('several rules and RDATE are joined, EXDATE takes times or whole days out', () => {
  const text = [
    'DTSTART:20260101T090000',
    'RRULE:FREQ=DAILY;INTERVAL=2',
    'RRULE:FREQ=DAILY;INTERVAL=3',
    'RDATE:20260102T100000,20260102T090000',
    'EXDATE:20260103T090000',
    'EXDATE;VALUE=DATE:20260104,20260105',
  ].join('\n');
  const expected = ['2026-01-01T09:00', '2026-01-02T09:00', '2026-01-02T10:00', '2026-01-07T09:00', '2026-01-09T09:00'];
  assert.deepEqual(take(text, 5), expected);
});

test('a change of the clock: rules of days are fixed times, shorter ones follow the wall clock', () => {
  const berlin = (rule: string, day: string, dst?: DstRules) =>
    take(`DTSTART:20260101T023000\nRRULE:${rule}`, 30, {
      timezone: 'Europe/Berlin',
      after: `${day}T00:00`,
      ...(dst === undefined ? {} : { dst }),
    })
      .filter((time) => time.startsWith(day) && time <= `${day}T02:00`)
      .map((time) => time.slice(11));
  const spring = '2026-03-29';
  assert.deepEqual(berlin('FREQ=DAILY', spring), ['01:00']);
  assert.deepEqual(berlin('FREQ=DAILY', spring, { gap: 'before' }), ['00:59']);
  assert.deepEqual(berlin('FREQ=DAILY', spring, { gap: 'skip' }), []);
  assert.deepEqual(berlin('FREQ=HOURLY', spring), ['00:30', '01:30']);
  assert.deepEqual(berlin('FREQ=MINUTELY;INTERVAL=30', spring), ['00:30', '01:00', '01:30', '02:00']);
  const autumn = '2026-10-25';
  assert.deepEqual(berlin('FREQ=DAILY', autumn), ['00:30']);
  assert.deepEqual(berlin('FREQ=DAILY', autumn, { overlap: 'last' }), ['01:30']);
  assert.deepEqual(berlin('FREQ=DAILY', autumn, { overlap: 'both' }), ['00:30', '01:30']);
  assert.deepEqual(berlin('FREQ=HOURLY', autumn), ['00:30', '01:30']);
  assert.deepEqual(berlin('FREQ=HOURLY', autumn, { overlap: 'first' }), ['00:30']);
  // 02:00 and 02:30 twice, 03:00 once.
  assert.deepEqual(berlin('FREQ=MINUTELY;INTERVAL=30', autumn, { overlap: 'last' }), ['01:00', '01:30', '02:00']);
});

const wrong: [text: string, message: RegExp][] = [
  ['', /there is no RRULE/],
  ['FREQ=FORTNIGHTLY', /FREQ: "FORTNIGHTLY" at character 6: expected SECONDLY/],
  ['FREQ=DAYLY', /write FREQ=DAILY/],
  ['INTERVAL=2', /FREQ is missing; write for example FREQ=DAILY;INTERVAL=2/],
  ['FREQ=DAILY;INTERVAL=0', /"0" at character 21: expected a whole number from 1 to 36500; write INTERVAL=1/],
  ['FREQ=YEARLY;INTERVAL=400', /from 1 to 100; write INTERVAL=100/],
  ['FREQ=DAILY;COUNT=2;UNTIL=20270101', /COUNT and UNTIL do not go together/],
  ['FREQ=DAILY;UNTIL=20270230', /a day 20261231/],
  ['FREQ=WEEKLY;BYDAY=MO,TX', /"TX" at character 22: expected MO to SU/],
  ['FREQ=WEEKLY;BYDAY=2MO', /days without a number, because FREQ is WEEKLY; write BYDAY=MO/],
  ['FREQ=MONTHLY;BYDAY=6MO', /from 1 to 5/],
  ['FREQ=MONTHLY;BYDAY=MON', /write BYDAY=MO/],
  ['FREQ=YEARLY;BYWEEKNO=5;BYDAY=2MO', /BYWEEKNO has chosen the week/],
  ['FREQ=MONTHLY;BYWEEKNO=5', /it belongs to FREQ=YEARLY/],
  ['FREQ=WEEKLY;BYMONTHDAY=5', /write FREQ=MONTHLY/],
  ['FREQ=MONTHLY;BYMONTHDAY=32', /"32" at character 25: .*write BYMONTHDAY=31/],
  ['FREQ=MONTHLY;BYMONTHDAY=0', /1 to 31, or -31 to -1/],
  ['FREQ=DAILY;BYHOUR=24', /0 to 23/],
  ['FREQ=MONTHLY;BYSETPOS=1', /BYSETPOS chooses among/],
  ['FREQ=DAILY;BYDAYS=MO', /"BYDAYS" at character 12 is no part of a rule; write BYDAY/],
  ['FREQ=DAILY;FREQ=DAILY', /FREQ stands twice/],
  ['FREQ=DAILY;BYHOUR', /"BYHOUR" at character 12 has no value/],
  ['FREQ=YEARLY;BYEASTER=0', /no part of the standard/],
  ['RSCALE=CHINESE;FREQ=YEARLY', /rules are Gregorian/],
  ['DTSTART:2026-01-01\nRRULE:FREQ=DAILY', /line 1: DTSTART: "2026-01-01" is no date/],
  ['DTSTART;TZID=CST:20260101\nRRULE:FREQ=DAILY', /abbreviation/],
  ['RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY', /line 2: EXRULE is not taken; it is no longer part/],
  ['RRULE:FREQ=DAILY\nSUMMARY:x', /line 2: SUMMARY is not taken; expected DTSTART/],
  ['RRULE:FREQ=DAILY\nnonsense', /line 2: "nonsense" is not of the form NAME:value/],
  ['RRULE:FREQ=DAILY\nRRULE:FREQ=HOURLY;BYHOUR=99', /line 2: BYHOUR: "99"/],
  [Array.from({ length: 11 }, () => 'RRULE:FREQ=DAILY').join('\n'), /11 lines of RRULE; at most 10/],
];
for (const [text, message] of wrong) {
  test(`the rule ${JSON.stringify(text.slice(0, 50))} is refused with ${message.source}`, () => {
    const { code, message: detail, faults } = refusalOf(text);
    assert.equal(code, /abbreviation/.test(detail) ? 'UNKNOWN_TIMEZONE' : 'INVALID_RRULE');
    assert.match(detail, message);
    assert.deepEqual(faults, [{ pointer: '/rrule', detail }]);
  });
}

test('a rule whose times would fill a day is refused, and one that never comes ends in bounded work', (t) => {
  const all = (count: number) => Array.from({ length: count }, (_, value) => value).join(',');
  assert.match(
    refusalOf(`FREQ=DAILY;BYHOUR=${all(24)};BYMINUTE=${all(60)};BYSECOND=${all(60)}`).message,
    /86400 times a day/,
  );
  const never = [
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=HOURLY;INTERVAL=24;BYHOUR=5',
    'FREQ=SECONDLY;INTERVAL=2;BYSECOND=1',
    'FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=7',
    `FREQ=YEARLY;BYHOUR=${all(24)};BYMINUTE=${all(60)};BYDAY=53MO;BYYEARDAY=1`,
  ];
  for (const rule of never) {
    const recurrence = parse(rule);
    const began = performance.now();
    assert.equal(recurrenceNext(recurrence, utc('2026-01-01T00:00')), null, rule);
    const took = performance.now() - began;
    assert.ok(took < 1000, `${rule} took ${took} ms`);
    t.diagnostic(`${rule.slice(0, 40)}: ${took.toFixed(1)} ms`);
  }
});

test('rare times are found: 29 February on a Monday, and a rule that drifts through the day', () => {
  const leap = 'DTSTART:20260101T000000\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO';
  assert.deepEqual(take(leap, 3), ['2044-02-29T00:00', '2072-02-29T00:00', '2112-02-29T00:00']);
  const drift = 'DTSTART:20260101T000000\nRRULE:FREQ=MINUTELY;INTERVAL=1439;BYHOUR=23;BYMINUTE=59';
  assert.deepEqual(take(drift, 2), ['2026-01-01T23:59', '2029-12-10T23:59']);
});

test('whatever text is given, the answer is a recurrence or a refusal', () => {
  const words = [
    'FREQ=',
    'DAILY',
    'YEARLY',
    ';',
    ',',
    '=',
    'BYDAY',
    'MO',
    '-1',
    '2TU',
    'DTSTART',
    ':',
    '\n',
    'RRULE:',
    '20260101',
    ' ',
  ];
  const made = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), { maxLength: 14 });
  fc.assert(
    fc.property(made, (pieces) => {
      try {
        const recurrence = parse(pieces.join(''));
        const next = recurrenceNext(recurrence, 0);
        assert.ok(next === null || next > 0);
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

test('dates of lines are read as they are, and only when they exist', () => {
  assert.deepEqual(writtenTime('19970902T090000Z'), { form: 'utc', wall: utc('1997-09-02T09:00') });
  assert.deepEqual(writtenTime('19970902'), { form: 'date', wall: utc('1997-09-02T00:00') });
  for (const bad of ['19970931', '19971301', '19970902T240000', '1997-09-02', '', '0001'])
    assert.equal(writtenTime(bad), null);
});
