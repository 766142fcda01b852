// S13. The output of an attempt is stored in order and without gaps, is its own, and is there when its outcome is accepted. What a worker
// had to cut, because no master took it in time, is told by a mark in its place. A fail-over may take some of it along.

import type { Evidence, LogChunk } from '../evidence.ts';
import type { Execution } from '../ground-truth.ts';
import { lineOf } from '../sim-runner.ts';
import type { Checker } from './checker.ts';
import { mayBeLost } from './lost-history.ts';
import { replay, type ReplayFindings } from './run-history.ts';

type Accepted = ReplayFindings['accepted'];

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
    const { accepted } = replay(evidence);
    const partly = new Set(
      evidence.truth.executions.filter((one) => mayHaveLost(evidence, one, accepted)).map((one) => one.attemptId),
    );
    const faults = [...chunks].flatMap(([attemptId, own]) => faultOf(attemptId, own, partly.has(attemptId)) ?? []);
    return [...faults, ...missing(evidence, chunks, accepted)];
  },
};

/** Its text is on the way until its result is accepted. */
function mayHaveLost(evidence: Evidence, { attemptId, startedAt }: Execution, accepted: Accepted): boolean {
  return mayBeLost(evidence, startedAt, accepted.get(attemptId)?.at ?? evidence.endedAt);
}

function faultOf(attemptId: string, chunks: readonly LogChunk[], isPart: boolean): string | null {
  for (const [index, { seq, text }] of chunks.entries()) {
    if (seq !== index + 1 && !isPart) return `attempt ${attemptId} has log chunk ${seq} where ${index + 1} should be`;
    if (isMark(text)) return null;
    if (text !== lineOf(attemptId, seq)) return `attempt ${attemptId} has as line ${seq}: ${text}`;
  }
  return null;
}

function isMark(text: string): boolean {
  return /^\d+ bytes of output were cut here/.test(text);
}

function missing(evidence: Evidence, chunks: ReadonlyMap<string, readonly LogChunk[]>, accepted: Accepted): string[] {
  const { truth } = evidence;
  return truth.executions.flatMap((execution) => {
    const { attemptId, end, logLines } = execution;
    const own = chunks.get(attemptId) ?? [];
    const stored = own.some(({ text }) => isMark(text)) ? logLines : own.length;
    // Canceled before the worker said so: what it wrote until then need not be there.
    const whole =
      end === null ||
      accepted.get(attemptId)?.outcome !== end.outcome ||
      stored === logLines ||
      mayHaveLost(evidence, execution, accepted);
    return whole ? [] : [`attempt ${attemptId} wrote ${logLines} lines and ended, ${stored} are stored`];
  });
}
