// A run list of the server, for pages: fed by the live stream.

import type { RunView } from '@tidewheel/protocol';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useTopics } from '../api/live.ts';
import { fetchRuns, pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useNamespace } from '../routing/navigation.tsx';
import type { RunFilter } from '../routing/route.ts';
import { serverNow } from '../time/clock.ts';
import { RunFeed, type RunFeedState } from './run-feed.ts';

export interface RunListState extends RunFeedState {
  readonly showNew: () => void;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

/** `filter` must be the same object as long as it means the same. */
export function useRunList(filter: RunFilter, limit = 50): RunListState {
  const namespace = useNamespace();
  const feed = useMemo(
    () =>
      new RunFeed({
        page: (cursor, signal) => fetchRuns(namespace, filter, serverNow(), { cursor, limit, signal }),
        run: (id, signal) => request<RunView>(pathOf(namespace, 'runs', id), { signal }),
      }),
    [namespace, filter, limit],
  );
  useEffect(() => {
    feed.start();
    return feed.stop;
  }, [feed]);
  useTopics(['runs'], feed.refresh);
  const state = useSyncExternalStore(feed.subscribe, feed.state);
  return { ...state, showNew: feed.showNew, loadMore: () => void feed.loadMore(), reload: feed.start };
}
