import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import fc from 'fast-check';
import { type ICalendarOrder, importICalendar } from './ical.ts';

const order: ICalendarOrder = { name: 'c', from: '2026-01-01', to: '2028-12-31' };
const event = (...lines: string[]) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'];
const file = (...lines: string[]) => ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const read = (lines: string[], more: Partial<ICalendarOrder> = {}) => {
  const { definition, notes, leftOut, events } = importICalendar(file(...lines), { ...order, ...more });
  return { dates: definition.dates, ranges: definition.ranges, zone: definition.timezone, notes, leftOut, events };
};
function refusalOf(text: string): Refusal {
  try {
    importICalendar(text, order);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'was accepted' });
}

test('days and runs of days become dates and ranges, joined where they touch; DTEND is the day after', () => {
  const { dates, ranges, events } = read([
    ...event('DTSTART;VALUE=DATE:20261001', 'DTEND;VALUE=DATE:20261004', 'SUMMARY:National\\, Day'),
    ...event('DTSTART;VALUE=DATE:20261004', 'DURATION:P2D'),
    ...event('DTSTART;VALUE=DATE:20261225'),
  ]);
  assert.deepEqual([dates, ranges, events], [['2026-12-25'], [{ from: '2026-10-01', to: '2026-10-05' }], 3]);
});

test('recurring events are written out over the horizon, without the dates that are left out and with those that are added', () => {
  const { dates } = read(
    event(
      'DTSTART;VALUE=DATE:20001225',
      'RRULE:FREQ=YEARLY',
      'EXDATE;VALUE=DATE:20271225',
      'RDATE;VALUE=DATE:20270704',
    ),
  );
  assert.deepEqual(dates, ['2000-12-25', '2026-12-25', '2027-07-04', '2028-12-25']);
  const thanksgiving = read(event('DTSTART;VALUE=DATE:20261126', 'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2'));
  assert.deepEqual(thanksgiving.dates, ['2026-11-26', '2027-11-25']);
});

test('a time of a recurring event that was moved falls where it was moved to', () => {
  const { dates } = read([
    ...event('UID:a', 'DTSTART;VALUE=DATE:20260601', 'RRULE:FREQ=YEARLY'),
    ...event('UID:a', 'RECURRENCE-ID;VALUE=DATE:20270601', 'DTSTART;VALUE=DATE:20270603'),
  ]);
  assert.deepEqual(dates, ['2026-06-01', '2027-06-03', '2028-06-01']);
});

test('times from midnight to midnight of the calendar zone are whole days, also when written in another', () => {
  const inUtc = event('DTSTART:20260930T160000Z', 'DTEND:20261001T160000Z');
  assert.deepEqual(read(inUtc, { timezone: 'Asia/Shanghai' }).dates, ['2026-10-01']);
  const told = read(['X-WR-TIMEZONE:Asia/Shanghai', ...inUtc]);
  assert.deepEqual([told.dates, told.zone], [['2026-10-01'], 'Asia/Shanghai']);
  const tokyo = event('DTSTART;TZID=Asia/Tokyo:20261001T010000', 'DTEND;TZID=Asia/Tokyo:20261002T010000');
  assert.deepEqual(read(tokyo, { timezone: 'Asia/Shanghai' }).dates, ['2026-10-01']);
});

test('what covers no whole day, is canceled, or is in an unknown zone is left out with its line', () => {
  const { dates, notes, leftOut } = read(
    [
      ...event('DTSTART:20261001T090000Z', 'DTEND:20261001T100000Z'),
      ...event('DTSTART;VALUE=DATE:20261002', 'STATUS:CANCELLED'),
      ...event('DTSTART;TZID=W. Europe Standard Time:20261003T000000', 'DTEND:20261004T000000Z'),
      ...event('DTSTART;VALUE=DATE:20261005', 'BEGIN:VALARM', 'TRIGGER:-PT15M', 'END:VALARM'),
      'BEGIN:VTODO',
      'this line is nobody’s business',
      'END:VTODO',
    ],
    { timezone: 'UTC' },
  );
  assert.deepEqual([dates, leftOut], [['2026-10-05'], 3]);
  assert.deepEqual(
    notes.map(({ line, detail }) => [line, detail.slice(0, 22)]),
    [
      [3, 'covers no whole day, a'],
      [7, 'is canceled'],
      [11, 'is in the zone "W. Eur'],
    ],
  );
});

const wrong: [text: string, line: number, message: RegExp][] = [
  ['', 1, /empty/],
  ['Subject,Start Date\nNew Year,01/01/2026', 1, /expected BEGIN:VCALENDAR/],
  ['BEGIN:VEVENT\nEND:VEVENT', 1, /outside of a VCALENDAR/],
  ['BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR', 3, /ends what never began/],
  ['BEGIN:VCALENDAR\nVERSION:2.0', 1, /never ended/],
  [file(...event('SUMMARY:x')), 3, /no DTSTART/],
  [file(...event('DTSTART:2026-10-01')), 4, /"2026-10-01" is no date/],
  [file(...event('DTSTART;VALUE=DATE:20261001', 'DTEND;VALUE=DATE:20260901')), 5, /ends before it begins/],
  [file(...event('DTSTART;VALUE=DATE:20261001', 'DURATION:one day')), 5, /is no duration/],
  [file(...event('DTSTART;VALUE=DATE:20261001', 'RRULE:FREQ=YEARLY;', ' BYMONTH=13')), 5, /BYMONTH: "13"/],
  [file(...event('DTSTART;VALUE=DATE:20261001', 'just words')), 5, /not of the form/],
  [file(...event('DTSTART;VALUE=DATE:20261001', 'RRULE:FREQ=MINUTELY')), 5, /more than 20000 times/],
];
for (const [text, line, message] of wrong) {
  test(`the file with ${message.source} is refused at line ${line}`, () => {
    const { code, faults } = refusalOf(text);
    assert.equal(code, 'INVALID_FILE');
    assert.equal(faults[0]?.line, line);
    assert.match(faults[0]?.detail ?? '', message);
  });
}

test('several wrong events are told at once, and a file of which nothing comes out says why', () => {
  const both = refusalOf(file(...event('SUMMARY:x'), ...event('DTSTART:y')));
  assert.deepEqual(
    both.faults.map(({ line }) => line),
    [3, 7],
  );
  const { code, faults } = refusalOf(file(...event('DTSTART:20261001T090000Z', 'DURATION:PT1H')));
  assert.equal(code, 'VALIDATION_FAILED');
  assert.match(faults[0]?.detail ?? '', /none of 1 events/);
  assert.equal(faults[1]?.line, 3);
});

test('whatever text is given, the answer is a calendar or a refusal', () => {
  const word = fc.constantFrom(
    'BEGIN:VCALENDAR',
    'END:VCALENDAR',
    'BEGIN:VEVENT',
    'END:VEVENT',
    'DTSTART:20261001',
    'RRULE:FREQ=DAILY',
    ' ',
    ':',
    ';X=',
  );
  const line = fc.oneof(word, fc.string({ maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, framed) => {
      try {
        importICalendar(framed ? file(...event(...lines)) : lines.join('\n'), order);
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
