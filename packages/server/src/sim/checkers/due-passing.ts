// D8. Retention removes what has run out by the store's clock, and nothing else: no run before its time, none when all is kept, and no
// log without its run.

import type { Checker } from './checker.ts';

export const duePassing: Checker = {
  id: 'D8',
  promise: 'finished runs are kept for as long as the rules say',
  check({ history, options: { keepMs }, removed }) {
    const gone = new Map(removed.map((run) => [run.id, run]));
    return history.flatMap(({ kind, id }) => {
      if (kind !== 'archive-') return [];
      const run = gone.get(id);
      if (run === undefined || keepMs === null) return [`the finished run ${id} was removed`];
      const keptMs = run.removedAt - run.finishedAt;
      return keptMs > keepMs ? [] : [`run ${id} was removed ${keptMs} ms after its end, not after ${keepMs}`];
    });
  },
};
