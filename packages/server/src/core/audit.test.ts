import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scheduleDefinitionSchema } from '@tidewheel/protocol';
import { type AuditVersion, expectedPiece, FireTally, type LedgerFire, stretchesOf } from './audit.ts';
import { serverLimits } from './limits.ts';

const every = (seconds: number, validFrom: number, enabled = true): AuditVersion => ({
  spec: scheduleDefinitionSchema.parse({ name: 's', every: seconds * 1000 }),
  enabled,
  anchorAt: 0,
  calendars: new Map(),
  validFrom: validFrom * 1000,
});

function expectedOf(versions: AuditVersion[], from: number, until: number, max = 3): number[] {
  const found: number[] = [];
  for (const stretch of stretchesOf(versions, from * 1000, until * 1000)) {
    for (let after = stretch.after; after < stretch.through; ) {
      const piece = expectedPiece({ ...stretch, after }, max);
      assert.ok(piece.expected.length <= max && piece.through > after);
      found.push(...piece.expected.map((ms) => ms / 1000));
      after = piece.through;
    }
  }
  return found;
}

function tallied(expected: number[], ledger: LedgerFire[]) {
  const tally = new FireTally();
  tally.compare(expected, ledger);
  const { samples, ...counts } = tally.row('s', 'j');
  return { ...counts, samples, clean: tally.clean };
}

const fired = (...times: number[]): LedgerFire[] =>
  times.map((fireAt) => ({ fireAt, outcome: 'fired', reason: null, decidedAt: fireAt }));

test('a version answers for the times after it began, up to and including the moment of the next', () => {
  assert.deepEqual(expectedOf([every(10, 20), every(15, 60)], 0, 100), [30, 40, 50, 60, 75, 90]);
});

test('nothing is expected before the first version, while paused, and after the end', () => {
  assert.deepEqual(expectedOf([every(10, 20), every(10, 40, false), every(10, 65)], 0, 80), [30, 40, 70, 80]);
  assert.deepEqual(expectedOf([], 0, 80), []);
});

test('the range is taken with both ends', () => {
  assert.deepEqual(expectedOf([every(10, 0)], 20, 40), [20, 30, 40]);
});

test('a range that begins within a version is the same as its part of the whole', () => {
  const versions = fc
    .array(
      fc.record({
        seconds: fc.integer({ min: 1, max: 30 }),
        length: fc.integer({ min: 1, max: 100 }),
        enabled: fc.boolean(),
      }),
      { maxLength: 6 },
    )
    .map((list) => {
      let at = 0;
      return list.map((one) => every(one.seconds, (at += one.length), one.enabled));
    });
  const second = fc.integer({ min: 0, max: 700 });
  fc.assert(
    fc.property(versions, second, second, fc.integer({ min: 1, max: 50 }), (list, from, until, max) => {
      const whole = expectedOf(list, 0, 700, 1000).filter((time) => time >= from && time <= until);
      assert.deepEqual(expectedOf(list, from, until, max), whole);
    }),
  );
});

test('expected and ledger that agree are clean, and what was late and skipped is counted', () => {
  const ledger: LedgerFire[] = [
    ...fired(1),
    { fireAt: 2, outcome: 'fired', reason: 'catch-up', decidedAt: 902 },
    ...[3, 4].map((fireAt): LedgerFire => ({ fireAt, outcome: 'skipped', reason: 'overlap', decidedAt: fireAt })),
    { fireAt: 5, outcome: 'skipped', reason: 'misfire', decidedAt: 5 },
  ];
  assert.deepEqual(tallied([1, 2, 3, 4, 5], ledger), {
    schedule: 's',
    job: 'j',
    expected: 5,
    fired: 2,
    skipped: 3,
    missing: 0,
    doubled: 0,
    unexpected: 0,
    caughtUp: 1,
    skippedBy: { misfire: 1, overlap: 2 },
    lateMaxMs: 900,
    lateP99Ms: 900,
    samples: [],
    clean: true,
  });
});

test('missing and unexpected times are told by name', () => {
  const { samples, missing, unexpected, clean } = tallied([1, 2, 4, 6], fired(0, 2, 3, 6, 7));
  assert.deepEqual([missing, unexpected, clean], [2, 3, false]);
  assert.deepEqual(
    samples.map((one) => `${one.fireAt} ${one.finding}`),
    ['0 unexpected', '1 missing', '3 unexpected', '4 missing', '7 unexpected'],
  );
});

test('findings are all counted, but only the first few told', () => {
  const { samples, missing } = tallied(
    Array.from({ length: 1000 }, (_, index) => index),
    [],
  );
  assert.deepEqual([samples.length, missing], [serverLimits.auditSamples, 1000]);
});

test('counts are those of comparing sets, and expected is fired, skipped and missing together', () => {
  const times = fc
    .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 })
    .map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(times, times, (expected, ledger) => {
      const row = tallied(expected, fired(...ledger));
      assert.equal(row.fired, expected.filter((time) => ledger.includes(time)).length);
      assert.equal(row.unexpected, ledger.filter((time) => !expected.includes(time)).length);
      assert.equal(row.expected, row.fired + row.skipped + row.missing);
    }),
  );
});
