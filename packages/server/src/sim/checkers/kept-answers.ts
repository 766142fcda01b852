// What the API answered holds: done is there, refused is not, unknown is there at most once, and a key names one run for ever.

import type { Evidence, FinalRun } from '../evidence.ts';
import type { Execution, TriggerRecord } from '../ground-truth.ts';
import type { Checker } from './checker.ts';
import { lostRuns, mayBeLost } from './lost-history.ts';
import { tagOf } from './no-early-start.ts';

const wakingMs = 10;

export const keptAnswers: Checker = {
  id: 'S8',
  promise: 'what the API answered holds: done, refused, canceled',
  check(evidence) {
    const lost = lostRuns(evidence);
    const byTag = new Map<string, FinalRun[]>();
    for (const run of evidence.runs) {
      const tag = run.trigger === 'api' ? tagOf(run.payload) : null;
      if (tag !== null) byTag.set(tag, [...(byTag.get(tag) ?? []), run]);
    }
    return [
      ...evidence.truth.triggers.flatMap((record) => triggerFault(record, byTag.get(record.tag) ?? [], lost) ?? []),
      ...retryFaults(evidence),
      ...cancelFaults(evidence),
      ...changeFaults(evidence),
    ];
  },
};

function triggerFault(record: TriggerRecord, runs: readonly FinalRun[], lost: ReadonlySet<string>): string | null {
  const answered = record.answers.flatMap((answer) => (answer.kind === 'done' ? [answer.value.runId] : []));
  const named = new Set(answered.filter((runId) => !lost.has(runId)));
  const who = `trigger ${record.tag}${record.key === null ? '' : ' (with key)'}`;
  if (runs.length > 1) return `${who} has ${runs.length} runs`;
  if (named.size > 1) return `${who} was answered with different runs: ${[...named].join(', ')}`;
  const [runId] = named;
  if (runId !== undefined && runs[0]?.id !== runId) return `${who} was acknowledged as ${runId}, which does not exist`;
  // An answer that never came leaves all open; only if each try was refused is it certain.
  const refused = record.answers.length > 0 && record.answers.every((answer) => answer.kind === 'refused');
  if (refused && runs.length > 0)
    return `${who} was refused (${JSON.stringify(record.answers[0])}) but made ${runs[0]?.id}`;
  return null;
}

function retryFaults(evidence: Evidence): string[] {
  const { truth, runs } = evidence;
  const lost = lostRuns(evidence);
  const found: string[] = [];
  const ids = new Set(runs.map((run) => run.id));
  const repeats = new Map<string, number>();
  for (const run of runs) if (run.retryOf !== null) repeats.set(run.retryOf, (repeats.get(run.retryOf) ?? 0) + 1);
  for (const runId of new Set(truth.retries.map((record) => record.runId))) {
    const answers = truth.retries.filter((record) => record.runId === runId).map((record) => record.answer);
    const done = answers.filter((answer) => answer?.kind === 'done' && !lost.has(answer.value.runId)).length;
    const open = answers.filter((answer) => answer === null || answer.kind === 'unknown').length;
    const made = repeats.get(runId) ?? 0;
    if (made < done || made > done + open)
      found.push(`run ${runId} was repeated ${made} times: ${done} were acknowledged, ${open} are unknown`);
    for (const answer of answers)
      if (answer?.kind === 'done' && !ids.has(answer.value.runId) && !lost.has(answer.value.runId))
        found.push(`the acknowledged repetition ${answer.value.runId} does not exist`);
  }
  return found;
}

/** A worker whose main loop stood still while the run was taken from it may begin it in the moment of waking up, before it can hear of that. */
function knewNothing({ pauses }: Evidence, { worker, startedAt }: Execution, answeredAt: number): boolean {
  return (pauses.get(worker) ?? []).some(({ from, to }) => from <= answeredAt && to >= startedAt - wakingMs);
}

function cancelFaults(evidence: Evidence): string[] {
  const { truth, runs } = evidence;
  const states = new Map(runs.map((run) => [run.id, run.state]));
  const lost = lostRuns(evidence);
  const found: string[] = [];
  for (const { runId, answer, answeredAt, sentAt } of truth.cancels) {
    if (answer?.kind !== 'done' || answeredAt === null) continue;
    if (lost.has(runId) || mayBeLost(evidence, sentAt, answeredAt)) continue;
    const state = states.get(runId) ?? 'nowhere';
    // The work may have been done before the cancel reached it; an at-most-once run may have been lost on the way.
    const kept = {
      canceled: ['canceled'],
      requested: ['canceled', 'succeeded', 'lost', 'running'],
      finished: ['succeeded', 'failed', 'canceled', 'lost'],
    };
    if (!kept[answer.value].includes(state))
      found.push(`the cancel of ${runId} was answered with ${answer.value}, the run is ${state}`);
    const later = truth.executions.find(
      (execution) =>
        execution.runId === runId && execution.startedAt > answeredAt && !knewNothing(evidence, execution, answeredAt),
    );
    if (answer.value === 'canceled' && later !== undefined)
      found.push(`run ${runId} started at ${later.startedAt}, after its cancel at ${answeredAt}`);
  }
  return found;
}

/** A refused change has left no event. Backfills name their schedule, and are asked for by somebody else. */
function changeFaults({ truth, history }: Evidence): string[] {
  const events = history.flatMap(({ event, when }) =>
    event === null || event.action.startsWith('backfill.') ? [] : [{ ...event, when }],
  );
  return truth.changes.flatMap(({ namespace, subjects, sentAt, afterUnknown, answeredAt, answer }) => {
    if (answer.kind !== 'refused' || afterUnknown) return [];
    const event = events.find(
      (one) =>
        one.when > sentAt && one.when <= answeredAt && one.namespace === namespace && subjects.includes(one.subject),
    );
    return event === undefined
      ? []
      : [`a change was refused (${answer.code}) but did ${event.action} ${event.subject} at ${event.when}`];
  });
}
