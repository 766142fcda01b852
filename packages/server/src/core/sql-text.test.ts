// Telling words from quoted text and comments, on the oddities that SQL allows.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { sqlPieces, sqlReads, sqlStatements } from './sql-text.ts';

test('a script is cut at the semicolons that are neither quoted nor in comments', () => {
  const script = `create table a (x text default ';''"'); -- no; "this
    insert into a values (';'); /* nor; 'this */ create view "v;w" as select 1;;
    select 2`;
  assert.deepEqual(sqlStatements(script), [
    `create table a (x text default ';''"')`,
    `insert into a values (';')`,
    `create view "v;w" as select 1`,
    'select 2',
  ]);
});

test('a script of comments has no statements', () => {
  assert.deepEqual(sqlStatements('-- only this\n/* and that; */ ;\n'), []);
});

test('the pieces of any text are the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a b 1 _ \' " $ - / * ; \n ( é'.split(' '), ' ') }), (sql) => {
      assert.equal([...sqlPieces(sql)].map((piece) => piece.text).join(''), sql);
    }),
  );
});

test('words, parameters and numbers are told apart', () => {
  const words = [...sqlPieces(`select a1, $12, 1e5, 'x' from "b" where c$1`)].filter((piece) => piece.kind !== 'space');
  assert.deepEqual(
    words.filter((piece) => piece.kind === 'word').map((piece) => piece.text),
    ['select', 'a1', 'from', 'where', 'c'],
  );
  assert.deepEqual(
    words.filter((piece) => piece.kind === 'parameter').map((piece) => piece.text),
    ['$12', '$1'],
  );
});

test('a statement reads when it is a select, or a with in which nothing writes', () => {
  for (const sql of ['select 1', '  SELECT 1', '-- insert\nselect 1', `with x as (select 'insert') select * from x`]) {
    assert.equal(sqlReads(sql), true, sql);
  }
  for (const sql of [
    'insert into a values (1)',
    'with x as (select 1) UPDATE a set b = 1',
    'pragma foreign_keys',
    'vacuum',
    '',
  ]) {
    assert.equal(sqlReads(sql), false, sql);
  }
});
