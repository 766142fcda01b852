import assert from 'node:assert/strict';
import test from 'node:test';
import { HangWatch } from './hang-watch.ts';

interface Tick {
  gapMs?: number;
  moves?: boolean;
  starvedMs?: number | null;
}

/** Looks until it says hung, or for a minute; gives the clock's time then. */
function hungAfter(tick: (n: number) => Tick): number | null {
  const watch = new HangWatch(5000, 250);
  let nowMs = 0;
  let seq = 0;
  let starved = 0;
  watch.look({ nowMs, seq, starvedMs: 0 });
  for (let n = 1; nowMs < 60_000; n += 1) {
    const { gapMs = 250, moves = false, starvedMs = 0 } = tick(n);
    nowMs += gapMs;
    if (moves) seq += 1;
    starved += starvedMs ?? 0;
    if (watch.look({ nowMs, seq, starvedMs: starvedMs === null ? null : starved })) return nowMs;
  }
  return null;
}

test('a loop that stands still is hung after five seconds', () => {
  assert.equal(
    hungAfter(() => ({})),
    5000,
  );
  assert.equal(
    hungAfter(() => ({ starvedMs: null })),
    5000,
  );
});

test('a loop that turns now and then, however seldom within the bound, is slow and not hung', () => {
  assert.equal(
    hungAfter((n) => ({ moves: n % 19 === 0 })),
    null,
  );
});

test('a pause of the whole process counts as one look, whatever its length', () => {
  const after = hungAfter((n) => ({ gapMs: n === 4 ? 30_000 : 250, moves: n < 4 || n === 6 }));
  assert.ok(after !== null && after > 35_000, `hung at ${after}`);
});

test('time spent waiting for a processor counts for a third, so that a loop without one is given three times as long', () => {
  assert.equal(
    hungAfter(() => ({ starvedMs: 250 })),
    15_000,
  );
});

test('a watcher that is late itself doubles its patience, and takes it back when it is well', () => {
  const late = hungAfter(() => ({ gapMs: 600 }));
  assert.ok(late !== null && late >= 10_000, `hung at ${late}`);
  const recovered = hungAfter((n) => (n <= 4 ? { gapMs: 600, moves: true } : { moves: n <= 60 }));
  assert.equal(recovered, 4 * 600 + 56 * 250 + 5000);
});

test('a loop that moves again is as good as new', () => {
  const watch = new HangWatch(500, 250);
  assert.equal(watch.look({ nowMs: 0, seq: 1, starvedMs: null }), false);
  assert.equal(watch.look({ nowMs: 250, seq: 1, starvedMs: null }), false);
  assert.equal(watch.look({ nowMs: 500, seq: 1, starvedMs: null }), true);
  assert.equal(watch.frozenMs, 500);
  assert.equal(watch.look({ nowMs: 750, seq: 2, starvedMs: null }), false);
  assert.equal(watch.frozenMs, 0);
});
