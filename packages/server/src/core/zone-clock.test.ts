import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { instantsByRules, type ClockRules } from './wall-times.ts';
import { instantsOf, offsetAt, transitionsBetween, zoneClock } from './zone-clock.ts';

const utc = (text: string) => Date.parse(`${text}Z`);
const hour = 3_600_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall clock's own figures, which the code under test does not ask for. */
function wallOf(zone: string, at: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    const digits = 'numeric';
    const fields = { year: digits, month: digits, day: digits, hour: digits, minute: digits, second: digits } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...fields });
    formats.set(zone, format);
  }
  const figures = format.format(at).split(/\D+/).map(Number);
  const [month = 0, day = 0, year = 0, hours = 0, minutes = 0, seconds = 0] = figures;
  return Date.UTC(year, month - 1, day, hours, minutes, seconds);
}

const changes: [zone: string, at: string, before: number, after: number][] = [
  ['Europe/Berlin', '2026-03-29T01:00', 60, 120],
  ['Europe/Berlin', '2026-10-25T01:00', 120, 60],
  ['Australia/Lord_Howe', '2026-04-04T15:00', 660, 630],
  ['Australia/Lord_Howe', '2026-10-03T15:30', 630, 660],
  ['Pacific/Apia', '2011-12-30T10:00', -600, 840],
  ['Africa/Casablanca', '2026-02-15T02:00', 60, 0],
  ['Europe/Dublin', '2026-10-25T01:00', 60, 0],
  ['Africa/Cairo', '2026-04-23T22:00', 120, 180],
  ['America/Sao_Paulo', '2018-11-04T03:00', -180, -120],
  ['America/Havana', '2026-03-08T05:00', -300, -240],
  ['Antarctica/Troll', '2026-03-29T01:00', 0, 120],
  ['Asia/Pyongyang', '2018-05-04T15:00', 510, 540],
  ['America/Caracas', '2007-12-09T07:00', -240, -270],
];
for (const [zone, at, before, after] of changes) {
  test(`the clock of ${zone} goes from ${before} to ${after} minutes at ${at}`, () => {
    const change = { at: utc(at), before: before * 60_000, after: after * 60_000 };
    assert.deepEqual(transitionsBetween(zone, change.at - 1, change.at), [change]);
    assert.equal(offsetAt(zone, change.at - 1), change.before);
    assert.equal(offsetAt(zone, change.at), change.after);
  });
}

test('offsets of whole seconds are known to the second', () => {
  assert.deepEqual(transitionsBetween('Africa/Monrovia', utc('1971-01-01T00:00'), utc('1973-01-01T00:00')), [
    { at: utc('1972-01-07T00:44:30'), before: -2670_000, after: 0 },
  ]);
});

test('a wall time is one instant, or two, or none', () => {
  const berlin = (text: string) => instantsOf('Europe/Berlin', utc(text));
  assert.deepEqual(berlin('2026-07-01T12:00'), { kind: 'one', at: utc('2026-07-01T10:00') });
  const forward = { at: utc('2026-03-29T01:00'), before: hour, after: 2 * hour };
  assert.equal(berlin('2026-03-29T01:59:59.999').kind, 'one');
  assert.deepEqual(berlin('2026-03-29T02:00'), { kind: 'gap', change: forward });
  assert.deepEqual(berlin('2026-03-29T02:59:59.999'), { kind: 'gap', change: forward });
  assert.deepEqual(berlin('2026-03-29T03:00'), { kind: 'one', at: forward.at });
  const back = { at: utc('2026-10-25T01:00'), before: 2 * hour, after: hour };
  assert.equal(berlin('2026-10-25T01:59:59.999').kind, 'one');
  assert.deepEqual(berlin('2026-10-25T02:00'), {
    kind: 'repeated',
    first: back.at - hour,
    last: back.at,
    change: back,
  });
  assert.deepEqual(berlin('2026-10-25T03:00'), { kind: 'one', at: back.at + hour });
  assert.equal(instantsOf('Pacific/Apia', utc('2011-12-30T12:00')).kind, 'gap');
  assert.deepEqual(instantsOf('UTC', utc('2026-03-29T02:30')), { kind: 'one', at: utc('2026-03-29T02:30') });
});

test('rules say what becomes of a wall time that is skipped or repeated', () => {
  const of = (wall: string, rules: Partial<ClockRules>, fixed = true, unitMs: 1000 | 60_000 = 60_000) =>
    instantsByRules('Europe/Berlin', utc(wall), { gap: 'after', overlap: 'once', ...rules }, { fixed, unitMs }).map(
      (at) => new Date(at).toISOString().slice(11, 19),
    );
  const gap = '2026-03-29T02:30';
  assert.deepEqual(of(gap, { gap: 'after' }), ['01:00:00']);
  assert.deepEqual(of(gap, { gap: 'before' }), ['00:59:00']);
  assert.deepEqual(of(gap, { gap: 'before' }, true, 1000), ['00:59:59']);
  assert.deepEqual(of(gap, { gap: 'skip' }), []);
  assert.deepEqual(of(gap, { gap: 'after' }, false), []);
  const twice = '2026-10-25T02:30';
  assert.deepEqual(of(twice, { overlap: 'once' }), ['00:30:00']);
  assert.deepEqual(of(twice, { overlap: 'once' }, false), ['00:30:00', '01:30:00']);
  assert.deepEqual(of(twice, { overlap: 'first' }, false), ['00:30:00']);
  assert.deepEqual(of(twice, { overlap: 'last' }, false), ['01:30:00']);
  assert.deepEqual(of(twice, { overlap: 'both' }), ['00:30:00', '01:30:00']);
});

test('every zone from 2005 to 2035: changes and offsets are those that the wall clock shows', () => {
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    const found = transitionsBetween(zone, utc('2005-01-01T00:00'), utc('2035-01-01T00:00'));
    for (const { at, before, after } of found) {
      assert.equal(wallOf(zone, at - 1000), at - 1000 + before, `${zone} before ${at}`);
      assert.equal(wallOf(zone, at), at + after, `${zone} at ${at}`);
    }
    for (let year = 2005; year < 2035; year += 1) {
      for (const month of [0, 4, 8]) {
        const at = Date.UTC(year, month, 1 + (year % 27), year % 24, 17, 5);
        assert.equal(offsetAt(zone, at), wallOf(zone, at) - at, `${zone} at ${at}`);
      }
    }
  }
});

test('where memory is cut, no change is near: wall times that it touches lie beside it', () => {
  const day = 86_400_000;
  let cuts = 0;
  for (const zone of Intl.supportedValuesOf('timeZone').filter((_, index) => index % 6 === 0)) {
    const clock = zoneClock(zone);
    for (let segment = clock.segmentAt(utc('1990-01-01T00:00')); segment.until < utc('2030-01-01T00:00'); ) {
      if (segment.after === segment.offset) {
        cuts += 1;
        const { until } = segment;
        assert.deepEqual(transitionsBetween(zone, until - 2 * day, until + 2 * day), [], `${zone} at ${until}`);
      }
      segment = clock.segmentAt(segment.until);
    }
  }
  assert.ok(cuts > 1000);
});

test('an instant is among those of its wall time, whatever the zone', () => {
  const zones = fc.constantFrom(...changes.map(([zone]) => zone), 'UTC', 'Asia/Gaza', 'Asia/Kathmandu');
  const near = fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -30 * 3600, max: 30 * 3600 }))
    .map(([[zone, at], seconds]) => ({ zone, at: utc(at) + seconds * 1000 }));
  const any = fc.record({
    zone: zones,
    at: fc.integer({ min: 0, max: 7_000_000_000 }).map((seconds) => seconds * 1000),
  });
  fc.assert(
    fc.property(fc.oneof(near, any), ({ zone, at }) => {
      const found = instantsOf(zone, wallOf(zone, at));
      assert.notEqual(found.kind, 'gap');
      const instants = found.kind === 'one' ? [found.at] : found.kind === 'repeated' ? [found.first, found.last] : [];
      assert.ok(instants.includes(at), `${zone} ${at}`);
      for (const instant of instants) assert.equal(wallOf(zone, instant), wallOf(zone, at));
      assert.deepEqual(
        instants,
        instants.toSorted((a, b) => a - b),
      );
    }),
    { numRuns: 2000 },
  );
});

test('what is no instant is refused at once, and the ends of time are bounded', () => {
  for (const at of [Number.NaN, Infinity, -Infinity, 9e15])
    assert.throws(() => offsetAt('Europe/Berlin', at), RangeError);
  assert.equal(offsetAt('Asia/Shanghai', 8.64e15), 8 * hour);
  assert.ok(Number.isFinite(offsetAt('Europe/Berlin', -8.64e15)));
});
