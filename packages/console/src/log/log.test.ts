// Logs as a person would have seen them in a terminal, in order, once, and searchable.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { LogChunkView, LogStream } from '@tidewheel/protocol';
import { parseAnsi, plain, stripAnsi } from './ansi.ts';
import { marked, matching, noLog, shownLines, withChunks } from './lines.ts';

const esc = '\u001b';

function chunk(seq: number, text: string, stream: LogStream = 'stdout'): LogChunkView {
  return { attempt: 1, attemptId: 'a', seq, at: seq, stream, text };
}

function texts(log: { lines: readonly { text: string }[] }): string[] {
  return log.lines.map((line) => line.text);
}

test('plain text is one span of plain style', () => {
  assert.deepEqual(parseAnsi('hello').spans, [{ text: 'hello', style: plain }]);
});

test('colours and weights become spans and end at a reset', () => {
  const { spans, style } = parseAnsi(`${esc}[1;31mbad${esc}[0m fine ${esc}[92mgood${esc}[39m`);
  assert.deepEqual(
    spans.map((span) => [span.text, span.style.color, span.style.bold]),
    [
      ['bad', 1, true],
      [' fine ', null, false],
      ['good', 10, false],
    ],
  );
  assert.deepEqual(style, plain);
});

test('the 256 colours and true colour are read, also with colons', () => {
  const { spans } = parseAnsi(
    `${esc}[38;5;196mA${esc}[38;5;244mB${esc}[38;5;3mC${esc}[38;2;1;2;255mD${esc}[48:5:21;4mE`,
  );
  assert.deepEqual(
    spans.map((span) => span.style.color),
    ['#ff0000', '#808080', 3, '#0102ff', '#0102ff'],
  );
  assert.equal(spans[4]?.style.background, '#0000ff');
  assert.equal(spans[4]?.style.underline, true);
});

test('cursor movements, titles, links and control characters leave no trace', () => {
  const noisy = `${esc}[2K${esc}]0;title\u0007${esc}]8;;https://x.test${esc}\\link${esc}]8;;${esc}\\\u0000\u0008!${esc}[?25l`;
  assert.equal(stripAnsi(noisy), 'link!');
  assert.equal(
    parseAnsi(noisy)
      .spans.map((span) => span.text)
      .join(''),
    'link!',
  );
});

test('markup in a log stays text', () => {
  assert.deepEqual(parseAnsi('<script>alert(1)</script>').spans[0]?.text, '<script>alert(1)</script>');
});

test('a carriage return overwrites the line, a trailing one does not erase it', () => {
  assert.equal(stripAnsi('10%\r55%\r100%'), '100%');
  assert.equal(stripAnsi('done\r'), 'done');
});

test('a chunk of several lines is split, and its last newline makes no empty line', () => {
  const log = withChunks(noLog, [chunk(1, 'a\nb\n'), chunk(2, 'c\n'), chunk(3, '\n'), chunk(4, 'd')]);
  assert.deepEqual(texts(log), ['a', 'b', 'c', '', 'd']);
});

test('a line that came in pieces is one line, also when another stream wrote in between', () => {
  const first = withChunks(noLog, [chunk(1, 'one, '), chunk(2, 'oops\n', 'stderr'), chunk(3, 'two, ')]);
  assert.deepEqual(texts(first), ['one, two, ', 'oops']);
  assert.deepEqual(texts(withChunks(first, [chunk(4, 'three\nfour')])), ['one, two, three', 'oops', 'four']);
});

test('an open colour goes on in the next line of the same stream and in no other', () => {
  const log = withChunks(noLog, [chunk(1, `${esc}[31mred\n`), chunk(2, 'other\n', 'stderr'), chunk(3, 'still red')]);
  assert.deepEqual(
    log.lines.map((line) => line.spans[0]?.style.color),
    [1, null, 1],
  );
});

test('chunks that arrive twice are shown once', () => {
  const first = withChunks(noLog, [chunk(1, 'a\n'), chunk(2, 'b\n')]);
  assert.equal(withChunks(first, [chunk(1, 'a\n'), chunk(2, 'b\n')]), first);
  assert.deepEqual(texts(withChunks(first, [chunk(2, 'b\n'), chunk(3, 'c')])), ['a', 'b', 'c']);
});

test('a huge log keeps its newest lines, their numbers, and the count of what was cut', () => {
  const many = Array.from({ length: shownLines + 5 }, (_, index) => `${index + 1}\n`).join('');
  const log = withChunks(withChunks(noLog, [chunk(1, many)]), [chunk(2, 'last')]);
  assert.equal(log.lines.length, shownLines);
  assert.equal(log.cut, 6);
  assert.deepEqual([log.lines[0]?.text, log.lines[0]?.number], ['7', 7]);
  assert.deepEqual([log.lines.at(-1)?.text, log.lines.at(-1)?.number], ['last', shownLines + 6]);
});

test('search ignores case and marks hits across style changes', () => {
  const log = withChunks(noLog, [chunk(1, `con${esc}[31mNECT${esc}[0m refused\nfine`)]);
  assert.deepEqual(matching(log.lines, 'connect'), [0]);
  assert.deepEqual(matching(log.lines, ''), []);
  assert.deepEqual(
    marked(log.lines[0]?.spans ?? [], 'connect').map((part) => [part.span.text, part.hit]),
    [
      ['con', true],
      ['NECT', true],
      [' refused', false],
    ],
  );
});
