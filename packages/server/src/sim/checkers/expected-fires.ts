// Which nominal times a schedule must have decided, and which it may have, worked out from what the operator asked and was
// answered. Shared by the checkers of phantom and lost fires.

import type { Evidence } from '../evidence.ts';
import type { Era } from '../ground-truth.ts';
import { countsFromAnchor, nominalTimes } from '../nominal-times.ts';
import { timesInput } from '../schedule-plans.ts';

export interface ExpectedFires {
  scheduleId: string;
  name: string;
  /** Nominal times that lie between a change's answer and the next change's request: their version is certain. */
  certain: number[];
  /** Nominal times of any version that may have been in force. */
  possible: Set<number>;
  /** An anchor that the store kept although nobody can have set it then. */
  strangeAnchors: string[];
}

export function expectedFires(evidence: Evidence): ExpectedFires[] {
  return [...evidence.schedules].map(([scheduleId, { namespace, name }]) => {
    const eras = evidence.truth.eras.get(`${namespace} ${name}`) ?? [];
    const expected: ExpectedFires = {
      scheduleId,
      name: `${namespace} ${name}`,
      certain: [],
      possible: new Set(),
      strangeAnchors: [],
    };
    eras.forEach((era, index) => addEra(evidence, expected, eras, era, index));
    return expected;
  });
}

function addEra(evidence: Evidence, expected: ExpectedFires, eras: readonly Era[], era: Era, index: number): void {
  if (!era.enabled) return;
  if (era.timing.kind === 'delay') {
    addDelayed(evidence, expected, eras, index, era.timing.delayMs);
    return;
  }
  const { clock } = evidence;
  const next = eras[index + 1];
  const end = evidence.endedAt;
  const doneAt = Math.min(era.doneAt, end);
  const set = firstWithSameTiming(eras, index);
  const anchors = anchorsOf(evidence, expected.scheduleId);
  // To times that count from no anchor any is as good.
  const setFrom = clock.least(set.sentAt, Math.min(set.doneAt, end));
  const setTo = clock.most(set.sentAt, Math.min(set.doneAt, end));
  const counts = countsFromAnchor(era.timing);
  const fitting = counts ? anchors.filter((anchor) => anchor >= setFrom && anchor <= setTo) : [0];
  // A version counts from the store's time at the change, or from the last time that was decided before, if that is later.
  const mayFrom = clock.least(era.sentAt, doneAt);
  const mayTo = clock.most(era.sentAt, Math.min(next?.doneAt ?? end, end));
  for (const anchor of fitting)
    for (const at of nominalTimes(era.timing, anchor, mayFrom, mayTo)) expected.possible.add(at);
  if (era.doneAt === Number.POSITIVE_INFINITY) return;
  const anchor = counts ? anchorAt(evidence, expected.scheduleId, era.doneAt) : 0;
  if (anchor === null || !fitting.includes(anchor)) {
    expected.strangeAnchors.push(
      `${expected.name} counts from ${anchor}, but was given its times between ${setFrom} and ${setTo}`,
    );
    return;
  }
  const mustTo = certainTo(evidence, expected.scheduleId, eras, index);
  expected.certain.push(...nominalTimes(era.timing, anchor, clock.most(0, era.doneAt), mustTo));
}

/**
 * What the next change of the schedule finds due by the store's clock is decided under the version before. A change of its job alone
 * decides nothing: where the clock goes back after it, what was due is not due any more (seed 11).
 */
function certainTo(
  { clock, history, endedAt }: Evidence,
  scheduleId: string,
  eras: readonly Era[],
  index: number,
): number {
  const next = eras[index + 1];
  if (next === undefined) return clock.at(endedAt) - 1;
  const deciding = eras
    .slice(index + 1)
    .find(({ sentAt, doneAt }) =>
      history.some(
        ({ kind, id, when }) => kind === 'version+' && id === scheduleId && when >= sentAt && when <= doneAt,
      ),
    );
  return clock.least(next.sentAt, Math.min(deciding?.doneAt ?? endedAt, endedAt)) - 1;
}

/** The change from which the times of an era count: later ones may have changed other things, zones and calendars among them. */
function firstWithSameTiming(eras: readonly Era[], index: number): Era {
  const timing = countedPart(eras[index]);
  let first = index;
  while (first > 0 && countedPart(eras[first - 1]) === timing) first -= 1;
  const era = eras[first];
  if (era === undefined) throw new RangeError('no such era');
  return era;
}

/** What makes times count anew when it is another: the triggers, and how many times there are to be. */
function countedPart(era: Era | undefined): string {
  if (era === undefined) return '';
  const { cron, every, at, in: after, delay, rrule, times, count } = timesInput(era.timing);
  return JSON.stringify([cron, every, at, after, delay, rrule, times, count]);
}

function anchorsOf(evidence: Evidence, scheduleId: string): number[] {
  return [
    ...new Set(
      evidence.versions.filter((version) => version.scheduleId === scheduleId).map((version) => version.anchorAt),
    ),
  ];
}

/** The anchor of the version that is in force at a true time. */
function anchorAt(evidence: Evidence, scheduleId: string, when: number): number | null {
  const made = evidence.history.findLast((row) => row.kind === 'version+' && row.id === scheduleId && row.when <= when);
  const inForce = evidence.versions.find(
    (version) => version.scheduleId === scheduleId && version.version === made?.version?.version,
  );
  return inForce?.anchorAt ?? null;
}

/**
 * A fixed delay may fire one delay after any end of a run, any other time of it, any skip, and any change or beginning of it; and it must fire after the end
 * of a run that leaves none unfinished, while its version is certain.
 */
function addDelayed(
  evidence: Evidence,
  expected: ExpectedFires,
  eras: readonly Era[],
  index: number,
  delayMs: number,
): void {
  const { clock, endedAt, fires, history, runs, versions } = evidence;
  const { scheduleId, possible, certain } = expected;
  const [era, next] = [eras[index], eras[index + 1]];
  if (era === undefined) return;
  const mayTo = clock.most(era.sentAt, Math.min(next?.doneAt ?? endedAt, endedAt));
  const mustTo = certainTo(evidence, scheduleId, eras, index);
  const may = (from: number): void => {
    if (from + delayMs <= mayTo) possible.add(from + delayMs);
  };
  for (const version of versions) {
    if (version.scheduleId !== scheduleId) continue;
    may(version.anchorAt);
    may(version.validFrom);
  }
  for (const fire of fires) {
    if (fire.scheduleId !== scheduleId) continue;
    may(fire.decidedAt);
    may(fire.fireAt);
  }
  // Where the store's clock went back, the time counts from what is decided already.
  let decidedTo = 0;
  // By that clock; a run that ends after it went back is not the last to end (seed 125129417).
  let lastEnd = 0;
  const finishedAt = new Map(runs.map((run) => [run.id, run.finishedAt]));
  const unfinished = new Set<string>();
  for (const row of history) {
    if (row.id === scheduleId) decidedTo = Math.max(decidedTo, row.fire?.fireAt ?? row.cursor?.after ?? 0);
    const facts = row.after ?? row.before;
    if (facts?.scheduleId !== scheduleId || facts.trigger !== 'schedule') continue;
    if (row.kind === 'run+') unfinished.add(row.id);
    if (row.kind !== 'run-') continue;
    unfinished.delete(row.id);
    const ended = finishedAt.get(row.id) ?? null;
    if (ended === null) continue;
    may(ended);
    const isLast = ended >= lastEnd;
    lastEnd = Math.max(lastEnd, ended);
    if (
      isLast &&
      unfinished.size === 0 &&
      row.when > era.doneAt &&
      ended + delayMs <= mustTo &&
      ended + delayMs > decidedTo
    )
      certain.push(ended + delayMs);
  }
}
