// Each checker is shown a small history without fault and one with a planted fault. What faults of the real services they find
// is shown by the mutations; here, that each looks where it says it does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../evidence.ts';
import { checkers } from './all.ts';
import { epochMs, facts, kept, row } from './flawless-history.ts';
import { heldIsAdopted } from './held-is-adopted.ts';
import { noEarlyStart } from './no-early-start.ts';
import { planted } from './planted-faults.ts';

function found(evidence: Evidence): string[] {
  return checkers.filter((checker) => checker.check(evidence).length > 0).map((checker) => checker.id);
}

test('a history that keeps every promise is found to be without fault', () => {
  assert.deepEqual(found(kept()), []);
});

test('a master that answers at once what waited for it while it was paused makes no storm', () => {
  const evidence = kept();
  const recovery = {
    ...evidence.recovery,
    statements: new Map([['master-1', [500, 4]]]),
    calls: new Map([['master-1', [30, 0]]]),
  };
  assert.deepEqual(found({ ...evidence, recovery }), []);
});

test('a master that is told results again by a worker of another make makes no storm', () => {
  const evidence = kept();
  const statements = new Map([['master-1', [440, 4]]]);
  const told = (results: number) => ({
    ...evidence,
    recovery: { ...evidence.recovery, statements, results: new Map([['master-1', [results, 0]]]) },
  });
  assert.deepEqual(found(told(60)), []);
  assert.deepEqual(found(told(50)), ['L4']);
});

test('a time that was missed, and is skipped for an overlap after the clock went back, is not early; a fire is', () => {
  const decided = (outcome: 'fired' | 'skipped'): string[] => {
    const evidence = kept();
    evidence.clock.step(40_000, -30_000);
    const fire = { fireAt: epochMs + 35_000, outcome, reason: outcome === 'skipped' ? 'overlap' : null, runId: null };
    return noEarlyStart.check({ ...evidence, history: [row(60_000, 'fire+', 'sch', { fire })] });
  };
  assert.deepEqual(decided('skipped'), []);
  assert.equal(decided('fired').length, 1);
});

test('a claim that was lost together with the end of the attempt before it can be adopted by nobody', () => {
  const [, , plant] = planted.find(([, finders]) => finders.includes('P1')) ?? assert.fail('P1 has no fault');
  const evidence = kept();
  const changed = { ...evidence, ...plant(evidence) };
  assert.equal(heldIsAdopted.check(changed).length, 1);
  const end = row(9000, 'run~', 'r1', {
    before: facts({}),
    after: facts({ lastAttemptId: 'a0', lastOutcome: 'failed' }),
  });
  assert.deepEqual(heldIsAdopted.check({ ...changed, lost: [end, ...(changed.lost ?? [])] }), []);
});

for (const [what, finders, plant] of planted) {
  test(`the checkers ${finders.join(', ')} find ${what}`, () => {
    const evidence = kept();
    const changed = { ...evidence, ...plant(evidence) };
    const ids = found(changed);
    for (const finder of finders) assert.ok(ids.includes(finder), `found by ${ids.join(', ') || 'nobody'}`);
  });
}

test('every checker finds at least one of the planted faults', () => {
  const seen = new Set(planted.flatMap(([, finders]) => finders));
  assert.deepEqual(
    checkers.map((checker) => checker.id).filter((id) => !seen.has(id)),
    [],
  );
});
