import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { misfirePolicies, overlapPolicies, scheduleDefinitionSchema } from '@tidewheel/protocol';
import { decideFires, type FireDecision, type FireInput } from './fire.ts';
import { compileTimes, previewFires } from './schedule-times.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const start = Date.UTC(2026, 0, 5);

function setup(schedule: object, change: Partial<FireInput> = {}): FireInput {
  const spec = scheduleDefinitionSchema.parse({ name: 's', ...schedule });
  const times = compileTimes(spec, start);
  const cursor = change.cursor ?? start;
  const nextFireAt = previewFires(times, cursor, 1)[0] ?? Number.MAX_SAFE_INTEGER;
  return {
    scheduleId: 's',
    spec,
    times,
    cursor,
    nextFireAt,
    now: start + hour,
    jobEnabled: true,
    unfinishedRuns: 0,
    maxFires: 10_000,
    ...change,
  };
}

/** Outcomes as a readable line: F for fired, else the reason. */
const told = (fires: readonly FireDecision[]) => fires.map((fire) => fire.reason ?? 'F').join(' ');

test('a time that has not come is not decided', () => {
  const input = setup({ every: '1m' }, { now: start + minute - 1 });
  assert.deepEqual(decideFires(input), { fires: [], cursor: start, nextFireAt: start + minute });
});

test('a time is due at its very millisecond', () => {
  const result = decideFires(setup({ every: '1m' }, { now: start + minute }));
  assert.deepEqual(result, {
    fires: [{ fireAt: start + minute, outcome: 'fired', reason: null }],
    cursor: start + minute,
    nextFireAt: start + 2 * minute,
  });
});

test('a time up to grace late is fired under every policy', () => {
  for (const policy of misfirePolicies) {
    const input = setup({ every: '1m', misfire: { policy, grace: '30s' } }, { now: start + minute + 30 * second });
    assert.equal(told(decideFires(input).fires), 'F');
  }
});

test('policy skip makes up for no missed time', () => {
  const input = setup({ every: '1m', misfire: { policy: 'skip', grace: '0s' } }, { now: start + 3 * minute + 1 });
  assert.equal(told(decideFires(input).fires), 'misfire misfire misfire');
});

test('policy last makes up for the newest missed time only, and a late one still fires', () => {
  const input = setup(
    { every: '1m', misfire: { policy: 'last', grace: '30s' } },
    { now: start + 4 * minute + 10 * second },
  );
  assert.equal(told(decideFires(input).fires), 'misfire misfire F F');
});

test('policy last makes up for nothing when the newest missed time is out of the window', () => {
  const input = setup(
    { every: '1h', misfire: { policy: 'last', grace: '0s', window: '10m' } },
    { now: start + 2 * hour + 11 * minute },
  );
  assert.equal(told(decideFires(input).fires), 'misfire-window misfire-window');
});

test('policy all makes up for the newest of the window, at most max', () => {
  const input = setup(
    { every: '1m', misfire: { policy: 'all', grace: '0s', window: '4m', max: 2 } },
    { now: start + 6 * minute + 1 },
  );
  assert.equal(told(decideFires(input).fires), 'misfire-window misfire-window misfire-limit misfire-limit F F');
});

test('a disabled job fires nothing, and says so rather than anything else', () => {
  const input = setup(
    { every: '1m', misfire: { policy: 'skip', grace: '0s' } },
    { now: start + 2 * minute + 1, jobEnabled: false },
  );
  assert.equal(told(decideFires(input).fires), 'job-disabled job-disabled');
});

test('overlap skip lets one run be unfinished, those of the same call included', () => {
  const schedule = { every: '1s', overlap: 'skip', misfire: { policy: 'all' } };
  assert.equal(told(decideFires(setup(schedule, { now: start + 3 * second })).fires), 'F overlap overlap');
  assert.equal(told(decideFires(setup(schedule, { now: start + second, unfinishedRuns: 1 })).fires), 'overlap');
});

test('a one-shot fires once and has no next time', () => {
  const result = decideFires(setup({ in: '10s' }, { now: start + 10 * second }));
  assert.deepEqual(result, {
    fires: [{ fireAt: start + 10_000, outcome: 'fired', reason: null }],
    cursor: start + 10_000,
    nextFireAt: null,
  });
});

test('the cursor decides, not a stored next time that time zone data has moved', () => {
  const input = setup({ cron: '0 12 * * *' }, { nextFireAt: start + 11 * hour, now: start + 11.5 * hour });
  assert.deepEqual(decideFires(input), { fires: [], cursor: start, nextFireAt: start + 12 * hour });
});

const schedules = fc.record({
  when: fc.constantFrom(
    { every: 1000 },
    { every: 7000 },
    { cron: '*/3 * * * * *' },
    { cron: '* * * * *' },
    { in: 30_000 },
  ),
  overlap: fc.constantFrom(...overlapPolicies),
  policy: fc.constantFrom(...misfirePolicies),
  window: fc.integer({ min: 0, max: 200_000 }),
  max: fc.integer({ min: 1, max: 30 }),
  grace: fc.integer({ min: 0, max: 60_000 }),
  late: fc.integer({ min: 0, max: 300_000 }),
  cuts: fc.infiniteStream(fc.integer({ min: 1, max: 12 })),
  jobEnabled: fc.boolean(),
  unfinishedRuns: fc.integer({ min: 0, max: 1 }),
});

test('decisions do not depend on how the range is cut into calls, and each nominal time is decided once, in order', () => {
  fc.assert(
    fc.property(schedules, ({ when, overlap, policy, window, max, grace, late, cuts, jobEnabled, unfinishedRuns }) => {
      const whole = setup(
        { ...when, overlap, misfire: { policy, window, max, grace } },
        { now: start + late, jobEnabled, unfinishedRuns },
      );
      const expected = decideFires(whole);
      assert.deepEqual(
        expected.fires.map((fire) => fire.fireAt),
        previewFires(whole.times, start, 10_000 * Number(when.in === undefined) || 1).filter((at) => at <= whole.now),
      );
      const pieces: FireDecision[] = [];
      let rest: FireInput = whole;
      for (const maxFires of cuts) {
        const piece = decideFires({ ...rest, maxFires });
        assert.ok(piece.fires.length <= maxFires);
        assert.ok(piece.cursor >= rest.cursor, 'the cursor went back');
        pieces.push(...piece.fires);
        if (piece.nextFireAt === null || piece.nextFireAt > whole.now) {
          assert.deepEqual(
            { cursor: piece.cursor, nextFireAt: piece.nextFireAt },
            { cursor: expected.cursor, nextFireAt: expected.nextFireAt },
          );
          break;
        }
        const started = piece.fires.filter((fire) => fire.outcome === 'fired').length;
        rest = {
          ...rest,
          cursor: piece.cursor,
          nextFireAt: piece.nextFireAt,
          unfinishedRuns: rest.unfinishedRuns + started,
        };
      }
      assert.deepEqual(pieces, expected.fires);
    }),
  );
});

test('one call stays small whatever was missed: a week of seconds, page by page', () => {
  for (const policy of misfirePolicies) {
    let computed = 0;
    const input = setup(
      { every: '1s', misfire: { policy, window: '7d', max: 1000 } },
      { now: start + 7 * 24 * hour, maxFires: 500 },
    );
    // Counts how often a next time is worked out, through the one property that doing so reads first.
    const times = new Proxy(input.times, {
      get: (target, key) => ((computed += Number(key === 'kind')), Reflect.get(target, key)),
    });
    const page = decideFires({ ...input, times });
    assert.equal(page.fires.length, 500);
    assert.equal(page.cursor, start + 500 * second);
    assert.equal(page.nextFireAt, start + 501 * second);
    assert.ok(computed <= 501 + 1000, `${computed} computations`);
  }
});

test('a million missed times are all decided, each once', () => {
  let input = setup({ every: '1s', misfire: { policy: 'last' } }, { now: start + 1_000_000 * second, maxFires: 1000 });
  let decided = 0;
  let fired = 0;
  for (;;) {
    const page = decideFires(input);
    decided += page.fires.length;
    fired += page.fires.filter((fire) => fire.outcome === 'fired').length;
    if (page.nextFireAt === null || page.nextFireAt > input.now) break;
    input = { ...input, cursor: page.cursor, nextFireAt: page.nextFireAt };
  }
  assert.equal(decided, 1_000_000);
  // Sixty-one are within the grace of a minute (the one exactly a minute late included), one is the newest missed.
  assert.equal(fired, 62);
});
