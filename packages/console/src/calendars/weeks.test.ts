// Months fall into weeks from Monday to Sunday, each day once.

import assert from 'node:assert/strict';
import test from 'node:test';
import { weeksOf } from './weeks.ts';

test('February 2027 begins on a Monday and fills four weeks', () => {
  const weeks = weeksOf(2027, 1);
  assert.deepEqual([weeks.length, weeks[0]?.[0]?.date, weeks[3]?.[6]?.date], [4, '2027-02-01', '2027-02-28']);
});

test('each day of any year stands once, in order, below its weekday', () => {
  for (const year of [1970, 2024, 2026, 2199]) {
    const cells = Array.from({ length: 12 }, (_, month) => weeksOf(year, month)).flat(2);
    const dates = cells.flatMap((cell) => cell.date ?? []);
    assert.deepEqual(
      [dates.length, dates[0], dates.at(-1)],
      [year % 4 === 0 ? 366 : 365, `${year}-01-01`, `${year}-12-31`],
    );
    assert.deepEqual(dates, dates.toSorted());
    for (const [index, cell] of cells.entries())
      if (cell.date !== null) assert.equal((new Date(cell.date).getUTCDay() + 6) % 7, index % 7);
  }
});
