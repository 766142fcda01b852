// The words in which PostgreSQL differs: row locks, and the expansion of a JSON batch into rows.

import type { ColumnType, Dialect, Param } from '../../ports/database.ts';
import { confirmationSql, timelineSql } from './server-facts.ts';
import { storableJson, storableText } from '../../ports/storable-text.ts';

const typeNames: Readonly<Record<ColumnType, string>> = {
  uuid: 'uuid',
  text: 'text',
  int: 'integer',
  bigint: 'bigint',
  float: 'double precision',
};

export const postgresDialect: Dialect = {
  engine: 'postgres',
  rows: (param, alias, columns) => {
    const list = Object.entries(columns).map(([name, type]) => `${name} ${typeNames[type]}`);
    return `jsonb_to_recordset(${param}::jsonb) as ${alias}(${list.join(', ')})`;
  },
  // The planner knows how large an index is at the moment, and that a key names one row.
  notByIndex: (column) => column,
  skipLocked: ' for update skip locked',
  forUpdate: ' for update',
  forShare: ' for share',
  confirmation: confirmationSql,
  timeline: `(${timelineSql})`,
};

/** The parameters as they are sent. Those that `rows` expands are JSON, in which characters may be escaped. */
export function sentParams(sql: string, params: readonly Param[]): Param[] {
  return params.map((value, index) => {
    if (typeof value !== 'string') return value;
    return sql.includes(`jsonb_to_recordset($${index + 1}::`) ? storableJson(value) : storableText(value);
  });
}
