import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ArchivePart,
  dayMs,
  firstDay,
  generationOf,
  missingDays,
  nextCompaction,
  partName,
} from './archive-days.ts';

const at = (day: number): number => Date.parse('2026-12-01T00:00:00Z') + day * dayMs;
const part = (name: string, from: number | null, to: number | null, rows = 1000): ArchivePart => ({
  name,
  from: from === null ? null : at(from),
  to: to === null ? null : at(to),
  isRest: to === null,
  rows,
  generation: generationOf(name),
});
const choice = { rowsMost: 1000, skip: new Set<string>() };

test('days begin behind now and behind every id that is there already', () => {
  assert.equal(firstDay(at(0) + 1, null, 0), at(1));
  assert.equal(firstDay(at(0) + 1, at(2) + 5, 0), at(3));
  assert.equal(firstDay(at(0), null, 7 * dayMs), at(8));
});

test('days are made ahead, each once, and none while the archive has no bounds', () => {
  assert.deepEqual(missingDays([part('x', null, null)], at(0)), []);
  const old = part('old', null, 1);
  assert.deepEqual(missingDays([old, part('rest', null, null)], at(0) + 5), [at(1), at(2), at(3), at(4)]);
  assert.deepEqual(missingDays([old, part('a', 1, 5)], at(0) + 5), []);
});

test('after a week without a leader the days begin with today', () => {
  assert.deepEqual(missingDays([part('old', null, 1)], at(9)), [at(9), at(10), at(11), at(12), at(13)]);
});

test('only whole days before the horizon are made small, the oldest first', () => {
  const parts = [part('old', null, 0), part('b', 1, 2), part('a', 0, 1), part('rest', null, null)];
  assert.equal(nextCompaction('t', parts, at(1) - 1, choice), null);
  const first = nextCompaction('t', parts, at(5), choice);
  assert.deepEqual(
    first?.sources.map(({ name }) => name),
    ['a'],
  );
  assert.deepEqual([first?.from, first?.to, first?.name], [at(0), at(1), 't_20261201_g1']);
  const second = nextCompaction('t', parts, at(5), { ...choice, skip: new Set(['a']) });
  assert.deepEqual(
    second?.sources.map(({ name }) => name),
    ['b'],
  );
});

test('a small neighbour is joined, one that is large, far or whole is not', () => {
  const joined = (before: ArchivePart) =>
    nextCompaction('t', [before, part('day', 3, 4)], at(9), { ...choice, skip: new Set(['whole']) });
  const small = joined(part('t_20261201_g2', 0, 3, 999));
  assert.equal(small?.sources.length, 2);
  assert.deepEqual([small.from, small.to, small.name], [at(0), at(4), 't_20261201_g3']);
  assert.equal(joined(part('t_20261201_g2', 0, 3, 1000))?.sources.length, 1);
  assert.equal(joined(part('t_20261201_g2', 0, 2, 1))?.sources.length, 1);
  assert.equal(joined(part('whole', 0, 3, 1))?.sources.length, 1);
});

test('names tell the day and the generation', () => {
  assert.equal(partName('run_archive', at(0), 0), 'run_archive_20261201');
  assert.equal(generationOf(partName('run_archive', at(0), 12)), 12);
  assert.equal(generationOf('run_archive_old'), 0);
});
