// Aligned columns for people: no borders, a title line, colour only where it says something.
// On a terminal the columns marked `shrink` give way so that a row stays on one line; in a pipe nothing is cut.

import { styleText } from 'node:util';
import { cutText, padText, textWidth, visibleLine } from './text-width.ts';

export type Style = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  /** Only shown by `-o wide`. */
  readonly wide?: boolean;
  /** Numbers stand on the right. */
  readonly right?: boolean;
  /** May be cut when the terminal is narrow. */
  readonly shrink?: boolean;
  readonly style?: (row: T) => Style | undefined;
}

export interface TableSurface {
  /** Cells of the terminal, or null for a pipe or file. */
  readonly width: number | null;
  readonly colour: boolean;
}

const gap = '  ';
const shrunkWidthMin = 8;

export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], surface: TableSurface): string {
  const cells = rows.map((row) => columns.map((column) => visibleLine(column.value(row)) || '-'));
  const widths = columns.map((column, index) =>
    Math.max(textWidth(column.title), ...cells.map((line) => textWidth(line[index] ?? ''))),
  );
  if (surface.width !== null) shrink(columns, widths, surface.width);

  const line = (texts: readonly string[], style: (index: number) => Style | undefined) =>
    texts
      .map((text, index) => {
        const column = columns[index];
        const last = index === columns.length - 1 && column?.right !== true;
        const cut = cutText(text, widths[index] ?? 0);
        const padded = last ? cut : padText(cut, widths[index] ?? 0, column?.right);
        return paint(padded, style(index), surface.colour);
      })
      .join(gap)
      .trimEnd();

  const head = line(
    columns.map((column) => column.title),
    () => 'dim',
  );
  const body = rows.map((row, index) => line(cells[index] ?? [], (at) => columns[at]?.style?.(row)));
  return `${[head, ...body].join('\n')}\n`;
}

/** Takes cells away from the widest shrinkable column until the row fits or nothing more can give way. */
function shrink(
  columns: readonly Column<never>[] | readonly Column<unknown>[],
  widths: number[],
  available: number,
): void {
  const total = () => widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1);
  const shrinkable = columns.flatMap((column, index) => (column.shrink === true ? [index] : []));
  for (let over = total() - available; over > 0; over = total() - available) {
    const ordered = shrinkable.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    const widest = ordered[0];
    if (widest === undefined || (widths[widest] ?? 0) <= shrunkWidthMin) return;
    const next = Math.max(shrunkWidthMin, ...ordered.slice(1, 2).map((index) => widths[index] ?? 0));
    const room = Math.max(1, (widths[widest] ?? 0) - next);
    widths[widest] = Math.max(shrunkWidthMin, (widths[widest] ?? 0) - Math.min(over, room));
  }
}

export type Field = readonly [label: string, value: string, style?: Style | undefined];

/** Two columns without titles: what `show` commands print. Null stands for a field that does not apply. */
export function renderFields(fields: readonly (Field | null)[], colour: boolean): string {
  const shown = fields.filter((field) => field !== null);
  const width = Math.max(0, ...shown.map(([label]) => textWidth(label)));
  return shown
    .map(([label, value, style]) => {
      const name = paint(padText(label, width), 'dim', colour);
      return `${name}${gap}${paint(visibleLine(value) || '-', style, colour)}\n`;
    })
    .join('');
}

export function paint(text: string, style: Style | undefined, colour: boolean): string {
  return style === undefined || !colour ? text : styleText(style, text, { validateStream: false });
}
