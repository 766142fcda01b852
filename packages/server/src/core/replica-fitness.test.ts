import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  holdsAllBefore,
  type Moment,
  type ReplicaFacts,
  type Standard,
  standingOf,
  withMoment,
} from './replica-fitness.ts';

const boundMs = 3000;
const history = { systemId: '7', timeline: 2 };
const facts: ReplicaFacts = { systemId: '7', timeline: 2, position: 100n, streams: true, clockAheadMs: 0 };

function standard(moments: readonly Moment[], nowMs: number, serving = true): Standard {
  return { boundMs, nowMs, history, moments, serving };
}

test('a replica holds all that was confirmed before the newest moment whose place it has replayed', () => {
  const moments = [
    { atMs: 0, position: 50n },
    { atMs: 500, position: 100n },
    { atMs: 1000, position: 150n },
  ];
  assert.equal(holdsAllBefore(moments, 100n), 500);
  assert.equal(holdsAllBefore(moments, 149n), 500);
  assert.equal(holdsAllBefore(moments, 49n), null);
});

test('while nothing is written a replica that has all stays young', () => {
  let moments: readonly Moment[] = [];
  for (let atMs = 0; atMs <= 60_000; atMs += 50) moments = withMoment(moments, { atMs, position: 100n }, boundMs);
  assert.deepEqual(standingOf(facts, standard(moments, 60_001)), { trouble: null, heldMs: 60_000 });
});

test('the moments that are kept are few, whatever is written and asked', () => {
  let moments: readonly Moment[] = [];
  for (let at = 0; at < 20_000; at += 1) moments = withMoment(moments, { atMs: at, position: BigInt(at) }, boundMs);
  assert.ok(moments.length <= 62, `${moments.length}`);
  // An answer that was overtaken says nothing new.
  assert.equal(withMoment(moments, { atMs: 20_000, position: 5n }, boundMs), moments);
});

test('a replica is left out at the bound, and comes back only well within it', () => {
  const moments = [
    { atMs: 0, position: 100n },
    { atMs: 1000, position: 200n },
  ];
  assert.equal(standingOf(facts, standard(moments, boundMs)).trouble, null);
  assert.deepEqual(standingOf(facts, standard(moments, boundMs + 1)), { trouble: 'behind', heldMs: 0 });
  assert.equal(standingOf(facts, standard(moments, boundMs / 2 + 1, false)).trouble, 'behind');
  assert.equal(standingOf(facts, standard(moments, boundMs / 2, false)).trouble, null);
});

test('when the primary says nothing any more, a replica that has all it ever said is left out for that', () => {
  assert.equal(standingOf(facts, standard([{ atMs: 0, position: 100n }], boundMs + 1)).trouble, 'primary-silent');
});

test('a server that is no replica of this history is left out, and why is told', () => {
  const moments = [{ atMs: 0, position: 100n }];
  const trouble = (changes: Partial<ReplicaFacts>) =>
    standingOf({ ...facts, ...changes }, standard(moments, 1)).trouble;
  assert.equal(trouble({ systemId: '8' }), 'other-store');
  assert.equal(trouble({ timeline: 1 }), 'other-timeline');
  assert.equal(trouble({ timeline: null }), 'not-visible');
  assert.equal(trouble({ streams: false }), 'not-streaming');
  assert.equal(trouble({ clockAheadMs: -boundMs - 1 }), 'clock-differs');
  assert.equal(standingOf(facts, { ...standard(moments, 1), history: null }).trouble, 'primary-silent');
});
