// One question to a store, past the system that uses it: what the benchmark counts is what is stored.

import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

export type Row = Readonly<Record<string, unknown>>;

/** A connection for many questions in turn. */
export interface StoreReader {
  ask(sql: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export async function openReader(store: string): Promise<StoreReader> {
  if (store.startsWith('sqlite:')) {
    const file = new DatabaseSync(store.slice('sqlite:'.length), { timeout: 10_000 });
    return {
      ask: (sql) => Promise.resolve(file.prepare(sql).all()),
      close: () => Promise.resolve(file.close()),
    };
  }
  const client = new pg.Client({ connectionString: store });
  client.on('error', () => undefined);
  await client.connect();
  return {
    ask: async (sql) => (await client.query<Row>(sql)).rows,
    close: () => client.end(),
  };
}

export async function askStore(store: string, sql: string): Promise<readonly Row[]> {
  const reader = await openReader(store);
  try {
    return await reader.ask(sql);
  } finally {
    await reader.close();
  }
}
