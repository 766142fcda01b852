// The log of one run, all attempts, from its first line on: what is stored comes first, then what is being written, over one
// stream that goes on where it broke. Lines arrive faster than a page should render, so they are gathered for a moment.

import type { LogChunkView } from '@tidewheel/protocol';
import { useEffect, useReducer } from 'react';
import { readEvents } from '../api/event-stream.ts';
import { pathOf } from '../api/queries.ts';
import { useNamespace } from '../routing/navigation.tsx';
import { type LogText, noLog, withChunks } from './lines.ts';

const gatherMs = 80;
const retryMs = 2_000;

export interface RunLog {
  readonly attempts: ReadonlyMap<number, LogText>;
  /** loading: nothing was heard yet. following: the stream is open. ended: the run is over and all was read. */
  readonly state: 'loading' | 'following' | 'interrupted' | 'ended';
}

type Step =
  | { readonly kind: 'reset' }
  | { readonly kind: 'state'; readonly state: RunLog['state'] }
  | { readonly kind: 'chunks'; readonly chunks: readonly LogChunkView[] };

const nothing: RunLog = { attempts: new Map(), state: 'loading' };

function reduce(log: RunLog, step: Step): RunLog {
  switch (step.kind) {
    case 'reset':
      return nothing;
    case 'state':
      return { ...log, state: step.state };
    case 'chunks': {
      const attempts = new Map(log.attempts);
      for (const [attempt, chunks] of Map.groupBy(step.chunks, (chunk) => chunk.attempt)) {
        attempts.set(attempt, withChunks(attempts.get(attempt) ?? noLog, chunks));
      }
      return { ...log, attempts };
    }
  }
}

export function useRunLog(runId: string): RunLog {
  const namespace = useNamespace();
  const [log, dispatch] = useReducer(reduce, nothing);
  useEffect(() => {
    dispatch({ kind: 'reset' });
    const stop = new AbortController();
    void follow(namespace, runId, stop.signal, dispatch);
    return () => stop.abort();
  }, [namespace, runId]);
  return log;
}

async function follow(
  namespace: string,
  runId: string,
  signal: AbortSignal,
  dispatch: (step: Step) => void,
): Promise<void> {
  let lastEventId: string | null = null;
  let ended = false;
  let gathered: LogChunkView[] = [];
  let timer = 0;
  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    if (gathered.length > 0 && !signal.aborted) dispatch({ kind: 'chunks', chunks: gathered });
    gathered = [];
  };
  while (!signal.aborted && !ended) {
    try {
      await readEvents(pathOf(namespace, 'runs', runId, 'logs', 'stream'), {
        signal,
        lastEventId,
        onOpen: () => dispatch({ kind: 'state', state: 'following' }),
        onEvent: ({ event, data, id }) => {
          if (event === 'end') ended = true;
          if (event !== 'log') return;
          lastEventId = id;
          gathered.push(...chunksOf(data));
          if (timer === 0) timer = window.setTimeout(flush, gatherMs);
        },
      });
    } catch {
      // Broken or refused: the state below says so, and it is tried again from the last line that came.
    }
    flush();
    if (signal.aborted || ended) break;
    dispatch({ kind: 'state', state: 'interrupted' });
    await rest(retryMs, signal);
  }
  if (!signal.aborted) dispatch({ kind: 'state', state: 'ended' });
}

function chunksOf(data: string): LogChunkView[] {
  const value = JSON.parse(data) as LogChunkView | LogChunkView[];
  return Array.isArray(value) ? value : [value];
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
