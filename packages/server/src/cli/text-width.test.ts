import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutText, padText, textWidth, visibleLine, visibleText } from './text-width.ts';

test('counts two cells for Chinese, Korean, full-width letters and emoji, and none for combining marks', () => {
  assert.equal(textWidth('abc'), 3);
  assert.equal(textWidth('每日报表'), 8);
  assert.equal(textWidth('한국어'), 6);
  assert.equal(textWidth('ＡＢ'), 4);
  assert.equal(textWidth('é'.normalize('NFD')), 1);
  assert.equal(textWidth('👩‍👩‍👧'), 2);
  assert.equal(textWidth('☂️'), 2);
  assert.equal(textWidth('…—é'), 3);
});

test('pads and cuts by cells, never through the middle of a wide character', () => {
  assert.equal(padText('日报', 6), '日报  ');
  assert.equal(padText('12', 4, true), '  12');
  assert.equal(cutText('每日报表任务', 6), '每日…');
  assert.equal(cutText('每日报表任务', 12), '每日报表任务');
  assert.equal(cutText('abcdef', 4), 'abc…');
  assert.equal(cutText('abcdef', 1), '…');
});

test('shows control characters of foreign text instead of obeying them, and keeps colours in logs', () => {
  assert.equal(visibleLine('a\nb\x1b[2Jc\u202e'), 'a⏎b␛[2Jc�');
  assert.equal(visibleText('\x1b[31mred\x1b[0m\n\x1b]0;title\x07'), '\x1b[31mred\x1b[0m\n␛]0;title␇');
});
