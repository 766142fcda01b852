// Random faults against three electors: never two that are trusted, terms that only grow, and a leader again once all is well.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Database } from '../ports/database.ts';
import { PretendCoordinator } from '../ports/testing/pretend-coordinator.ts';
import { seedId } from '../store/testing/seed.ts';
import { Elector } from './elector.ts';
import { openBench } from './testing/bench-context.ts';

const fault = fc.record({
  who: fc.nat(2),
  coordinator: fc.constantFrom('well', 'well', 'silent', 'deaf', 'broken'),
  storeAnswers: fc.constantFrom(true, true, true, false),
  stepsDown: fc.constantFrom(false, false, false, true),
  forMs: fc.integer({ min: 50, max: 4000 }),
});

test('whatever fails, at most one master is trusted to lead, and terms only grow', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { minLength: 3, maxLength: 25 }), async (faults) => {
      const bench = await openBench();
      const coordinator = new PretendCoordinator(bench.clock);
      const masters = [0, 1, 2].map(() => {
        const store = { answers: true };
        const connection = coordinator.connect();
        const { db } = bench.context;
        const silence = new Promise<never>(() => undefined);
        const own: Database = {
          ...db,
          query: (sql, params) => (store.answers ? db.query(sql, params) : silence),
          transaction: (work) => (store.answers ? db.transaction(work) : silence),
        };
        const elector = new Elector({ ...bench.context, db: own, masterId: seedId(), coordinator: connection });
        return { elector, connection, store };
      });
      const terms: number[] = [];
      for (const { elector } of masters) {
        elector.onTerm((term) => {
          if (term !== null) terms.push(term.term);
        });
        await elector.start();
      }
      const pass = async (ms: number): Promise<void> => {
        for (let left = ms; left > 0; left -= 250) {
          await bench.clock.advance(Math.min(left, 250));
          const trusted = masters.filter(({ elector }) => elector.trusted);
          assert.ok(trusted.length <= 1, `${trusted.length} are trusted`);
        }
      };
      for (const { who, coordinator: mode, storeAnswers, stepsDown, forMs } of faults) {
        const master = masters[who] ?? assert.fail();
        master.connection.mode = mode;
        master.store.answers = storeAnswers;
        if (stepsDown) void master.elector.stepDown();
        await pass(forMs);
      }
      for (const { connection, store } of masters) {
        connection.mode = 'well';
        store.answers = true;
      }
      await pass(15_000);
      assert.equal(masters.filter(({ elector }) => elector.trusted).length, 1, 'somebody leads');
      assert.deepEqual(
        terms,
        [...new Set(terms)].sort((a, b) => a - b),
      );
      assert.deepEqual(bench.fatal, []);
      const stopping = Promise.all(masters.map(({ elector }) => elector.stop()));
      await bench.clock.advance(3000);
      await stopping;
      await bench.close();
    }),
    { numRuns: 60 },
  );
});
