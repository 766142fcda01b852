// Tables that turn into cards on narrow screens. A click anywhere in a row follows the row's link, unless it meant something else:
// a control, another link, or marking text.

import type { MouseEvent, ReactNode } from 'react';
import { useGoTo } from '../routing/navigation.tsx';
import type { Place } from '../routing/route.ts';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** number: right-aligned. lead: the head of a card on narrow screens. minor: left out on middling screens. */
  readonly look?: 'number' | 'lead' | 'minor' | 'controls';
  readonly hint?: string;
  /** Left out on the smallest screens. */
  readonly extra?: boolean;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly linkOf?: (row: Row) => Place | null;
}

export function Table<Row>({ label, columns, rows, keyOf, linkOf }: TableProps<Row>) {
  const go = useGoTo();
  const follow = (event: MouseEvent<HTMLElement>, row: Row) => {
    const place = linkOf?.(row) ?? null;
    const meant = event.target instanceof Element && event.target.closest('a, button, input, select, label') !== null;
    if (place === null || meant || getSelection()?.isCollapsed === false) return;
    go(place);
  };
  return (
    <div className="table-frame">
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={classOf(column)} title={column.hint}>
                {column.look === 'controls' ? <span className="unseen">{column.title}</span> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              className={linkOf?.(row) ? 'linked' : undefined}
              onClick={(event) => follow(event, row)}
            >
              {columns.map((column) => (
                <td key={column.key} className={classOf(column)} data-label={column.title}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf({ look, extra }: Pick<Column<never>, 'look' | 'extra'>): string | undefined {
  const classes = [look, extra === true ? 'extra' : undefined].filter((name) => name !== undefined);
  return classes.length === 0 ? undefined : classes.join(' ');
}
