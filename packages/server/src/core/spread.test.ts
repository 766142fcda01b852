import assert from 'node:assert/strict';
import test from 'node:test';
import { isCrowded, isLopsided, type MasterState, type Peer, targets } from './spread.ts';

const peer = (sessions: number, wanted: MasterState = 'active'): Peer => ({
  id: `m${sessions}`,
  address: `http://m${sessions}`,
  wanted,
  sessions,
});

test('a master alone, or among others that take no workers, keeps whom it has', () => {
  for (const others of [[], [peer(0, 'cordoned'), peer(0, 'draining')]]) {
    assert.equal(isCrowded(5000, others), false);
    assert.equal(isLopsided(5000, others, false), false);
    assert.deepEqual(targets(5000, others, true), []);
  }
});

test('workers are sent to masters below the mean, the emptiest first; a master that empties itself asks all', () => {
  const others = [peer(90), peer(10), peer(40), peer(5, 'cordoned')];
  assert.deepEqual(targets(100, others, false), ['http://m10', 'http://m40']);
  assert.deepEqual(targets(100, others, true), ['http://m10', 'http://m40', 'http://m90']);
});

test('a few workers more are no reason to move', () => {
  assert.equal(isCrowded(6, [peer(0), peer(1)]), false);
  assert.equal(isLopsided(12, [peer(0), peer(1)], false), false);
  assert.equal(isCrowded(12, [peer(0), peer(1)]), true);
});

test('moving begins at a wide imbalance and ends at a small one', () => {
  assert.equal(isLopsided(124, [peer(76)], false), false);
  assert.equal(isLopsided(130, [peer(70)], false), true);
  assert.equal(isLopsided(115, [peer(85)], true), true);
  assert.equal(isLopsided(109, [peer(91)], true), false);
});

test('whatever the start, moving three at a time settles without going back and forth', () => {
  for (const start of [
    [300, 0, 0],
    [100, 99, 1],
    [7, 0, 30],
    [50, 50, 50],
  ]) {
    const counts = [...start];
    const moving = counts.map(() => false);
    let moves = 0;
    for (let round = 0; round < 500; round += 1) {
      const said = [...counts];
      for (const [index, own] of said.entries()) {
        const others = said.flatMap((count, at) =>
          at === index ? [] : [{ ...peer(count), id: `${at}`, address: `${at}` }],
        );
        moving[index] = isLopsided(own, others, moving[index] === true);
        const [to] = targets(own, others, false);
        if (moving[index] !== true || to === undefined) continue;
        counts[index] = own - 3;
        counts[Number(to)] = (counts[Number(to)] ?? 0) + 3;
        moves += 3;
      }
      // What was decided by counts of the same moment must not have made anybody negative.
      assert.ok(counts.every((count) => count >= 0));
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    assert.ok(Math.max(...counts) <= Math.max(mean * 1.25, mean + 10) + 1, counts.join(' '));
    assert.ok(moves <= Math.max(...start) * 2, `${moves} moves from ${start.join(' ')}`);
  }
});
