// What any Database must do, on tables of its own. What an engine cannot do is declared as data, with the reason.
// The tests are grouped by what they are about; each opens a fresh, empty database.

import test, { describe } from 'node:test';
import type { Database } from '../database.ts';
import { databaseConcurrency } from './database-concurrency.ts';
import { databaseTransactions } from './database-transactions.ts';
import type { DatabaseTests } from './database-tests.ts';
import { databaseValues } from './database-values.ts';

export interface OpenDatabase {
  readonly db: Database;
  close(): Promise<void>;
}

export interface Cannot {
  readonly reason: string;
  readonly tests: readonly string[];
}

export function testDatabase(name: string, open: () => Promise<OpenDatabase>, cannot: readonly Cannot[] = []): void {
  const tests: DatabaseTests = { ...databaseValues, ...databaseTransactions, ...databaseConcurrency };
  for (const { tests: titles } of cannot) {
    for (const title of titles) if (!(title in tests)) throw new Error(`no test of the suite is called "${title}"`);
  }
  describe(`database on ${name}`, { timeout: 120_000 }, () => {
    for (const [title, run] of Object.entries(tests)) {
      const reason = cannot.find((entry) => entry.tests.includes(title))?.reason;
      test(title, reason === undefined ? {} : { skip: reason }, async () => {
        const { db, close } = await open();
        try {
          await run(db);
        } finally {
          await close();
        }
      });
    }
  });
}
