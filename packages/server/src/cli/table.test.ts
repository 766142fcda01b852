import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type Column, renderFields, renderTable } from './table.ts';
import { textWidth } from './text-width.ts';

interface Line {
  name: string;
  runs: number;
  note: string;
}
const columns: Column<Line>[] = [
  { title: 'NAME', value: (line) => line.name, shrink: true },
  { title: 'RUNS', value: (line) => String(line.runs), right: true },
  { title: 'NOTE', value: (line) => line.note, shrink: true, style: (line) => (line.runs > 9 ? 'red' : undefined) },
];
const lines: Line[] = [
  { name: '每日报表', runs: 3, note: 'ok' },
  { name: 'backup', runs: 12, note: 'two\nlines' },
  { name: 'empty', runs: 0, note: '' },
];

test('aligns by terminal cells, numbers on the right, without trailing blanks', () => {
  assert.equal(
    renderTable(columns, lines, { width: null, colour: false }),
    ['NAME      RUNS  NOTE', '每日报表     3  ok', 'backup      12  two⏎lines', 'empty        0  -', ''].join('\n'),
  );
});

test('colours only when asked', () => {
  const painted = renderTable(columns, lines, { width: null, colour: true });
  assert.match(painted, /\x1b\[31mtwo⏎lines\x1b\[39m/);
  assert.equal(stripVTControlCharacters(painted), renderTable(columns, lines, { width: null, colour: false }));
});

test('cuts the columns that may shrink so that a row fits the terminal, and nothing in a pipe', () => {
  const long = [{ name: 'a-rather-long-name-of-a-job', runs: 1, note: 'a note that goes on and on and on' }];
  const rows = renderTable(columns, long, { width: 40, colour: false }).trimEnd().split('\n');
  for (const row of rows) assert.ok(textWidth(row) <= 40, row);
  assert.match(renderTable(columns, long, { width: null, colour: false }), /goes on and on and on/);
});

test('shows fields as two columns', () => {
  assert.equal(
    renderFields(
      [
        ['state', 'running'],
        ['id', ''],
      ],
      false,
    ),
    'state  running\nid     -\n',
  );
});
