// A pool in virtual time: arrivals as they were, and machines as a policy orders them. From one event to the next, with nothing drawn at random:
// the same work and the same policy give the same waiting times. Everything is served in the order of its arrival by whoever has a slot free.

import type { PoolDefinition } from '@tidewheel/protocol';
import { decideScaling, decisionPeriodMs } from './decide.ts';
import { RunEnds } from './replay-ends.ts';
import { ReplayFleet } from './replay-fleet.ts';
import { ReplayMeter } from './replay-meter.ts';
import { type ReplayWork, usualLengths } from './replay-work.ts';
import { noScalingMemory, type PoolDecision, type PoolSignals, type ScalingMemory } from './scaling-input.ts';

export interface Simulated {
  readonly definition: PoolDefinition;
  readonly work: ReplayWork;
  readonly from: number;
  readonly to: number;
  readonly startupMs: number;
  readonly periodMs?: number;
  /** Machines that are there, able to work, at the beginning. */
  readonly workers?: number;
  readonly onDecision?: (decision: PoolDecision, signals: PoolSignals) => void;
}

export interface Simulation {
  /** How long each run waited, in the order of their arrival. */
  readonly waitsMs: Float32Array;
  /** Paid for, from the order to the release, until `to` or until all is done. */
  readonly machineMs: number;
  readonly endedAt: number;
  /** Runs that had not begun when it was given up: nobody came to do them. They count as waiting until then. */
  readonly unserved: number;
  readonly most: number;
  readonly orders: number;
  /** How often the number of machines turned from growing to shrinking or back. */
  readonly turns: number;
}

/** A backlog that no policy ends is looked at for so long beside its own time again. */
const givenUpMs = 86_400_000;
const noOrders = { scale: null, frozen: null, maintenance: [] } as const;

export function simulatePool(simulated: Simulated): Simulation {
  return new PoolSimulation(simulated).run();
}

class PoolSimulation {
  readonly #given: Simulated;
  readonly #fleet: ReplayFleet;
  readonly #meter: ReplayMeter;
  /** By job. */
  readonly #usual: Float64Array;
  readonly #ends = new RunEnds();
  readonly #waitsMs: Float32Array;
  readonly #aheadMs: number;
  #now: number;
  /** Runs before it have begun; runs from `#next` on have not arrived. */
  #head = 0;
  #next = 0;
  #memory: ScalingMemory = noScalingMemory;
  #ordered = 0;
  #direction = 0;
  #orders = 0;
  #turns = 0;
  #most = 0;

  constructor(given: Simulated) {
    const { definition, work, startupMs } = given;
    this.#given = given;
    this.#usual = usualLengths(work.job, work.durationMs);
    this.#fleet = new ReplayFleet({ slots: definition.slots, startupMs });
    this.#meter = new ReplayMeter(work, this.#usual);
    this.#waitsMs = new Float32Array(work.at.length);
    const { horizon, enabled } = definition.policy.forecast;
    this.#aheadMs = enabled ? (horizon ?? startupMs + decisionPeriodMs) : 0;
    this.#now = given.from;
  }

  run(): Simulation {
    const { from, to, work, startupMs, workers = 0, periodMs = decisionPeriodMs } = this.#given;
    this.#fleet.order(from - startupMs, workers);
    while (this.#fleet.nextReady <= from) this.#fleet.ready();
    this.#ordered = workers;
    this.#memory = { ...noScalingMemory, ordered: workers };
    let decideAt = from;
    const giveUpAt = to + (to - from) + givenUpMs;
    while (this.#now < to || this.#next < work.at.length || this.#isBusy()) {
      if (this.#now >= giveUpAt) break;
      const arrival = work.at[this.#next] ?? Infinity;
      this.#now = Math.min(arrival, this.#ends.next, this.#fleet.nextReady, decideAt);
      // At one moment: ends free slots, machines come, runs arrive and begin, and then it is decided.
      if (this.#ends.next <= this.#now) this.#end();
      else if (this.#fleet.nextReady <= this.#now) this.#fleet.ready();
      else if (arrival <= this.#now) this.#arrive();
      else {
        this.#decide();
        decideAt += periodMs;
      }
      this.#begin();
    }
    for (let run = this.#head; run < work.at.length; run += 1) {
      this.#waitsMs[run] = Math.max(0, this.#now - (work.at[run] ?? this.#now));
    }
    return {
      waitsMs: this.#waitsMs,
      machineMs: this.#fleet.machineMs(this.#now),
      endedAt: this.#now,
      unserved: work.at.length - this.#head,
      most: this.#most,
      orders: this.#orders,
      turns: this.#turns,
    };
  }

  #isBusy(): boolean {
    return this.#head < this.#next || this.#ends.next < Infinity;
  }

  #arrive(): void {
    this.#meter.arrive(this.#next);
    this.#next += 1;
  }

  #end(): void {
    const { run, machine } = this.#ends.pop();
    this.#meter.end(run, this.#now);
    this.#fleet.free(machine, this.#now);
  }

  #begin(): void {
    const { at, job, durationMs } = this.#given.work;
    while (this.#head < this.#next) {
      const machine = this.#fleet.take();
      if (machine === undefined) return;
      const run = this.#head;
      this.#head += 1;
      this.#waitsMs[run] = this.#now - (at[run] ?? this.#now);
      this.#meter.begin(run);
      machine.idleAt = Math.max(machine.idleAt, this.#now + (this.#usual[job[run] ?? 0] ?? 0));
      this.#ends.push({ at: this.#now + (durationMs[run] ?? 0), run, machine: machine.index });
    }
  }

  #decide(): void {
    const { definition, startupMs } = this.#given;
    const signals: PoolSignals = {
      now: this.#now,
      lanes: this.#meter.lanes(this.#now, this.#head, this.#aheadMs),
      coming: { from: this.#now, bucketMs: 1000, workMs: [] },
      workers: this.#fleet.machines,
      startupMs,
      manual: noOrders,
    };
    const [decision] = decideScaling([{ definition, signals, memory: this.#memory }]);
    if (decision === undefined) return;
    this.#given.onDecision?.(decision, signals);
    this.#memory = decision.memory;
    this.#fleet.undrain(decision.undrain);
    this.#fleet.drain(decision.drain, this.#now);
    const able = this.#fleet.machines.reduce((count, { state }) => count + Number(state !== 'draining'), 0);
    this.#fleet.order(this.#now, Math.max(0, decision.wanted - able));
    this.#count(decision.wanted);
  }

  #count(wanted: number): void {
    const direction = Math.sign(wanted - this.#ordered);
    this.#ordered = wanted;
    this.#most = Math.max(this.#most, wanted);
    if (direction === 0) return;
    this.#orders += 1;
    if (this.#direction !== 0 && direction !== this.#direction) this.#turns += 1;
    this.#direction = direction;
  }
}
