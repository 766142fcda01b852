// S13. The output of an attempt is stored in order and without gaps, is its own, and is there when its outcome is accepted. What a worker
// had to cut, because no master took it in time, is told by a mark in its place.

import type { Evidence, LogChunk } from '../evidence.ts';
import { lineOf } from '../sim-runner.ts';
import type { Checker } from './checker.ts';
import { replay } from './run-history.ts';

export const wholeLogs: Checker = {
  id: 'S13',
  promise: 'log chunks are contiguous, complete and never mixed',
  check(evidence) {
    const chunks = new Map<string, LogChunk[]>();
    for (const chunk of evidence.logs) {
      const known = chunks.get(chunk.attemptId);
      if (known === undefined) chunks.set(chunk.attemptId, [chunk]);
      else known.push(chunk);
    }
    return [...[...chunks].flatMap(([attemptId, own]) => faultOf(attemptId, own) ?? []), ...missing(evidence, chunks)];
  },
};

function faultOf(attemptId: string, chunks: readonly LogChunk[]): string | null {
  for (const [index, { seq, text }] of chunks.entries()) {
    if (seq !== index + 1) return `attempt ${attemptId} has log chunk ${seq} where ${index + 1} should be`;
    if (isMark(text)) return null;
    if (text !== lineOf(attemptId, seq)) return `attempt ${attemptId} has as line ${seq}: ${text}`;
  }
  return null;
}

function isMark(text: string): boolean {
  return /^\d+ bytes of output were cut here/.test(text);
}

function missing({ history, truth }: Evidence, chunks: ReadonlyMap<string, readonly LogChunk[]>): string[] {
  const { accepted } = replay(history);
  return truth.executions.flatMap(({ attemptId, end, logLines }) => {
    const own = chunks.get(attemptId) ?? [];
    const stored = own.some(({ text }) => isMark(text)) ? logLines : own.length;
    // Canceled before the worker said so: what it wrote until then need not be there.
    const whole = end === null || accepted.get(attemptId)?.outcome !== end.outcome || stored === logLines;
    return whole ? [] : [`attempt ${attemptId} wrote ${logLines} lines and ended, ${stored} are stored`];
  });
}
