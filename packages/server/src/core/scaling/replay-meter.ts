// What a replayed pool is seen to do: waiting and running runs by lane, arrivals and ends of the last minute, and what the calendar
// foresees. As the leader measures it, so that the simulation decides from nothing that it could not know.

import { ComingTally } from './coming-tally.ts';
import { type ReplayWork, usualLengths } from './replay-work.ts';
import type { LaneSignal } from './scaling-input.ts';

const windowMs = 60_000;
const waitingLooked = 10_000;
const bucketMs = 1000;
/** Over it buckets are wider. */
const bucketsMost = 3600;

export class ReplayMeter {
  readonly #work: ReplayWork;
  readonly #usualOfLane: Float64Array;
  readonly #usualOfJob: Float64Array;
  readonly #ready: Int32Array;
  readonly #running: Int32Array;
  readonly #arrived: Int32Array;
  readonly #foreseen: Int32Array;
  readonly #ended: Int32Array;
  /** Ends of the last minute: when, and of which lane. */
  #ends: { readonly at: number; readonly lane: number }[] = [];
  #endsHead = 0;
  /** The first run that arrived within the last minute, and the first that has not yet. */
  #first = 0;
  #next = 0;

  constructor(work: ReplayWork, usualOfJob: Float64Array) {
    this.#work = work;
    this.#usualOfJob = usualOfJob;
    this.#usualOfLane = usualLengths(work.lane, work.durationMs);
    const column = () => new Int32Array(work.lanes.length);
    this.#ready = column();
    this.#running = column();
    this.#arrived = column();
    this.#foreseen = column();
    this.#ended = column();
  }

  arrive(run: number): void {
    const lane = this.#laneOf(run);
    this.#next = run + 1;
    this.#ready[lane] = (this.#ready[lane] ?? 0) + 1;
    this.#countArrival(run, 1);
  }

  begin(run: number): void {
    const lane = this.#laneOf(run);
    this.#ready[lane] = (this.#ready[lane] ?? 0) - 1;
    this.#running[lane] = (this.#running[lane] ?? 0) + 1;
  }

  end(run: number, at: number): void {
    const lane = this.#laneOf(run);
    this.#running[lane] = (this.#running[lane] ?? 0) - 1;
    this.#ended[lane] = (this.#ended[lane] ?? 0) + 1;
    this.#ends.push({ at, lane });
  }

  /** `firstReady`: the run that waits longest, of all lanes. Lanes with nothing to say are left out. */
  lanes(now: number, firstReady: number, aheadMs: number): LaneSignal[] {
    this.#forget(now - windowMs);
    const coming = this.#coming(now, aheadMs);
    const oldest = this.#oldest(now, firstReady);
    return this.#work.lanes.flatMap((lane, of) => {
      const ready = this.#ready[of] ?? 0;
      const running = this.#running[of] ?? 0;
      const arrived = this.#arrived[of] ?? 0;
      const ahead = coming[of];
      if (ready === 0 && running === 0 && arrived === 0 && ahead === undefined) return [];
      return {
        ...lane,
        ready,
        running,
        oldestWaitMs: oldest[of] ?? 0,
        runMs: this.#usualOfLane[of] ?? null,
        arrivalsPerSecond: (arrived * 1000) / windowMs,
        foreseenPerSecond: ((this.#foreseen[of] ?? 0) * 1000) / windowMs,
        completionsPerSecond: ((this.#ended[of] ?? 0) * 1000) / windowMs,
        coming: ahead?.works() ?? [],
      };
    });
  }

  /** By lane. Runs begin in the order of their arrival, so what waits lies together. A lane that is not among the first has waited for less. */
  #oldest(now: number, firstReady: number): number[] {
    const oldest: number[] = [];
    let lanes = this.#ready.reduce((count, ready) => count + Number(ready > 0), 0);
    const end = Math.min(this.#next, firstReady + waitingLooked);
    for (let run = firstReady; run < end && lanes > 0; run += 1) {
      const lane = this.#laneOf(run);
      if (oldest[lane] !== undefined) continue;
      oldest[lane] = now - (this.#work.at[run] ?? now);
      lanes -= 1;
    }
    return oldest;
  }

  #coming(now: number, aheadMs: number): (ComingTally | undefined)[] {
    const coming: ComingTally[] = [];
    const wide = bucketMs * Math.max(1, Math.ceil(aheadMs / bucketMs / bucketsMost));
    const { at, job, foreseen } = this.#work;
    for (let run = this.#next; run < at.length && (at[run] ?? 0) <= now + aheadMs; run += 1) {
      if (foreseen[run] !== 1) continue;
      const lane = this.#laneOf(run);
      coming[lane] ??= new ComingTally(now, wide);
      coming[lane].add(at[run] ?? now, this.#usualOfJob[job[run] ?? 0] ?? 1);
    }
    return coming;
  }

  #forget(until: number): void {
    for (; this.#first < this.#next && (this.#work.at[this.#first] ?? 0) < until; this.#first += 1) {
      this.#countArrival(this.#first, -1);
    }
    for (let end = this.#ends[this.#endsHead]; end !== undefined && end.at < until; end = this.#ends[this.#endsHead]) {
      this.#ended[end.lane] = (this.#ended[end.lane] ?? 0) - 1;
      this.#endsHead += 1;
    }
    if (this.#endsHead > 65_536) {
      this.#ends = this.#ends.slice(this.#endsHead);
      this.#endsHead = 0;
    }
  }

  #countArrival(run: number, by: number): void {
    const lane = this.#laneOf(run);
    this.#arrived[lane] = (this.#arrived[lane] ?? 0) + by;
    if (this.#work.foreseen[run] === 1) this.#foreseen[lane] = (this.#foreseen[lane] ?? 0) + by;
  }

  #laneOf(run: number): number {
    return this.#work.lane[run] ?? 0;
  }
}
