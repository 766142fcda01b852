// Which migrations a database has seen, for whoever has to know before working on it.

import type { Tx } from '../ports/database.ts';

export interface SchemaVersion {
  /** The newest migration. */
  version: number;
  /** The one that a binary must know. */
  usableFrom: number;
}

export async function schemaVersion(tx: Tx): Promise<SchemaVersion> {
  const [row] = await tx.query<SchemaVersion>(
    `select max(version) as version, max(coalesce(usable_from, version)) as "usableFrom" from schema_migration`,
  );
  if (row === undefined) throw new Error('a select without group by gives one row');
  return row;
}
