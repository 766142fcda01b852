// S4c. What is made up for is due in the order of nominal times within each schedule, and no more of it within any second than the
// budget of the cluster, but for schedules with a rate of their own, which are put off further.

import type { Evidence } from '../evidence.ts';
import type { Checker } from './checker.ts';

interface MadeUp {
  scheduleId: string;
  fireAt: number;
  dueAt: number;
}

export const caughtUpInOrder: Checker = {
  id: 'S4c',
  promise: 'what was missed is made up for in order, and no faster than the budget',
  check(evidence) {
    const runs = madeUp(evidence);
    return [...outOfOrder(evidence, runs), ...tooMany(evidence, runs)];
  },
};

/** In the order in which it was decided, as it was due at first. */
function madeUp({ history }: Evidence): MadeUp[] {
  const caughtUp = new Set<string>();
  for (const { fire, kind } of history)
    if (kind === 'fire+' && fire?.reason === 'catch-up' && fire.runId !== null) caughtUp.add(fire.runId);
  return history.flatMap(({ after, id, kind }) =>
    kind === 'run+' && caughtUp.has(id) && after !== null && after.scheduleId !== null && after.fireAt !== null
      ? [{ scheduleId: after.scheduleId, fireAt: after.fireAt, dueAt: after.dueAt }]
      : [],
  );
}

function outOfOrder({ schedules }: Evidence, runs: readonly MadeUp[]): string[] {
  const last = new Map<string, MadeUp>();
  return runs.flatMap((run) => {
    const before = last.get(run.scheduleId);
    last.set(run.scheduleId, run);
    if (before === undefined || (before.fireAt < run.fireAt && before.dueAt <= run.dueAt)) return [];
    const name = schedules.get(run.scheduleId)?.name ?? run.scheduleId;
    return [`${name} at ${run.fireAt} is due at ${run.dueAt}, after ${before.fireAt} at ${before.dueAt}`];
  });
}

function tooMany(evidence: Evidence, runs: readonly MadeUp[]): string[] {
  const { catchUpPerSecond } = evidence.options;
  const due = runs
    .filter(({ scheduleId }) => !hasRate(evidence, scheduleId))
    .map(({ dueAt }) => dueAt)
    .toSorted((a, b) => a - b);
  return due.flatMap((at, index) => {
    const within = at - (due[index - catchUpPerSecond] ?? Number.NEGATIVE_INFINITY);
    return within >= 1000 ? [] : [`${catchUpPerSecond + 1} made-up runs are due within ${within} ms, until ${at}`];
  });
}

function hasRate({ schedules, truth }: Evidence, scheduleId: string): boolean {
  const { namespace, name } = schedules.get(scheduleId) ?? { namespace: '', name: '' };
  return (truth.eras.get(`${namespace} ${name}`) ?? []).some((era) => era.misfire.rate !== undefined);
}
