import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '@tidewheel/protocol';
import { cronHash } from './hash.ts';
import { cronNext } from './next.ts';
import { parseCron } from './parse.ts';

const utc = (text: string) => Date.parse(`${text}Z`);

function refusal(expression: string, timezone = 'UTC'): Refusal {
  try {
    parseCron(expression, timezone);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `"${expression}" in ${timezone} was accepted` });
}

/** What is wrong, where, and what the nearest expression is; '-' where nothing comes near. */
const wrong: [expression: string, message: RegExp, nearest: string][] = [
  ['', /^0 fields are given; expected 5 .* 6 .* 7/, '* * * * *'],
  ['* * * *', /^4 fields are given/, '* * * * *'],
  ['0 0 1 1 * root backup.sh now', /^8 fields are given/, '0 0 1 1 *'],
  ['0 0 1 1 * 2030', /year, which is the seventh field/, '0 0 0 1 1 * 2030'],
  ['61 * * * *', /field 1 \(minute\), "61" at character 1: above 59; expected 0-59/, '59 * * * *'],
  ['60 * * * *', /above 59/, '0 * * * *'],
  ['0 24 * * *', /field 2 \(hour\), "24" at character 3: above 23/, '0 0 * * *'],
  ['0 0  32 * *', /field 3 \(day of month\), "32" at character 6: .*expected 1-31/, '0 0  31 * *'],
  ['0 0 0 * *', /field 3 \(day of month\), "0" at character 5: below 1/, '0 0 1 * *'],
  ['0 0 * 13 *', /field 4 \(month\), "13" at character 7: above 12/, '0 0 * 12 *'],
  ['0 0 * 0 *', /below 1/, '0 0 * 1 *'],
  ['0 0 * * 8', /field 5 \(day of week\), "8" at character 9: above 7/, '0 0 * * 6'],
  ['0 0 * Sept *', /field 4 \(month\), "Sept" at character 7/, '0 0 * SEP *'],
  ['0 0 * FBE *', /expected 1-12 or JAN-DEC/, '0 0 * FEB *'],
  ['0 0 0 * * MOO', /field 6 \(day of week\), "MOO" at character 11/, '0 0 0 * * MON'],
  ['0 0 * * MON,Thursday', /"Thursday" at character 13/, '0 0 * * MON,THU'],
  ['0 0 0 1 1 ? 1969', /field 7 \(year\), "1969" at character 13: below 1970/, '0 0 0 1 1 ? 1970'],
  ['0 0 0 1 1 ? 2200', /above 2199; expected 1970-2199/, '0 0 0 1 1 ? 2199'],
  ['0 0 0 1 1 ? 2030-2020', /years do not come round again/, '0 0 0 1 1 ? 2020-2030'],
  ['0 0 0 1 1 ? H', /H knows no years/, '0 0 0 1 1 ? *'],
  ['*/0 * * * *', /field 1 \(minute\), "\*\/0" at character 1: a step of 0/, '* * * * *'],
  ['*/90 * * * *', /a step of 90 is longer than the 60 values.*write every: 90m/, '*/60 * * * *'],
  ['0 */25 * * *', /longer than the 24 values.*every: 25h/, '0 */24 * * *'],
  ['*/x * * * *', /"x" at character 3: a step is a whole number/, '*/1 * * * *'],
  ['*/ * * * *', /a step is a whole number/, '*/1 * * * *'],
  ['*/5/2 * * * *', /a step is a whole number/, '*/1 * * * *'],
  ['1.5 * * * *', /"1.5" at character 1: not understood/, '* * * * *'],
  ['-5 * * * *', /"-5" at character 1: no range/, '5 * * * *'],
  ['5- * * * *', /no range/, '5 * * * *'],
  ['1-2-3 * * * *', /no range; a range is two values/, '1-2 * * * *'],
  ['10-70 * * * *', /"70" at character 4: above 59/, '10-59 * * * *'],
  ['1,,2 * * * *', /a list with an empty place/, '1,2 * * * *'],
  [', * * * *', /a list with an empty place/, '* * * * *'],
  ['0 0 1, 15 * *', /a blank stands inside a field, at character 5/, '0 0 1,15 * *'],
  ['0 0 1 ,15 * *', /a blank stands inside a field/, '0 0 1,15 * *'],
  ['0 9 - 17 * * *', /a blank stands inside a field/, '0 9-17 * * *'],
  ['? * * * *', /\? stands only for a day/, '* * * * *'],
  ['H(5) * * * *', /H takes a range/, 'H * * * *'],
  ['H( * * * *', /expected H, H\/15, H\(0-29\) or H\(0-29\)\/10/, 'H * * * *'],
  ['H(0-70) * * * *', /"70" at character 5: above 59/, 'H(0-59) * * * *'],
  ['HOURLY * * * *', /expected H, /, 'H * * * *'],
  ['0 0 L-31 * *', /"L-31" at character 5: expected 1-30/, '0 0 L-30 * *'],
  ['0 0 L-0 * *', /expected 1-30/, '0 0 L * *'],
  ['0 0 32W * *', /"32W" at character 5: expected 1-31/, '0 0 31W * *'],
  ['0 0 W15 * *', /"W15" at character 5: not understood/, '0 0 15W * *'],
  ['0 0 WL * *', /not understood/, '0 0 LW * *'],
  ['0 0 1-15W * *', /each without range or step/, '0 0 1W * *'],
  ['0 0 L/2 * *', /each without range or step/, '0 0 L * *'],
  ['0 0 * * L', /L alone is no weekday/, '0 0 * * SAT'],
  ['0 0 * * 5#6', /"6" at character 11: expected 1-5/, '0 0 * * 5#5'],
  ['0 0 * * 5#0', /expected 1-5/, '0 0 * * 5#1'],
  ['0 0 * * 5#', /expected 1-5 after #/, '0 0 * * 5#1'],
  ['0 0 * * #2', /one weekday stands before #/, '0 0 * * MON#2'],
  ['0 0 * * MON-WED#2', /one weekday stands before #, as in FRI#3/, '0 0 * * MON#2,TUE#2,WED#2'],
  ['0 0 * * SAT-SUNL', /one weekday stands before L, as in FRIL/, '0 0 * * SATL,SUNL'],
  ['0 0 30 2 *', /field 3 .*never fires: FEB has at most 29 days/, '0 0 L 2 *'],
  ['0 0 31 2,4,NOV *', /never fires: FEB, APR, NOV have at most 30 days/, '0 0 L 2,4,NOV *'],
  ['0 0 0 29 2 ? 2023', /field 4 .*never fires: no day from 1970 to 2199 fits/, '0 0 0 L 2 ? 2023'],
  ['0 0 1 * +MON#2', /never fires/, '0 0 * * +MON#2'],
  ['0 0 31W FEB *', /never fires/, '0 0 L FEB *'],
  ['0 0 0 ? 2 WED#5 2023', /field 6 \(day of week\), "WED#5" at character 11: never fires/, '0 0 0 ? 2 * 2023'],
  ['TZ=Asia/Tokyo 0 0 * * *', /beside the expression/, '0 0 * * *'],
  ['CRON_TZ=UTC 0 0 * * *', /beside the expression/, '0 0 * * *'],
  ['2030-01-02T03:04:05', /an instant; for one shot write at:/, '5 4 3 2 1 ? 2030'],
  ['every 5 minutes', /words are not understood/, '*/5 * * * *'],
  ['Every day', /words are not understood/, '0 0 * * *'],
  ['0，30 9 * * *', /"，" at character 2: another character than ,/, '0,30 9 * * *'],
  ['*／５ 9–17 * * *', /another character/, '*/5 9-17 * * *'],
  ['@reboot', /has no time/, '-'],
  ['@every 5m', /write every: 5m/, '-'],
  ['@fortnightly', /nickname "@fortnightly" is unknown.*@hourly/, '@daily'],
  ['@dailly', /nickname/, '@daily'],
  ['61 24 32 13 MONDAY', /field 1 \(minute\)/, '59 0 31 12 MON'],
  ['a b c d e', /field 1 \(minute\), "a" at character 1: not understood/, '* * * DEC TUE'],
  ['nonsense', /^1 fields are given/, '* * * * *'],
  [`${'1,'.repeat(250)}1 * * * *`, /^509 characters, at most 500/, '-'],
];
for (const [expression, message, nearest] of wrong) {
  test(`the expression "${expression.slice(0, 40)}" is refused with ${message.source}`, () => {
    const { code, message: detail, faults } = refusal(expression);
    assert.equal(code, 'INVALID_CRON');
    assert.match(detail, message);
    assert.deepEqual(faults, [{ pointer: '/cron', detail }]);
    const [, offered = '-'] = /; nearest valid form: (.*)$/.exec(detail) ?? [];
    assert.equal(offered, nearest);
    if (offered !== '-') parseCron(offered, 'UTC');
  });
}

const zones: [string, RegExp][] = [
  ['CST', /ambiguous.*America\/Chicago or Asia\/Shanghai or America\/Havana/],
  ['IST', /ambiguous.*Asia\/Kolkata or Europe\/Dublin or Asia\/Jerusalem/],
  ['EST', /America\/New_York/],
  ['EST5EDT', /America\/New_York/],
  ['+08:00', /is an offset/],
  ['UTC+8', /is an offset/],
  ['Europe/Berln', /unknown; write an IANA name/],
  ['Berlin', /unknown; write Europe\/Berlin/],
  ['', /unknown/],
];
for (const [timezone, message] of zones) {
  test(`the zone "${timezone}" is refused with ${message.source}`, () => {
    const { code, message: detail } = refusal('* * * * *', timezone);
    assert.equal(code, 'UNKNOWN_TIMEZONE');
    assert.match(detail, message);
  });
}

test('a zone is taken in any case', () => {
  assert.equal(cronNext(parseCron('0 9 * * *', 'asia/shanghai'), utc('2026-01-01T00:00')), utc('2026-01-01T01:00'));
  assert.equal(parseCron('0 9 * * *', 'utc').timezone, 'UTC');
});

test('the answers do not depend on the time zone of the process', (t) => {
  const before = process.env['TZ'];
  t.after(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });
  for (const zone of ['America/New_York', 'Asia/Kathmandu']) {
    process.env['TZ'] = zone;
    const next = (timezone: string) => cronNext(parseCron('30 2 8 3 *', timezone), utc('2026-03-01T00:00'));
    assert.equal(next('UTC'), utc('2026-03-08T02:30'));
    assert.equal(next('America/New_York'), utc('2026-03-08T07:00'));
  }
});

test('H is the same for a name for ever', () => {
  const pinned = [
    ['', 'minute'],
    ['nightly-report', 'minute'],
    ['nightly-report', 'hour'],
    ['对账', 'minute'],
  ].map(([name = '', field = '']) => cronHash(name, field));
  assert.deepEqual(pinned, [4_170_452_648, 1_839_768_110, 2_338_437_211, 1_482_778_786]);
  const { second, minute, hour, month, day } = parseCron('H H H H H H', 'UTC', { hashKey: 'nightly-report' }).fields;
  const values = [second, minute, hour, month, day.days, day.weekdays].map((field) => field.values);
  assert.deepEqual(values, [[0], [50], [19], [4], [4], [5]]);
});

test('H keeps to its range, goes on with its step, and spreads names evenly', () => {
  const counts = new Map<number, number>();
  for (let index = 0; index < 6000; index += 1) {
    const options = { hashKey: `job-${index}` };
    const { minute, hour, day } = parseCron('H(10-19) H/6 H * *', 'UTC', options).fields;
    const [only = -1] = minute.values;
    assert.ok(minute.values.length === 1 && only >= 10 && only <= 19);
    const [first = -1, ...rest] = hour.values;
    assert.ok(first >= 0 && first < 6);
    assert.deepEqual(rest, [first + 6, first + 12, first + 18]);
    assert.ok((day.days.values[0] ?? 99) <= 28, 'every month has the day');
    counts.set(only, (counts.get(only) ?? 0) + 1);
  }
  assert.equal(counts.size, 10);
  for (const count of counts.values()) assert.ok(count > 500 && count < 700, `${count} of 6000 on one minute of ten`);
  const { hour, minute } = parseCron('H(0-29)/10 H(22-3) * * *', 'UTC', { hashKey: 'x' }).fields;
  assert.equal(minute.values.length, 3);
  assert.ok([22, 23, 0, 1, 2, 3].includes(hour.values[0] ?? -1));
});

const letters = '0123456789*?/-,#LWHF+@() \tMONDAYJANSUN，＊'.split('');
const pieces = [
  'MON',
  'JAN',
  '*/5',
  'L-3',
  '15W',
  'LW',
  '5#3',
  'FRIL',
  'H(0-29)/10',
  '22-3',
  '?',
  '2030',
  '0',
  '59',
  '+',
];

test('whatever is given, the answer is a schedule or a refusal, soon, and the nearest form it offers is right', () => {
  const field = fc.oneof(
    fc.string({ unit: fc.constantFrom(...letters), maxLength: 12 }),
    fc
      .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 })
      .chain((parts) => fc.constantFrom(',', '-', '/', '').map((mark) => parts.join(mark))),
    { weight: 12, arbitrary: fc.constantFrom('*', '1', '*/5', '1-5', '?') },
    fc.bigInt().map(String),
  );
  const expression = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.string({ unit: fc.constantFrom(...letters), maxLength: 600 }),
    fc.array(field, { minLength: 4, maxLength: 8 }).map((fields) => fields.join(' ')),
  );
  let [accepted, refused, slowest] = [0, 0, 0];
  fc.assert(
    fc.property(expression, fc.string({ maxLength: 20 }), (text, hashKey) => {
      const begin = performance.now();
      try {
        const cron = parseCron(text, 'Europe/Berlin', { hashKey });
        cronNext(cron, 1_790_000_000_000);
        accepted += 1;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refused += 1;
        const [, near] = /; nearest valid form: (.*)$/s.exec(error.message) ?? [];
        if (near !== undefined) parseCron(near, 'UTC', { hashKey });
      }
      slowest = Math.max(slowest, performance.now() - begin);
    }),
    { numRuns: 10_000 },
  );
  assert.ok(accepted > 100 && refused > 5000, `${accepted} accepted, ${refused} refused`);
  assert.ok(slowest < 1000, `one took ${slowest} ms`);
});

test('the longest expressions are read in bounded time', () => {
  const fill = (text: string, rest: string) =>
    `${text
      .repeat(200)
      .slice(0, 490 - rest.length)
      .replace(/,[^,]*$/, '')} ${rest}`;
  const expressions = [
    fill('0-59,', '* * * *'),
    fill('H(0-59)/2,', '* * * *'),
    `0 0 ${'31W,'.repeat(110)}L 2 *`,
    `0 0 30 2 ${'+MON#5,'.repeat(60)}`,
    `0 0 0 29 2 ? ${'2100,2101,'.repeat(40)}2199`,
  ];
  for (const text of expressions) {
    const begin = performance.now();
    try {
      parseCron(text, 'UTC');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
    assert.ok(performance.now() - begin < 1000, text.slice(0, 40));
  }
});
