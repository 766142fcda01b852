// How many slots the work of a pool needs, lane by lane.
//
// A run that must begin within `wait` has a slot by then, or waits for one that does another run before it, or several. So n free slots bring n × rounds
// runs to begin in time, with rounds = 1 + ⌊wait / length⌋: runs of one lane are alike, and those that begin together end together. What runs
// already counts like what waits, for it keeps a slot as well. Turned round:
//
//   slots = (running + waiting + arriving within the rounds after the first) / rounds
//
// Of a steady stream (arrivals × length run at any time) this is arrivals × length, as it must be. The same is asked for each moment up to the
// horizon: what runs now is gone by then, and what the calendar foresees has begun.

import type { PoolPolicy } from '@tidewheel/protocol';
import { roundsOf, type RunsOfLength, slotsApart, slotsForBurst } from './burst.ts';
import { ComingRuns, runsBegun } from './coming.ts';
import type { ComingWork, LaneSignal } from './scaling-input.ts';
import { slotsForStream } from './staffing.ts';

/** Moments up to the horizon that are looked at. */
const momentsMost = 60;
/** Of doubling length, from a millisecond on: the last ones take decades. */
const lengthClasses = 40;
/** One run in thirty years: what is left of an average that fades. */
const neverPerSecond = 1e-9;

/** A lane as far as it is this pool's: the rest is taken by pools of higher priority. */
export interface LanePart {
  readonly lane: LaneSignal;
  readonly part: number;
}

export interface Demand {
  /** For what arrives all the time, with room for chance and for the utilisation that is planned. */
  readonly steady: number;
  /** For what waits and runs, so that it begins in time. */
  readonly waiting: number;
  /** Of these, for each slot-second of work. */
  readonly waitingPerSecond: number;
  /** For what is coming up to the horizon, at its worst moment. */
  readonly coming: number;
  /** How many runs begin up to the horizon, their work in slot-seconds, and in how many ms most of them do. */
  readonly comingRuns: number;
  readonly comingSeconds: number;
  readonly comingInMs: number | null;
  readonly ready: number;
  readonly running: number;
  readonly arrivalsPerSecond: number;
  /** Slots that are busy on average, by arrivals and length. */
  readonly offered: number;
  /** Work that waits and that runs, in slot-seconds, counted whole. */
  readonly waitingSeconds: number;
  readonly runningSeconds: number;
  readonly oldestWaitMs: number;
  /** Usual length of a run, over all lanes. */
  readonly runMs: number;
}

export interface Asked {
  readonly lanes: readonly LanePart[];
  readonly coming: readonly ComingWork[];
  readonly now: number;
  readonly startupMs: number;
  /** How far ahead is looked; null when it is not. */
  readonly horizonMs: number | null;
  readonly policy: PoolPolicy;
}

interface LaneLoad {
  readonly runMs: number;
  readonly part: number;
  /** Ready and running. */
  readonly present: number;
  /** Arrivals per millisecond that no calendar foresaw. */
  readonly chance: number;
  readonly coming: readonly ComingRuns[];
}

export function demandOf(asked: Asked): Demand {
  const { policy, lanes } = asked;
  let ready = 0;
  let running = 0;
  let arrivalsPerSecond = 0;
  let offered = 0;
  let sustained = 0;
  let waitingSeconds = 0;
  let runningSeconds = 0;
  let oldestWaitMs = 0;
  const horizonMs = asked.horizonMs ?? -1;
  const loads: LaneLoad[] = [];
  for (const { lane, part } of lanes) {
    if (part <= 0) continue;
    const runMs = runMsOf(lane, policy);
    const arriving = lane.arrivalsPerSecond < neverPerSecond ? 0 : lane.arrivalsPerSecond;
    const coming = horizonMs < 0 ? [] : comingOf(lane, asked.now, runMs);
    const ahead = coming.reduce((sum, runs) => sum + runs.between(0, horizonMs), 0);
    const aheadPerSecond = horizonMs > 0 ? (ahead * 1000) / horizonMs : 0;
    const foreseen = horizonMs < 0 ? 0 : Math.min(arriving, lane.foreseenPerSecond ?? aheadPerSecond);
    const chance = arriving - foreseen;
    ready += part * lane.ready;
    running += part * lane.running;
    arrivalsPerSecond += part * arriving;
    offered += (part * arriving * runMs) / 1000;
    // A peak that has passed is no stream; times that went on so far and go on are one.
    const stream = ((chance + Math.min(foreseen, aheadPerSecond)) * runMs) / 1000;
    // Long runs pile up for as long as they last. When a machine that is ordered now begins to work, what is left of those that are there
    // now runs, and what arrives until then: for long runs that is also the calmer measure, for it hardly follows the chance of a minute.
    const soonMs = asked.startupMs + policy.wait;
    const stays = (lane.ready + lane.running) * Math.max(0, 1 - soonMs / runMs);
    const soon = stays + (arriving * Math.min(soonMs, runMs)) / 1000;
    sustained += part * Math.min(stream, soon);
    waitingSeconds += (part * lane.ready * runMs) / 1000;
    runningSeconds += (part * lane.running * runMs) / 1000;
    if (lane.ready > 0) oldestWaitMs = Math.max(oldestWaitMs, lane.oldestWaitMs);
    loads.push({ runMs, part, present: lane.ready + lane.running, chance: chance / 1000, coming });
  }
  const runMs = arrivalsPerSecond > 0 ? (offered * 1000) / arrivalsPerSecond : meanOf(loads, policy.wait);
  const own = horizonMs < 0 ? [] : asked.coming.map((work) => new ComingRuns(work, asked.now, runMs));
  for (const runs of own) loads.push({ runMs: runs.runMs, part: 1, present: 0, chance: 0, coming: [runs] });
  const waitMs = patience(policy.wait, oldestWaitMs, asked.startupMs);
  const now = needAt(loads, 0, waitMs, 0);
  const waiting = now.slots + slotsForBurst(now.mix, waitMs);
  const ahead = aheadOf(loads, horizonMs);
  return {
    steady: Math.max(
      slotsForStream({ offered: sustained, runMs }, policy.wait, policy.share),
      sustained / policy.utilisation,
    ),
    waiting,
    waitingPerSecond: now.seconds > 0 ? waiting / now.seconds : 0,
    coming: ahead.comingRuns > 0 ? worstMoment(loads, policy.wait, horizonMs) : 0,
    ...ahead,
    ready,
    running,
    arrivalsPerSecond,
    offered,
    waitingSeconds,
    runningSeconds,
    oldestWaitMs,
    runMs,
  };
}

/** What has begun of a bucket that is not over is among what waits and runs, and is not counted twice. */
function comingOf({ coming = [], ready, running }: LaneSignal, now: number, runMs: number): ComingRuns[] {
  const begun = coming.reduce((sum, work) => sum + runsBegun(work, now, runMs), 0);
  const beginning = begun === 0 ? 1 : Math.max(0, 1 - (ready + running) / begun);
  return coming.map((work) => new ComingRuns(work, now, runMs, beginning));
}

/** As measured; else by how fast they come to their end; else as long as they may wait. */
export function runMsOf({ runMs, running, completionsPerSecond }: LaneSignal, policy: PoolPolicy): number {
  if (runMs !== null) return Math.max(1, runMs);
  if (running > 0 && completionsPerSecond > neverPerSecond) return Math.max(1, (running * 1000) / completionsPerSecond);
  return policy.wait;
}

/** What waits while machines start cannot be helped. What waits longer shows that less was done than thought: it gets up to twice as many. */
function patience(waitMs: number, oldestWaitMs: number, startupMs: number): number {
  return Math.max(waitMs / 2, Math.min(waitMs, 1.5 * waitMs + startupMs - oldestWaitMs));
}

function aheadOf(loads: readonly LaneLoad[], horizonMs: number) {
  let comingRuns = 0;
  let comingSeconds = 0;
  let most = 0;
  let comingInMs: number | null = null;
  for (const { part, coming } of loads) {
    for (const each of coming) {
      const runs = part * each.between(0, horizonMs);
      const peak = each.peak(horizonMs);
      comingRuns += runs;
      comingSeconds += (runs * each.runMs) / 1000;
      if (part * peak.runs > most) {
        most = part * peak.runs;
        comingInMs = peak.inMs;
      }
    }
  }
  return { comingRuns, comingSeconds, comingInMs };
}

function worstMoment(loads: readonly LaneLoad[], waitMs: number, horizonMs: number): number {
  let worst = 0;
  for (const inMs of momentsOf(loads, horizonMs)) {
    const { slots, mix } = needAt(loads, inMs, waitMs, horizonMs);
    // The mix is looked at closely only where it matters.
    if (slots + slotsApart(mix, waitMs) > worst) worst = Math.max(worst, slots + slotsForBurst(mix, waitMs));
  }
  return worst;
}

/** More is needed only when something begins. Where that is nearly always, moments are spread evenly. */
function momentsOf(loads: readonly LaneLoad[], horizonMs: number): ReadonlySet<number> {
  const moments = new Set([0, horizonMs]);
  for (const { coming } of loads) {
    for (const each of coming) {
      for (const inMs of each.starts(horizonMs)) moments.add(inMs);
      if (moments.size > momentsMost) return evenly(horizonMs);
    }
  }
  return moments;
}

function evenly(horizonMs: number): ReadonlySet<number> {
  return new Set(Array.from({ length: momentsMost + 1 }, (_, index) => (index * horizonMs) / momentsMost));
}

/**
 * Slots that are needed in `inMs` from now, beside those for the mix of runs that are coming, and the slot-seconds of work that need them. What comes after the horizon is not looked at: machines
 * for it are ordered when they must be.
 */
function needAt(loads: readonly LaneLoad[], inMs: number, waitMs: number, horizonMs: number) {
  let slots = 0;
  let seconds = 0;
  const burstRuns = new Float64Array(lengthClasses);
  const burstMs = new Float64Array(lengthClasses);
  for (const { runMs, part, present, chance, coming } of loads) {
    const rounds = roundsOf(runMs, waitMs);
    const later = (rounds - 1) * runMs;
    const runs = part * (present * Math.max(0, 1 - inMs / runMs) + chance * (Math.min(inMs, runMs) + later));
    slots += runs / rounds;
    seconds += (runs * runMs) / 1000;
    for (const each of coming) {
      const untilMs = Math.min(inMs + (roundsOf(each.runMs, waitMs) - 1) * each.runMs, horizonMs);
      const begun = part * each.between(inMs - each.runMs + 1, untilMs);
      if (begun === 0) continue;
      const length = Math.min(lengthClasses - 1, Math.floor(Math.log2(each.runMs)));
      burstRuns[length] = (burstRuns[length] ?? 0) + begun;
      burstMs[length] = (burstMs[length] ?? 0) + begun * each.runMs;
      seconds += (begun * each.runMs) / 1000;
    }
  }
  const mix: RunsOfLength[] = [];
  for (const [length, runs] of burstRuns.entries()) {
    if (runs > 0) mix.push({ runs, runMs: (burstMs[length] ?? 0) / runs });
  }
  return { slots, mix, seconds };
}

function meanOf(loads: readonly LaneLoad[], fallback: number): number {
  const runs = loads.reduce((sum, { present, part }) => sum + present * part, 0);
  const work = loads.reduce((sum, { present, part, runMs }) => sum + present * part * runMs, 0);
  return runs > 0 ? work / runs : fallback;
}
