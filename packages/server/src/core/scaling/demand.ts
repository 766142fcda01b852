// How many slots the work of a pool needs, lane by lane, in seconds of work.
//
// A run that must begin within `wait` and lasts `length` has to be over after wait + length. So n slots that are all free now bring n × (1 + wait /
// length) runs to begin in time: each takes one at once, and then one whenever it has finished. What runs already counts like what waits,
// for it keeps a slot as well. Turned round:
//
//   slots = (running + waiting + arriving until then) × length / (length + wait)
//
// With nothing but a steady stream this is arrivals × length, as it must be. The same is asked for each moment up to the horizon: what runs
// now is gone by then, and what the calendar foresees has begun.

import type { PoolPolicy } from '@tidewheel/protocol';
import { ComingRuns } from './coming.ts';
import type { ComingWork, LaneSignal } from './scaling-input.ts';
import { slotsForStream } from './staffing.ts';

/** Moments up to the horizon that are looked at. */
const momentsMost = 240;

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
  /** For what is coming up to the horizon, at its worst moment. */
  readonly coming: number;
  /** When that is, in ms from now, and how many runs begin up to the horizon. */
  readonly comingInMs: number | null;
  readonly comingRuns: number;
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
  let comingRuns = 0;
  const horizonMs = asked.horizonMs ?? -1;
  const loads: LaneLoad[] = [];
  for (const { lane, part } of lanes) {
    if (part <= 0) continue;
    const runMs = runMsOf(lane, policy);
    const coming = horizonMs < 0 ? [] : (lane.coming ?? []).map((work) => new ComingRuns(work, asked.now, runMs));
    const ahead = coming.reduce((sum, runs) => sum + runs.between(0, horizonMs), 0);
    const aheadPerSecond = horizonMs > 0 ? (ahead * 1000) / horizonMs : 0;
    const foreseen = horizonMs < 0 ? 0 : Math.min(lane.arrivalsPerSecond, lane.foreseenPerSecond ?? aheadPerSecond);
    const chance = lane.arrivalsPerSecond - foreseen;
    ready += part * lane.ready;
    running += part * lane.running;
    arrivalsPerSecond += part * lane.arrivalsPerSecond;
    offered += (part * lane.arrivalsPerSecond * runMs) / 1000;
    // A peak that has passed is no stream; times that went on so far and go on are one.
    sustained += (part * (chance + Math.min(foreseen, aheadPerSecond)) * runMs) / 1000;
    waitingSeconds += (part * lane.ready * runMs) / 1000;
    runningSeconds += (part * lane.running * runMs) / 1000;
    if (lane.ready > 0) oldestWaitMs = Math.max(oldestWaitMs, lane.oldestWaitMs);
    comingRuns += part * ahead;
    loads.push({ runMs, part, present: lane.ready + lane.running, chance: chance / 1000, coming });
  }
  const runMs = arrivalsPerSecond > 0 ? (offered * 1000) / arrivalsPerSecond : meanOf(loads, policy.wait);
  const own = horizonMs < 0 ? [] : asked.coming.map((work) => new ComingRuns(work, asked.now, runMs));
  comingRuns += own.reduce((sum, runs) => sum + runs.between(0, horizonMs), 0);
  for (const runs of own) loads.push({ runMs: runs.runMs, part: 1, present: 0, chance: 0, coming: [runs] });
  const waitMs = patience(policy.wait, oldestWaitMs, asked.startupMs);
  const worst = worstMoment(loads, policy.wait, Math.max(0, horizonMs));
  return {
    steady: Math.max(
      slotsForStream({ offered: sustained, runMs }, policy.wait, policy.share),
      sustained / policy.utilisation,
    ),
    waiting: slotsAt(loads, 0, waitMs, 0),
    coming: comingRuns > 0 ? worst.slots : 0,
    comingInMs: comingRuns > 0 ? worst.inMs : null,
    comingRuns,
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

/** As measured; else by how fast they come to their end; else as long as they may wait. */
export function runMsOf({ runMs, running, completionsPerSecond }: LaneSignal, policy: PoolPolicy): number {
  if (runMs !== null) return Math.max(1, runMs);
  if (running > 0 && completionsPerSecond > 0) return Math.max(1, (running * 1000) / completionsPerSecond);
  return policy.wait;
}

/** What waits while machines start cannot be helped. What waits longer shows that less was done than thought: it gets up to twice as many. */
function patience(waitMs: number, oldestWaitMs: number, startupMs: number): number {
  return Math.max(waitMs / 2, Math.min(waitMs, 1.5 * waitMs + startupMs - oldestWaitMs));
}

function worstMoment(loads: readonly LaneLoad[], waitMs: number, horizonMs: number): { slots: number; inMs: number } {
  const buckets = loads.flatMap(({ coming }) => coming.map(({ bucketMs }) => bucketMs));
  const stepMs = Math.max(Math.min(...buckets, horizonMs), horizonMs / momentsMost, 1);
  let worst = { slots: 0, inMs: 0 };
  for (let inMs = 0; inMs <= horizonMs; inMs += stepMs) {
    const last = inMs + stepMs > horizonMs;
    const slots = slotsAt(loads, last ? horizonMs : inMs, waitMs, horizonMs);
    if (slots > worst.slots) worst = { slots, inMs };
  }
  return worst;
}

/** Slots that are needed in `inMs` from now. What comes after the horizon is not looked at: machines for it are ordered when they must be. */
function slotsAt(loads: readonly LaneLoad[], inMs: number, waitMs: number, horizonMs: number): number {
  let slots = 0;
  for (const { runMs, part, present, chance, coming } of loads) {
    let runs = present * Math.max(0, 1 - inMs / runMs) + chance * (Math.min(inMs, runMs) + waitMs);
    slots += (part * runs * runMs) / (runMs + waitMs);
    for (const each of coming) {
      runs = each.between(inMs - each.runMs, Math.min(inMs + waitMs, horizonMs));
      slots += (part * runs * each.runMs) / (each.runMs + waitMs);
    }
  }
  return slots;
}

function meanOf(loads: readonly LaneLoad[], fallback: number): number {
  const runs = loads.reduce((sum, { present, part }) => sum + present * part, 0);
  const work = loads.reduce((sum, { present, part, runMs }) => sum + present * part * runMs, 0);
  return runs > 0 ? work / runs : fallback;
}
