// Feeds a run list from the server: the newest page again whenever runs changed, further pages when asked, and single rows whose
// end would otherwise be missed.

import type { RunView } from '@tidewheel/protocol';
import { useCallback, useEffect, useReducer, useRef } from 'react';
import { useTopics } from '../api/live.ts';
import { fetchRuns, pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useNamespace } from '../routing/navigation.tsx';
import type { RunFilter } from '../routing/route.ts';
import { serverNow } from '../time/clock.ts';
import { listOf, type RunList, unseenUnfinished, withHead, withMore, withNewShown, withRuns } from './run-list.ts';

/** Rows asked for one by one in one round. */
const singleRows = 10;

export interface RunListState {
  readonly list: RunList | null;
  readonly error: unknown;
  readonly loadingMore: boolean;
  readonly showNew: () => void;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

interface State {
  readonly list: RunList | null;
  readonly error: unknown;
  readonly loadingMore: boolean;
}

type Step = Partial<State> | ((before: State) => Partial<State>);

const nothing: State = { list: null, error: null, loadingMore: false };

/** `filter` must be the same object as long as it means the same. */
export function useRunList(filter: RunFilter, limit = 50): RunListState {
  const namespace = useNamespace();
  const [state, update] = useReducer(
    (before: State, step: Step): State => ({ ...before, ...(typeof step === 'function' ? step(before) : step) }),
    nothing,
  );
  const latest = useRef(state);
  latest.current = state;
  const cancel = useRef(new AbortController());

  const refresh = useCallback(async () => {
    cancel.current.abort();
    const { signal } = (cancel.current = new AbortController());
    try {
      const head = await fetchRuns(namespace, filter, serverNow(), { cursor: null, limit, signal });
      update(({ list }) => ({ list: list === null ? listOf(head) : withHead(list, head), error: null }));
      const missing = unseenUnfinished(latest.current.list ?? listOf(head), singleRows);
      const runs = await Promise.all(missing.map((id) => request<RunView>(pathOf(namespace, 'runs', id), { signal })));
      update(({ list }) => ({ list: list === null ? null : withRuns(list, runs) }));
    } catch (error) {
      if (!signal.aborted) update({ error });
    }
  }, [namespace, filter, limit]);

  const start = useCallback(() => {
    update(nothing);
    void refresh();
  }, [refresh]);

  useEffect(() => {
    start();
    return () => cancel.current.abort();
  }, [start]);
  useTopics(
    ['runs'],
    useCallback(() => void refresh(), [refresh]),
  );

  const loadMore = useCallback(async () => {
    const cursor = latest.current.list?.nextCursor ?? null;
    if (cursor === null) return;
    update({ loadingMore: true });
    try {
      const page = await fetchRuns(namespace, filter, serverNow(), { cursor, limit });
      update(({ list }) => ({ list: list === null ? null : withMore(list, page), loadingMore: false }));
    } catch (error) {
      update({ error, loadingMore: false });
    }
  }, [namespace, filter, limit]);

  const showNew = useCallback(() => update(({ list }) => ({ list: list === null ? null : withNewShown(list) })), []);
  return { ...state, showNew, loadMore: () => void loadMore(), reload: start };
}
