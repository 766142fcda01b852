// Walking from match to match through the lines of a log.

import { useMemo, useState } from 'react';
import { type Line, matching } from './lines.ts';

export interface LogSearch {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly count: number;
  /** From 1; 0 without a match. */
  readonly at: number;
  /** Number of the current line. */
  readonly line: number | null;
  readonly step: (by: 1 | -1) => void;
}

export function useLogSearch(lines: readonly Line[]): LogSearch {
  const [text, setText] = useState('');
  const [line, setLine] = useState<number | null>(null);
  const found = useMemo(() => matching(lines, text).map((index) => lines[index]?.number ?? 0), [lines, text]);
  const position = line === null ? -1 : found.indexOf(line);
  const step = (by: 1 | -1) => {
    if (found.length === 0) return;
    const next = position === -1 ? (by === 1 ? 0 : found.length - 1) : (position + by + found.length) % found.length;
    setLine(found[next] ?? null);
  };
  return {
    text,
    setText: (value) => {
      setText(value);
      setLine(matching(lines, value).map((index) => lines[index]?.number ?? null)[0] ?? null);
    },
    count: found.length,
    at: position + 1,
    line: position === -1 ? null : line,
    step,
  };
}
