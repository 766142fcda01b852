import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row, Tx } from '../ports/database.ts';
import { openBench } from '../master/testing/bench-context.ts';
import { DefinitionsBench, minutely } from '../master/testing/definitions-bench.ts';
import { firesDecide, firesLockDue } from './fires.ts';

test('a schedule that becomes overdue while what is due is locked is decided once', async () => {
  const { context, clock, close } = await openBench();
  const bench = new DefinitionsBench({ deps: context, close }, 'ns');
  await bench.apply([{ name: 'a', task: 'a', schedules: [minutely] }]);
  // Due a minute ago, to the millisecond: the first statement finds it just due, the second just overdue.
  await clock.advance(2 * 60_000 - 1);
  const decided = await context.db.transaction(async (tx) => {
    const passing: Tx = {
      dialect: tx.dialect,
      query: async <T extends object = Row>(...args: Parameters<Tx['query']>) => {
        const rows = await tx.query<T>(...args);
        await clock.advance(1);
        return rows;
      },
    };
    const due = await firesLockDue(passing, context);
    assert.deepEqual(
      due.map(({ nextFireAt }) => clock.wallMs() - nextFireAt >= 60_000),
      [true],
    );
    return firesDecide(tx, context, due);
  });
  assert.equal(decided.runs.length + decided.skipped, 1);
  await close();
});
