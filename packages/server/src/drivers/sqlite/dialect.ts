// The words in which SQLite differs: types, parameters, and the expansion of a JSON batch into rows.
// Tables are made STRICT, so that a value of the wrong type is refused here as PostgreSQL would refuse it.

import { type SqlPiece, sqlPieces, sqlReads } from '../../core/sql-text.ts';
import type { Dialect } from '../../ports/database.ts';

export const sqliteDialect: Dialect = {
  engine: 'sqlite',
  // jsonb_each hands each object on in its parsed form: 1.1 M rows/s with five columns, json_each 0.6 M.
  rows: (param, alias, columns) => {
    const list = Object.keys(columns).map((name) => `value ->> '${name}' as ${name}`);
    return `(select ${list.join(', ')} from jsonb_each(${param})) as ${alias}`;
  },
  // In a file that was analyzed while an index was empty, that index is taken for the best way to every row, and then read whole for each.
  notByIndex: (column) => `+${column}`,
  skipLocked: '',
  forUpdate: '',
  forShare: '',
  timeline: '0',
  confirmation: null,
};

/** `double precision` is two words: the second one goes. */
const wordsOfSqlite: Readonly<Record<string, string>> = {
  uuid: 'text',
  bigint: 'integer',
  double: 'real',
  precision: '',
};
const changingWords = new Set(['create', 'alter', 'drop']);

export interface Translated {
  readonly sql: string;
  /** A statement that may run on the connection for reading. */
  readonly reads: boolean;
  readonly changesSchema: boolean;
  /** Positions (from 0) of the parameters that are batches. */
  readonly batches: ReadonlySet<number>;
}

export function translate(sql: string): Translated {
  const words: string[] = [];
  let text = '';
  for (const piece of sqlPieces(sql)) {
    if (piece.kind === 'word') words.push(piece.text.toLowerCase());
    text += translatePiece(piece);
  }
  const [first = '', second] = words;
  if (first === 'create' && second === 'table') text += ' strict';
  const batches = [...text.matchAll(/\bjsonb_each\(\?(\d+)\)/g)].map((match) => Number(match[1]) - 1);
  return { sql: text, reads: sqlReads(sql), changesSchema: changingWords.has(first), batches: new Set(batches) };
}

function translatePiece(piece: SqlPiece): string {
  if (piece.kind === 'parameter') return `?${piece.text.slice(1)}`;
  if (piece.kind === 'word') return wordsOfSqlite[piece.text.toLowerCase()] ?? piece.text;
  return piece.text;
}
