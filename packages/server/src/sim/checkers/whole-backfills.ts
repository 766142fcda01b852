// B1. Each backfill comes to an end, and its runs are the nominal times of its range, each once, whatever crashed on the way: all of
// them when it is done, the first ones in its order when it was given up. Times are found by the naive reading of the schedule.

import type { Evidence, FinalBackfill } from '../evidence.ts';
import type { BackfillRecord } from '../ground-truth.ts';
import { nominalTimes } from '../nominal-times.ts';
import type { Checker } from './checker.ts';
import { mayBeLost } from './lost-history.ts';

/** As long as a request may be repeated. */
const askedMs = 60_000;

export const wholeBackfills: Checker = {
  id: 'B1',
  promise: 'runs of a backfill = nominal times of its range, each exactly once, never more at once than was asked for',
  check(evidence) {
    const byTag = Map.groupBy(evidence.backfills, (backfill) => tagOf(backfill));
    const found: string[] = [];
    for (const record of evidence.truth.backfills) {
      const made = byTag.get(record.tag) ?? [];
      const [only] = made;
      if (made.length > 1) found.push(`backfill ${record.tag} was begun ${made.length} times`);
      for (const answer of record.answers) {
        if (
          answer.kind === 'done' &&
          answer.value.id !== only?.id &&
          !mayBeLost(evidence, record.sentAt, record.sentAt + askedMs)
        )
          found.push(`backfill ${record.tag} was answered as ${answer.value.id}, which is not it`);
      }
      if (only !== undefined) found.push(...faultsOf(evidence, record, only));
    }
    return [...found, ...strayRuns(evidence)];
  },
};

function faultsOf(evidence: Evidence, record: BackfillRecord, backfill: FinalBackfill): string[] {
  const who = `backfill ${record.tag}`;
  const rows = evidence.backfillFires.filter((row) => row.backfillId === backfill.id);
  const times = rows.map((row) => row.fireAt).toSorted((a, b) => (record.newestFirst ? b - a : a - b));
  const found: string[] = [];
  if (backfill.live === 1) found.push(`${who} has not come to an end: it is ${backfill.state}`);
  const candidates = possibleTimes(evidence, record);
  const fits = (all: readonly number[]): boolean =>
    (backfill.state === 'canceled' || all.length === times.length) && times.every((at, index) => at === all[index]);
  if (!candidates.some(fits)) {
    found.push(
      `${who} (${backfill.state}) made [${times.join(' ')}], not of [${candidates.map((all) => all.join(' ')).join('] or [')}]`,
    );
  }
  const runs = new Map(evidence.runs.map((run) => [run.id, run]));
  for (const { runId, fireAt, endedAs } of rows) {
    const run = runId === null ? undefined : runs.get(runId);
    if (run?.fireAt !== fireAt || run.trigger !== 'backfill') found.push(`${who} has no run of its own at ${fireAt}`);
    else if (endedAs !== run.state)
      found.push(`${who} counts the run at ${fireAt} as ${endedAs}, but it is ${run.state}`);
  }
  const most = mostAtOnce(evidence, new Set(rows.flatMap((row) => row.runId ?? [])));
  if (most > record.active) found.push(`${who} had ${most} unfinished runs at once, of at most ${record.active}`);
  return found;
}

/** Under each version of the schedule that may have been in force when the request was carried out. */
function possibleTimes({ truth }: Evidence, record: BackfillRecord): number[][] {
  const eras = truth.erasOf(record.namespace, record.schedule);
  return eras
    .filter((_era, index) => (eras[index + 1]?.doneAt ?? Number.POSITIVE_INFINITY) >= record.sentAt)
    .map((era) => {
      const times = nominalTimes(era.timing, Number.POSITIVE_INFINITY, record.from - 1, record.to - 1);
      return record.newestFirst ? times.toReversed() : times;
    });
}

function mostAtOnce({ history }: Evidence, ids: ReadonlySet<string>): number {
  let now = 0;
  let most = 0;
  for (const row of history) {
    if (!ids.has(row.id)) continue;
    if (row.kind === 'run+') now += 1;
    if (row.kind === 'run-') now -= 1;
    most = Math.max(most, now);
  }
  return most;
}

function strayRuns({ runs, backfillFires }: Evidence): string[] {
  const known = new Set(backfillFires.flatMap((row) => row.runId ?? []));
  return runs
    .filter((run) => run.trigger === 'backfill' && !known.has(run.id))
    .map((run) => `run ${run.id} at ${run.fireAt} is of no backfill`);
}

function tagOf({ payload }: FinalBackfill): string {
  return payload === null ? '' : String((JSON.parse(payload) as { tag?: unknown }).tag);
}
