// The shape in which the database suite's parts give their tests.

import type { Database } from '../database.ts';

/** Named as sentences; each gets a fresh database. */
export type DatabaseTests = Readonly<Record<string, (db: Database) => Promise<void>>>;
