// Log chunks as lines. The chunks of a stream, put together, are its text: a chunk may hold several lines, and one that does not end
// with a newline is gone on with by the next of its stream. Chunks may arrive twice (streams resume), so their numbers are watched.

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

/** The unfinished last line of a stream. */
interface Tail {
  readonly number: number;
  readonly raw: string;
  /** The style that was open before it. */
  readonly before: Style;
}

interface StreamState {
  readonly style: Style;
  readonly tail: Tail | null;
}

export interface LogText {
  readonly lines: readonly Line[];
  /** Lines that were dropped from the front. */
  readonly cut: number;
  readonly lastSeq: number;
  readonly streams: Readonly<Partial<Record<LogStream, StreamState>>>;
}

export const noLog: LogText = { lines: [], cut: 0, lastSeq: 0, streams: {} };

/** Adds chunks in order; those at or before the last known sequence number are duplicates and change nothing. */
export function withChunks(log: LogText, chunks: readonly LogChunkView[], most = shownLines): LogText {
  const fresh = chunks.filter((chunk, index) => chunk.seq > Math.max(log.lastSeq, chunks[index - 1]?.seq ?? 0));
  const last = fresh.at(-1);
  if (last === undefined) return log;
  const lines = [...log.lines];
  const streams = { ...log.streams };
  for (const chunk of fresh) {
    streams[chunk.stream] = withText(lines, log.cut, chunk, streams[chunk.stream] ?? { style: plain, tail: null });
  }
  const over = Math.max(0, lines.length - most);
  return { lines: over === 0 ? lines : lines.slice(over), cut: log.cut + over, lastSeq: last.seq, streams };
}

/** Writes the chunk's text into `lines` and gives what is open after it. */
function withText(lines: Line[], cut: number, chunk: LogChunkView, state: StreamState): StreamState {
  const { stream, at } = chunk;
  const pieces = chunk.text.split('\n');
  let { style, tail } = state;
  pieces.forEach((piece, index) => {
    const isLast = index === pieces.length - 1;
    if (isLast && piece === '') return;
    const before = tail?.before ?? style;
    const raw = (tail?.raw ?? '') + piece;
    const place = tail === null ? lines.length : tail.number - cut - 1;
    const parsed = parseAnsi(raw, before);
    style = parsed.style;
    // An unfinished line that has meanwhile been cut off in front is not brought back.
    if (place >= 0) {
      const text = parsed.spans.map((span) => span.text).join('');
      lines[place] = { number: cut + place + 1, at: lines[place]?.at ?? at, stream, spans: parsed.spans, text };
    }
    tail = isLast ? { number: cut + place + 1, raw, before } : null;
  });
  return { style, tail };
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
