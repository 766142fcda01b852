import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { misfirePolicies, overlapPolicies, scheduleDefinitionSchema } from '@tidewheel/protocol';
import { decideFires, decideMissed, type FireDecision, type FireInput, type MissedRange } from './fire.ts';
import { nothingUnfinished, type Unfinished } from './overlap.ts';
import { compileTimes, nextFireAfter, previewFires } from './schedule-times.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const start = Date.UTC(2026, 0, 5);

function setup(schedule: object, change: Partial<FireInput> = {}): FireInput {
  const spec = scheduleDefinitionSchema.parse({ name: 's', ...schedule });
  const isDelay = spec.delay !== undefined;
  const times = isDelay ? compileTimes({ timezone: 'UTC', in: 1 }, start) : compileTimes(spec, start);
  const cursor = change.cursor ?? start;
  const nextFireAt = isDelay
    ? start + (spec.delay ?? 0)
    : (previewFires(times, cursor, 1)[0] ?? Number.MAX_SAFE_INTEGER);
  return {
    spec,
    times,
    cursor,
    nextFireAt,
    now: start + hour,
    jobEnabled: true,
    unfinished: nothingUnfinished,
    maxFires: 10_000,
    ...change,
  };
}

const running = (count: number): Unfinished => ({ ...nothingUnfinished, running: count });

/** What has become of runs that were fired: as if none ended. */
function grown(unfinished: Unfinished, fires: readonly FireDecision[]): Unfinished {
  const fired = fires.filter((fire) => fire.outcome === 'fired');
  const blocked = fired.filter((fire) => fire.waits).length;
  return { ...unfinished, pending: unfinished.pending + fired.length - blocked, blocked: unfinished.blocked + blocked };
}

function decideRange(
  input: FireInput,
  range: MissedRange,
  unfinished: Unfinished,
  maxFires: () => number,
): FireDecision[] {
  const fires: FireDecision[] = [];
  let rest: MissedRange | null = range;
  let counted = unfinished;
  while (rest !== null) {
    const most = maxFires();
    const page = decideMissed({
      choice: null,
      ...input,
      range: rest,
      noticedAt: input.now,
      unfinished: counted,
      maxFires: most,
      until: Number.MAX_SAFE_INTEGER,
    });
    assert.ok(page.fires.length <= most && page.fires.length > 0);
    fires.push(...page.fires);
    counted = grown(counted, page.fires);
    rest = page.rest;
  }
  return fires;
}

/** All that is due: first what is not missed, then, with the runs of those, what is. In the order of time. */
function decideAll(input: FireInput, maxFires: () => number = () => input.maxFires): FireDecision[] {
  const fires: FireDecision[] = [];
  const ranges: MissedRange[] = [];
  let rest = input;
  for (;;) {
    const page = decideFires({ ...rest, maxFires: maxFires() });
    assert.ok(page.cursor >= rest.cursor, 'the cursor went back');
    if (page.aside !== null) ranges.push(page.aside);
    fires.push(...page.fires);
    rest = {
      ...rest,
      cursor: page.cursor,
      nextFireAt: page.nextFireAt ?? Number.MAX_SAFE_INTEGER,
      unfinished: grown(rest.unfinished, page.fires),
    };
    if (page.nextFireAt === null || page.nextFireAt > input.now) break;
  }
  assert.ok(ranges.length <= 1);
  const missed = ranges.flatMap((range) => decideRange(input, range, rest.unfinished, maxFires));
  return [...missed, ...fires];
}

/** Outcomes as a readable line: F for fired, C for made up for, B for fired to wait, else the reason. */
const letters: Readonly<Record<string, string>> = { 'catch-up': 'C', buffered: 'B' };
const told = (fires: readonly FireDecision[]) =>
  fires.map((fire) => (fire.reason === null ? 'F' : (letters[fire.reason] ?? fire.reason))).join(' ');

test('a time that has not come is not decided', () => {
  const { fires, aside, cursor, nextFireAt } = decideFires(setup({ every: '1m' }, { now: start + minute - 1 }));
  assert.deepEqual([fires, aside, cursor, nextFireAt], [[], null, start, start + minute]);
});

test('a time is due at its very millisecond, and knows the times around it', () => {
  const result = decideFires(setup({ every: '1m' }, { now: start + minute }));
  assert.deepEqual(result, {
    fires: [
      {
        fireAt: start + minute,
        outcome: 'fired',
        reason: null,
        waits: false,
        previous: null,
        next: start + 2 * minute,
      },
    ],
    aside: null,
    replaces: false,
    cursor: start + minute,
    nextFireAt: start + 2 * minute,
    finished: false,
  });
});

test('a time up to grace late is fired under every policy', () => {
  for (const policy of misfirePolicies) {
    const input = setup({ every: '1m', misfire: { policy, grace: '30s' } }, { now: start + minute + 30 * second });
    assert.equal(told(decideFires(input).fires), 'F');
  }
});

test('what was missed is set aside whole, and what is due after it does not wait for that', () => {
  const input = setup({ every: '1m', misfire: { grace: '30s' } }, { now: start + 4 * minute + 10 * second });
  const { aside, fires } = decideFires(input);
  assert.deepEqual(aside, { after: start, through: start + 3 * minute, next: start + minute });
  assert.deepEqual(
    fires.map(({ fireAt, previous }) => [fireAt, previous]),
    [[start + 4 * minute, start + 3 * minute]],
  );
});

test('policy skip makes up for no missed time', () => {
  const input = setup({ every: '1m', misfire: { policy: 'skip', grace: '0s' } }, { now: start + 3 * minute + 1 });
  assert.equal(told(decideAll(input)), 'misfire misfire misfire');
});

test('policy last makes up for the newest missed time only, and a late one still fires', () => {
  const input = setup(
    { every: '1m', misfire: { policy: 'last', grace: '30s' } },
    { now: start + 4 * minute + 10 * second },
  );
  assert.equal(told(decideAll(input)), 'misfire misfire C F');
});

test('policy last makes up for nothing when the newest missed time is out of the window', () => {
  const input = setup(
    { every: '1h', misfire: { policy: 'last', grace: '0s', window: '10m' } },
    { now: start + 2 * hour + 11 * minute },
  );
  assert.equal(told(decideAll(input)), 'misfire-window misfire-window');
});

test('policy all makes up for the newest of the window, at most max', () => {
  const input = setup(
    { every: '1m', misfire: { policy: 'all', grace: '0s', window: '4m', max: 2 } },
    { now: start + 6 * minute + 1 },
  );
  assert.equal(told(decideAll(input)), 'misfire-window misfire-window misfire-limit misfire-limit C C');
});

test('a disabled job fires nothing, and says so rather than anything else', () => {
  const input = setup(
    { every: '1m', misfire: { policy: 'skip', grace: '0s' } },
    { now: start + 2 * minute + 1, jobEnabled: false },
  );
  assert.equal(told(decideAll(input)), 'job-disabled job-disabled');
});

test('each overlap rule answers runs that go on in its own way, those of the same call included', () => {
  const late = (overlap: string, unfinished = nothingUnfinished): string =>
    told(decideFires(setup({ every: '1s', overlap }, { now: start + 3 * second, unfinished })).fires);
  assert.equal(late('allow', running(7)), 'F F F');
  assert.equal(late('skip'), 'F overlap overlap');
  assert.equal(late('skip', running(1)), 'overlap overlap overlap');
  assert.equal(late('buffer-one'), 'F B overlap');
  assert.equal(late('buffer-one', { ...running(1), blocked: 1 }), 'overlap overlap overlap');
  assert.equal(late('buffer-all'), 'F B B');
  assert.equal(late('buffer-all', { ...running(1), blocked: 999 }), 'B overlap-limit overlap-limit');
  for (const overlap of ['cancel-previous', 'kill-previous']) {
    assert.equal(late(overlap), 'overlap overlap F');
    assert.equal(late(overlap, running(1)), 'overlap overlap B');
    // What has not begun ends at once, so nothing is left to wait for.
    assert.equal(late(overlap, { ...nothingUnfinished, pending: 1, blocked: 1 }), 'overlap overlap F');
  }
});

test('only a fire that finds something unfinished takes its place', () => {
  const replaces = (unfinished: Unfinished): boolean =>
    decideFires(setup({ every: '1s', overlap: 'cancel-previous' }, { now: start + second, unfinished })).replaces;
  assert.deepEqual([nothingUnfinished, running(1)].map(replaces), [false, true]);
});

test('a missed time cancels nothing: what is running may be of a later one', () => {
  const misfire = { policy: 'all', grace: '0s' };
  const input = setup({ every: '1s', overlap: 'cancel-previous', misfire }, { now: start + 3 * second + 1 });
  assert.equal(told(decideAll(input)), 'overlap overlap C');
  assert.equal(told(decideAll({ ...input, unfinished: running(1) })), 'overlap overlap overlap');
});

test('a fixed delay fires its one time, and then waits for the end of the run', () => {
  const { fires, nextFireAt, finished, cursor } = decideFires(setup({ delay: '10s' }, { now: start + 10 * second }));
  assert.deepEqual([told(fires), nextFireAt, finished, cursor], ['F', null, false, start + 10 * second]);
});

test('a fixed delay that is skipped begins to count anew', () => {
  const now = start + 12 * second;
  const { fires, nextFireAt } = decideFires(setup({ delay: '10s' }, { now, jobEnabled: false }));
  assert.deepEqual([told(fires), nextFireAt], ['job-disabled', now + 10 * second]);
});

test('a fixed delay that was missed is decided by the misfire rule, as its one time', () => {
  const told2 = (policy: string): string => told(decideAll(setup({ delay: '1m', misfire: { policy } })));
  assert.deepEqual(misfirePolicies.map(told2), ['misfire', 'C', 'C']);
});

test('a one-shot fires once and has no next time', () => {
  const result = decideFires(setup({ in: '10s' }, { now: start + 10 * second }));
  assert.deepEqual([told(result.fires), result.nextFireAt, result.finished], ['F', null, true]);
});

test('the cursor decides, not a stored next time that time zone data has moved', () => {
  const input = setup({ cron: '0 12 * * *' }, { nextFireAt: start + 11 * hour, now: start + 11.5 * hour });
  const { fires, cursor, nextFireAt } = decideFires(input);
  assert.deepEqual([fires, cursor, nextFireAt], [[], start, start + 12 * hour]);
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
  unfinished: fc.record({ running: fc.nat(1), pending: fc.nat(1), blocked: fc.nat(1) }),
});

test('decisions do not depend on how the range is cut into calls, and each nominal time is decided once, in order', () => {
  fc.assert(
    fc.property(schedules, ({ when, overlap, policy, window, max, grace, late, cuts, jobEnabled, unfinished }) => {
      const input = setup(
        { ...when, overlap, misfire: { policy, window, max, grace } },
        { now: start + late, jobEnabled, unfinished },
      );
      const expected = decideAll(input);
      const times = previewFires(input.times, start, 10_000 * Number(when.in === undefined) || 1);
      assert.deepEqual(
        expected.map((fire) => fire.fireAt),
        times.filter((at) => at <= input.now),
      );
      for (const [index, fire] of expected.entries()) {
        if (index > 0) assert.equal(fire.previous, expected[index - 1]?.fireAt);
        assert.equal(fire.next, nextFireAfter(input.times, fire.fireAt));
        assert.equal(fire.reason === 'catch-up', fire.outcome === 'fired' && input.now - fire.fireAt > grace);
      }
      assert.deepEqual(
        decideAll(input, () => cuts.next().value ?? 1),
        expected,
      );
    }),
  );
});

/** Counts how often a next time is worked out, through the one property that doing so reads first. */
function counting(input: FireInput): { input: FireInput; count: () => number } {
  let computed = 0;
  const times = new Proxy(input.times, {
    get: (target, key) => ((computed += Number(key === 'everyMs')), Reflect.get(target, key)),
  });
  return { input: { ...input, times }, count: () => computed };
}

test('one call stays small whatever was missed: a week of seconds, page by page', () => {
  for (const policy of misfirePolicies) {
    const schedule = { every: '1s', misfire: { policy, window: '7d', max: 1000 } };
    const { input, count } = counting(setup(schedule, { now: start + 7 * 24 * hour, maxFires: 500 }));
    const { aside, fires } = decideFires(input);
    assert.ok(aside);
    assert.equal(fires.length, 61);
    assert.ok(count() <= 61 + 200, `${count()} computations`);
    const page = decideMissed({
      ...input,
      choice: null,
      range: aside,
      noticedAt: input.now,
      until: Number.MAX_SAFE_INTEGER,
    });
    assert.equal(page.fires.length, 500);
    assert.deepEqual(page.rest, { ...aside, after: start + 500 * second, next: start + 501 * second });
    assert.ok(count() <= 61 + 501 + 1000 + 400, `${count()} computations`);
  }
});

test('a million missed times are all decided, each once', () => {
  const input = setup({ every: '1s', misfire: { policy: 'last' } }, { now: start + 1_000_000 * second });
  const fires = decideAll(input, () => 1000);
  assert.equal(new Set(fires.map((fire) => fire.fireAt)).size, 1_000_000);
  // Sixty-one are within the grace of a minute (the one exactly a minute late included), one is the newest missed.
  assert.equal(fires.filter((fire) => fire.outcome === 'fired').length, 62);
});

test('what a restore has made unknown is decided by the choice, whatever the rule of the schedule', () => {
  const spec = scheduleDefinitionSchema.parse({ name: 's', cron: '* * * * * *', misfire: { policy: 'skip' } });
  const situation = { spec, times: compileTimes(spec, 0), jobEnabled: true, unfinished: nothingUnfinished };
  const decide = (choice: 'skip' | 'last' | 'all', maxFires: number) => {
    const fires: FireDecision[] = [];
    let rest: MissedRange | null = { after: 0, through: 10_000, next: 1000 };
    while (rest !== null) {
      const bounds = { range: rest, noticedAt: 60_000, until: Number.MAX_SAFE_INTEGER };
      const page = decideMissed({ ...situation, ...bounds, maxFires, choice });
      fires.push(...page.fires);
      rest = page.rest;
    }
    const fired = fires.filter(({ outcome }) => outcome === 'fired');
    const lost = fires.filter(({ reason }) => reason === 'restore-gap');
    return [fired.length, fired.at(-1)?.fireAt ?? null, lost.length];
  };
  for (const maxFires of [1, 3, 100]) {
    assert.deepEqual(decide('skip', maxFires), [0, null, 10]);
    assert.deepEqual(decide('last', maxFires), [1, 10_000, 9]);
    assert.deepEqual(decide('all', maxFires), [10, 10_000, 0]);
  }
});
