// S9. After a cancel, a pause or a disabling was acknowledged nothing new begins: no attempt is given, nothing is fired or made, until
// somebody asks for the opposite.

import type { Evidence, FinalRun } from '../evidence.ts';
import type { Checker } from './checker.ts';
import { mayBeLost } from './lost-history.ts';
import { replay } from './run-history.ts';

export const keptStops: Checker = {
  id: 'S9',
  promise: 'after an acknowledged cancel or pause no new attempt, no fire and no run',
  check: (evidence) => [...afterCancels(evidence), ...afterPauses(evidence), ...afterDisablings(evidence)],
};

function afterCancels(evidence: Evidence): string[] {
  const { truth } = evidence;
  const canceledAt = new Map<string, number>();
  for (const { runId, answer, answeredAt, sentAt } of truth.cancels) {
    if (answer?.kind !== 'done' || answer.value === 'finished' || answeredAt === null) continue;
    if (mayBeLost(evidence, sentAt, answeredAt)) continue;
    canceledAt.set(runId, Math.min(answeredAt, canceledAt.get(runId) ?? Number.POSITIVE_INFINITY));
  }
  return [...replay(evidence).given].flatMap(([attemptId, { runId, at }]) => {
    const since = canceledAt.get(runId);
    return since === undefined || at <= since
      ? []
      : [`attempt ${attemptId} of run ${runId} was given at ${at}, its cancel was acknowledged at ${since}`];
  });
}

function afterPauses({ history, schedules, truth }: Evidence): string[] {
  return history.flatMap(({ kind, id, fire, when }) => {
    if (kind !== 'fire+' || fire === null) return [];
    const { namespace, name } = schedules.get(id) ?? { namespace: '', name: '' };
    const eras = truth.eras.get(`${namespace} ${name}`) ?? [];
    const index = eras.findLastIndex((era) => era.doneAt < when);
    const era = eras[index];
    if (era === undefined || when >= (eras[index + 1]?.sentAt ?? Number.POSITIVE_INFINITY)) return [];
    if (!era.enabled) return [`${name} decided ${fire.fireAt} at ${when}, although it was paused since ${era.doneAt}`];
    return !era.jobEnabled && fire.outcome === 'fired'
      ? [`${name} fired ${fire.fireAt} at ${when}, although its job was disabled since ${era.doneAt}`]
      : [];
  });
}

/** Runs that are asked for. What the schedules of a job know of it tells when it was disabled. */
function afterDisablings({ history, runs, jobs, truth }: Evidence): string[] {
  const asked = new Map(runs.flatMap((run): [string, FinalRun][] => (run.trigger === 'api' ? [[run.id, run]] : [])));
  return history.flatMap(({ kind, id, when }) => {
    const run = kind === 'run+' ? asked.get(id) : undefined;
    if (run === undefined) return [];
    const plan = jobs.find(({ namespace, name }) => namespace === run.namespace && name === run.job);
    const [schedule] = plan?.schedules ?? [];
    const eras = truth.eras.get(`${run.namespace} ${schedule?.name}`) ?? [];
    const index = eras.findLastIndex((era) => era.doneAt < when);
    const era = eras[index];
    if (era === undefined || era.jobEnabled || when >= (eras[index + 1]?.sentAt ?? Number.POSITIVE_INFINITY)) return [];
    return [`run ${id} of ${run.job} was made at ${when}, although the job was disabled since ${era.doneAt}`];
  });
}
