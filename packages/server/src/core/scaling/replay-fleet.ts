// The machines of a replayed pool: ordered, starting, at work, draining, gone. Free slots are used in the order in which they became free, so
// work spreads over all, and a worker is idle only when there is little to do: the hard case for scaling in.

import type { WorkerSignal } from './scaling-input.ts';

export interface FleetOptions {
  readonly slots: number;
  readonly startupMs: number;
}

export class ReplayMachine implements WorkerSignal {
  readonly worker: string;
  readonly index: number;
  readonly slots: number;
  readonly orderedAt: number;
  readonly endsAt = null;
  state: 'starting' | 'live' | 'draining' = 'starting';
  busy = 0;
  idleAt: number;
  drainingSince: number | null = null;
  /** Its slots that lie in the line of free ones. */
  lined = 0;
  isGone = false;

  constructor(index: number, now: number, { slots, startupMs }: FleetOptions) {
    this.index = index;
    this.worker = `m${index}`;
    this.slots = slots;
    this.orderedAt = now;
    this.idleAt = now + startupMs;
  }
}

export class ReplayFleet {
  readonly #options: FleetOptions;
  readonly #all: ReplayMachine[] = [];
  #there: ReplayMachine[] = [];
  /** In the order of their start: all take equally long. */
  #starting: ReplayMachine[] = [];
  #started = 0;
  #line: ReplayMachine[] = [];
  #lineHead = 0;
  #goneMs = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** All that are there, as a decision sees them. */
  get machines(): readonly ReplayMachine[] {
    return this.#there;
  }

  /** When the next machine is able to work. */
  get nextReady(): number {
    return this.#starting[this.#started]?.idleAt ?? Infinity;
  }

  order(now: number, count: number): void {
    for (let added = 0; added < count; added += 1) {
      const machine = new ReplayMachine(this.#all.length, now, this.#options);
      this.#all.push(machine);
      this.#there.push(machine);
      this.#starting.push(machine);
    }
  }

  ready(): void {
    const machine = this.#starting[this.#started];
    if (machine === undefined) return;
    this.#started += 1;
    if (this.#started === this.#starting.length) {
      this.#starting = [];
      this.#started = 0;
    }
    machine.state = 'live';
    this.#lineUp(machine);
  }

  /** A machine with a free slot, which is taken; undefined when there is none. */
  take(): ReplayMachine | undefined {
    while (this.#lineHead < this.#line.length) {
      const machine = this.#line[this.#lineHead];
      this.#lineHead += 1;
      if (this.#lineHead > 65_536 && this.#lineHead * 2 > this.#line.length) {
        this.#line = this.#line.slice(this.#lineHead);
        this.#lineHead = 0;
      }
      if (machine === undefined) continue;
      machine.lined -= 1;
      if (machine.state !== 'live') continue;
      machine.busy += 1;
      return machine;
    }
    return undefined;
  }

  free(index: number, now: number): void {
    const machine = this.#all[index];
    if (machine === undefined) return;
    machine.busy -= 1;
    if (machine.state === 'live') this.#lineUp(machine);
    else if (machine.busy === 0) this.#release(machine, now);
  }

  drain(names: readonly string[], now: number): void {
    for (const machine of this.#named(names)) {
      machine.state = 'draining';
      machine.drainingSince = now;
      if (machine.busy === 0) this.#release(machine, now);
    }
  }

  undrain(names: readonly string[]): void {
    for (const machine of this.#named(names)) {
      machine.state = 'live';
      machine.drainingSince = null;
      this.#lineUp(machine);
    }
  }

  /** Paid for from the order to the release. */
  machineMs(now: number): number {
    return this.#there.reduce((sum, { orderedAt }) => sum + now - orderedAt, this.#goneMs);
  }

  #lineUp(machine: ReplayMachine): void {
    for (; machine.busy + machine.lined < machine.slots; machine.lined += 1) this.#line.push(machine);
  }

  #named(names: readonly string[]): ReplayMachine[] {
    return names.flatMap((name) => this.#all[Number(name.slice(1))] ?? []);
  }

  #release(machine: ReplayMachine, now: number): void {
    machine.isGone = true;
    this.#goneMs += now - machine.orderedAt;
    this.#there = this.#there.filter(({ isGone }) => !isGone);
  }
}
