// S12. Nothing is made or lost on the way: fires are runs, runs are in exactly one state, and no session that is gone holds one.

import type { Checker } from './checker.ts';

export const conservation: Checker = {
  id: 'S12',
  promise: 'fires = runs = sum of the states, and no orphan session holds a run',
  check({ history, runs, fires, sessions, truth }) {
    const found: string[] = [];
    const ids = new Set(runs.map((run) => run.id));
    if (ids.size !== runs.length) found.push(`${runs.length - ids.size} runs are both finished and unfinished`);
    const made = new Set(history.filter((row) => row.kind === 'run+').map((row) => row.id));
    for (const id of made) if (!ids.has(id)) found.push(`run ${id} has vanished`);
    const fired = new Set(fires.flatMap((fire) => fire.runId ?? []));
    const backfilled = runs.filter((run) => run.trigger === 'backfill').length;
    const ofFires = runs.filter((run) => run.fireAt !== null && run.trigger !== 'backfill');
    for (const run of ofFires) if (!fired.has(run.id)) found.push(`run ${run.id} has a nominal time but no ledger row`);
    if (ofFires.length !== fired.size) found.push(`${fired.size} fires have ${ofFires.length} runs`);
    const asked = truth.triggers.length + truth.retries.length;
    const byCall = runs.length - ofFires.length - backfilled;
    if (byCall > asked) found.push(`${byCall} runs by ${asked} calls`);
    for (const run of runs) {
      if (run.state !== 'running') continue;
      const session = run.sessionId === null ? undefined : sessions.get(run.sessionId);
      if (session === undefined || session.state === 'dead')
        found.push(`run ${run.id} is held by the session ${run.sessionId}, which is ${session?.state ?? 'gone'}`);
    }
    return found;
  },
};
