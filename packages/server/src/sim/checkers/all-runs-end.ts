// L3. After the trouble has ended and nothing new is asked for, every run comes to its end within the bound of the simulation.

import type { Checker } from './checker.ts';

export const allRunsEnd: Checker = {
  id: 'L3',
  promise: 'no run is unfinished beyond its bound after healing',
  check({ runs, endedAt, healedAt }) {
    const unfinished = runs.filter((run) => ['blocked', 'scheduled', 'ready', 'running'].includes(run.state));
    return unfinished.map(
      (run) =>
        `run ${run.id} of ${run.job} is ${run.state} (attempt ${run.attempt} ${run.attemptId}, session ${run.sessionId}) ${endedAt - healedAt} ms after healing`,
    );
  },
};
