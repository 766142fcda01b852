// Log chunks as lines: a chunk may hold several lines, and one that does not end with a newline is a whole line all the same.
// Chunks may arrive twice (page and stream overlap, streams resume), so each is known by attempt and sequence number.

import type { LogChunkView, LogStream } from '@tidewheel/protocol';
import { parseAnsi, plain, type Span, type Style } from './ansi.ts';

export interface Line {
  /** Counts from 1 within the attempt. */
  readonly number: number;
  readonly at: number;
  readonly stream: LogStream;
  readonly spans: readonly Span[];
  /** Without escape sequences. */
  readonly text: string;
}

/** Lines beyond this are dropped from the front: a page with more nodes is of no use to anyone. */
export const shownLines = 10_000;

export interface LogText {
  readonly lines: readonly Line[];
  /** Lines that were dropped from the front. */
  readonly cut: number;
  readonly lastSeq: number;
  /** Open style of each stream. */
  readonly styles: Readonly<Partial<Record<LogStream, Style>>>;
}

export const noLog: LogText = { lines: [], cut: 0, lastSeq: 0, styles: {} };

/** Adds chunks in order; those at or before the last known sequence number are duplicates and change nothing. */
export function withChunks(log: LogText, chunks: readonly LogChunkView[]): LogText {
  const added: Line[] = [];
  const styles = { ...log.styles };
  let lastSeq = log.lastSeq;
  let number = log.cut + log.lines.length;
  for (const chunk of chunks) {
    if (chunk.seq <= lastSeq) continue;
    lastSeq = chunk.seq;
    for (const raw of linesOf(chunk.text)) {
      const parsed = parseAnsi(raw, styles[chunk.stream] ?? plain);
      styles[chunk.stream] = parsed.style;
      number += 1;
      const text = parsed.spans.map((span) => span.text).join('');
      added.push({ number, at: chunk.at, stream: chunk.stream, spans: parsed.spans, text });
    }
  }
  if (lastSeq === log.lastSeq) return log;
  const all = [...log.lines, ...added];
  const over = Math.max(0, all.length - shownLines);
  return { lines: over === 0 ? all : all.slice(over), cut: log.cut + over, lastSeq, styles };
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.length > 1 && lines.at(-1) === '') lines.pop();
  return lines;
}

/** Indexes of the lines that contain the text, ignoring case. */
export function matching(lines: readonly Line[], search: string): number[] {
  const wanted = search.toLowerCase();
  if (wanted === '') return [];
  const found: number[] = [];
  lines.forEach((line, index) => {
    if (line.text.toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}

/** Spans cut at each place where the search text stands, so that a page can mark it. Styles stay. */
export function marked(spans: readonly Span[], search: string): { span: Span; hit: boolean }[] {
  const wanted = search.toLowerCase();
  const whole = spans
    .map((span) => span.text)
    .join('')
    .toLowerCase();
  // Lower-casing can change the length of rare letters; then positions do not fit and nothing is marked.
  const comparable = whole.length === spans.reduce((sum, span) => sum + span.text.length, 0);
  if (wanted === '' || !comparable) return spans.map((span) => ({ span, hit: false }));
  const inside = hitTest(whole, wanted);
  const parts: { span: Span; hit: boolean }[] = [];
  let offset = 0;
  for (const { text, style } of spans) {
    let from = 0;
    for (let at = 1; at <= text.length; at++) {
      if (at < text.length && inside(offset + at) === inside(offset + from)) continue;
      parts.push({ span: { text: text.slice(from, at), style }, hit: inside(offset + from) });
      from = at;
    }
    offset += text.length;
  }
  return parts;
}

function hitTest(whole: string, wanted: string): (index: number) => boolean {
  const starts: number[] = [];
  for (let at = whole.indexOf(wanted); at !== -1; at = whole.indexOf(wanted, at + wanted.length)) starts.push(at);
  return (index) => starts.some((start) => index >= start && index < start + wanted.length);
}
