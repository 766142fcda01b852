// Does to the simulated processes what the mix of the seed asks for, until it is told to heal: then nothing new happens,
// and everything that is down, paused, cut or away comes back.

import type { Failpoint } from '../ports/failpoints.ts';
import type { Network } from './network.ts';
import type { FaultMix } from './options.ts';
import type { Random } from './random.ts';
import type { LockHolder } from './lock-holder.ts';
import type { CoordinatorServer } from './sim-coordinator.ts';
import type { SimMaster } from './sim-master.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimStranger } from './sim-stranger.ts';
import type { SimWorker } from './sim-worker.ts';
import type { StoreClock } from './store-clock.ts';
import type { StoreServer } from './store-server.ts';
import type { VirtualTime } from './virtual-time.ts';

type Host = SimMaster | SimWorker | SimStranger | LockHolder;

export interface FaultWorld {
  time: VirtualTime;
  random: Random;
  mix: FaultMix;
  masters: readonly SimMaster[];
  workers: readonly (SimWorker | SimStranger)[];
  holders: readonly LockHolder[];
  client: SimProcess;
  network: Network;
  store: StoreServer;
  clock: StoreClock;
  storeRate: number;
  coordinator: CoordinatorServer;
  sessionTtlMs: number;
  heartbeatMs: number;
}

const stopPatienceMs = 10_000;
/** How far the store's clock steps at most, and how wrong all its steps together may make it. */
const storeStepsMs = [200, 3000, 20_000, 60_000] as const;
const storeWrongMostMs = 120_000;
/** Of a coordinator that is restored from a backup. */
const revisionsLostMost = 12;
/** After healing, whatever ends is back at once. */
const calmRestartMs = 200;

export class Faults {
  readonly #world: FaultWorld;
  /** How often each kind happened, for the summary. */
  readonly counts = new Map<string, number>();
  /** At which boundaries of effects masters have crashed. */
  readonly crashedAt = new Set<Failpoint>();
  /** What was done to whom, in order. */
  readonly timeline: { at: number; who: string; what: string }[] = [];
  #storeWrongMs = 0;
  #begun = false;
  #healed = false;
  #over = false;

  constructor(world: FaultWorld) {
    this.#world = world;
  }

  begin(): void {
    const { mix, random, masters, workers } = this.#world;
    this.#begun = true;
    this.#every(mix.masterCrashMs, () => this.crash(random.pick(masters).process));
    this.#every(mix.masterPauseMs, () => this.#pause(random.pick(masters).process));
    this.#every(mix.masterStopMs, () => this.#stopMaster(random.pick(masters)));
    this.#every(mix.workerCrashMs, () => this.crash(random.pick(workers).process));
    this.#every(mix.workerPauseMs, () => this.#pause(random.pick(workers).process));
    this.#every(mix.workerDrainMs, () => this.#drain(random.pick(workers)));
    this.#every(mix.workerHangMs, () => this.#hang(random.pick(workers)));
    this.#every(mix.cutMs, () => this.#cut());
    this.#every(mix.isolateMs, () => this.#isolate());
    this.#every(mix.storeCutMs, () => this.#storeCut());
    this.#every(mix.blackoutMs, () => {
      this.#count('blackout');
      for (const master of masters) this.crash(master.process, 90_000);
    });
    this.#beginAtTheClocks();
    this.#beginAtTheLeaders();
  }

  #beginAtTheClocks(): void {
    const { mix, clock, time, storeRate } = this.#world;
    clock.drift(time.now, storeRate);
    this.#every(mix.wallStepMs, () => this.#stepWall());
    this.#every(mix.storeStepMs, () => this.#stepStore());
  }

  #beginAtTheLeaders(): void {
    const { mix, random, masters, holders, coordinator } = this.#world;
    this.#every(mix.coordinatorCutMs, () => this.#coordinatorCut());
    this.#every(mix.coordinatorRevokeMs, () => {
      this.#count('leases ended');
      this.#note('coordinator', 'has its leases ended by hand');
      coordinator.revokeAll();
    });
    this.#every(mix.coordinatorWipeMs, () => {
      const lost = random.chance(0.5) ? null : random.between(1, revisionsLostMost);
      this.#count('coordinator wiped');
      this.#note('coordinator', lost === null ? 'is set up anew' : `is restored, ${lost} revisions ago`);
      coordinator.wipe(lost);
    });
    this.#every(mix.stepDownMs, () => {
      this.#count('step down');
      for (const { process, master } of masters) process.after(0, 'step down', () => void master?.elector.stepDown());
    });
    if (holders.length > 0) this.#every(mix.holderCrashMs, () => this.crash(random.pick(holders).process));
  }

  heal(): void {
    const { network, store, coordinator, clock, time } = this.#world;
    this.#healed = true;
    network.heal();
    store.heal();
    coordinator.heal();
    clock.drift(time.now, 1);
    for (const host of this.#hosts()) {
      host.process.resume();
      if ('main' in host) host.main.release();
      if (!host.process.up) this.#restartLater(host, calmRestartMs);
    }
  }

  /** Nobody who is down starts again. */
  end(): void {
    this.#over = true;
  }

  /** Ends a process and has it started again after a while, at least `atLeastMs`. */
  crash(process: SimProcess, atLeastMs = 0, how = 'crashes'): void {
    const { random, mix } = this.#world;
    if (!process.up) return;
    this.#count(`${process.name.split('-')[0]} ${how.split(' ')[0]}`);
    this.#note(process.name, how);
    process.crash();
    const host = this.#hosts().find((one) => one.process === process);
    if (host === undefined) return;
    this.#restartLater(host, this.#healed ? calmRestartMs : atLeastMs + random.spread(...mix.downMs));
  }

  /** A master has come to the boundary of an effect. */
  boundary(process: SimProcess, name: Failpoint): void {
    const { mix, random } = this.#world;
    if (!this.#begun || this.#healed) return;
    if (random.chance(mix.boundaryCrash)) {
      this.crashedAt.add(name);
      this.crash(process, 0, `crashes at ${name}`);
    } else if (random.chance(mix.boundaryPause)) this.#pause(process);
  }

  #restartLater(host: Host, delayMs: number): void {
    const life = host.process.life;
    this.#world.time.after(delayMs, `${host.process.name} starts`, () => {
      if (!this.#over && !host.process.up && host.process.life === life) host.start();
    });
  }

  #hosts(): Host[] {
    return [...this.#world.masters, ...this.#world.workers, ...this.#world.holders];
  }

  #every(meanMs: number, act: () => void): void {
    if (meanMs === 0) return;
    const { time, random } = this.#world;
    time.after(random.between(1, 2 * meanMs), 'fault', () => {
      if (this.#healed) return;
      act();
      this.#every(meanMs, act);
    });
  }

  #pause(process: SimProcess): void {
    const { time, random, mix } = this.#world;
    if (!process.up || process.paused) return;
    const forMs = random.spread(...mix.pauseMs);
    this.#count(`${process.name.split('-')[0]} pause`);
    this.#note(process.name, `is paused for ${forMs} ms`);
    const life = process.life;
    process.pause();
    time.after(forMs, `${process.name} goes on`, () => {
      if (process.lives(life)) process.resume();
    });
  }

  #hang(worker: SimWorker | SimStranger): void {
    const { time, random, mix } = this.#world;
    if (!('main' in worker) || !worker.process.up) return;
    const forMs = random.spread(...mix.pauseMs);
    this.#count('worker hang');
    this.#note(worker.process.name, `hangs for ${forMs} ms`);
    const { life } = worker.process;
    worker.main.hang();
    time.after(forMs, `${worker.process.name} turns again`, () => {
      if (worker.process.lives(life)) worker.main.release();
    });
  }

  #stopMaster(master: SimMaster): void {
    const { process } = master;
    if (!process.up || master.master === null) return;
    this.#count('master stop');
    this.#note(process.name, 'is asked to stop');
    const life = process.life;
    const end = (): void => {
      if (process.lives(life)) this.crash(process, 0, 'ends');
    };
    process.after(0, 'stop', () => void master.master?.stop().then(() => process.after(0, 'stopped', end)));
    this.#world.time.after(stopPatienceMs, `${process.name} is ended`, end);
  }

  #drain(worker: SimWorker | SimStranger): void {
    if (!worker.process.up) return;
    this.#count('worker drain');
    this.#note(worker.process.name, 'is asked to drain');
    worker.process.after(0, 'drain', () => worker.drain());
  }

  /** Now and then from all masters. */
  #cut(): void {
    const { random, mix, masters, workers, client } = this.#world;
    const other = random.chance(0.2) ? client : random.pick(workers).process;
    const from = random.chance(0.3) ? masters : [random.pick(masters)];
    const forMs = random.spread(...mix.awayMs);
    this.#cutWay(from, other, random.pick(['both', 'in', 'out']), forMs);
  }

  /** A worker's last answers come as late as it bears, and then nothing for longer than its lease: the edge of self-fencing. */
  #isolate(): void {
    const { random, masters, workers, time, heartbeatMs, sessionTtlMs } = this.#world;
    const { process } = random.pick(workers);
    const lateMs = random.between(heartbeatMs, 2 * heartbeatMs);
    this.#cutWay(masters, process, 'out', lateMs);
    time.after(lateMs + random.between(10, 200), 'fault', () => {
      if (!this.#healed) this.#cutWay(masters, process, 'both', 2 * sessionTtlMs);
    });
  }

  #cutWay(masters: readonly SimMaster[], other: SimProcess, way: 'both' | 'in' | 'out', forMs: number): void {
    const { network } = this.#world;
    this.#count(`cut ${way}`);
    for (const { process } of masters) {
      this.#note(process.name, `cut off from ${other.name} (${way}) for ${forMs} ms`);
      if (way !== 'out') network.cut(other, process, forMs);
      if (way !== 'in') network.cut(process, other, forMs);
    }
  }

  #storeCut(): void {
    const { random, mix, masters, store } = this.#world;
    const forMs = random.spread(...mix.awayMs);
    if (random.chance(0.4)) {
      this.#count('store outage');
      this.#note('store', `is away for ${forMs} ms`);
      store.outage(forMs);
      return;
    }
    const { process } = random.pick(masters);
    this.#count('store cut');
    this.#note(process.name, `does not reach the store for ${forMs} ms`);
    store.cutOff(process, forMs);
  }

  #stepWall(): void {
    const { random } = this.#world;
    const { process } = random.pick(this.#hosts());
    const byMs = random.between(-3_600_000, 3_600_000);
    this.#count('wall clock step');
    this.#note(process.name, `wall clock steps by ${byMs} ms`);
    process.stepWallClock(byMs);
  }

  /** By as much as it was wrong already it may step back at once. */
  #stepStore(): void {
    const { random, clock, time, storeRate } = this.#world;
    const wrongMs = this.#storeWrongMs;
    const back = wrongMs !== 0 && random.chance(0.3);
    const byMs = back ? -wrongMs : random.pick([-1, 1]) * random.between(1, random.pick(storeStepsMs));
    if (Math.abs(wrongMs + byMs) > storeWrongMostMs) return;
    this.#storeWrongMs += byMs;
    this.#count('store clock step');
    this.#note('store', `clock steps by ${byMs} ms (rate ${storeRate})`);
    clock.step(time.now, byMs);
  }

  #coordinatorCut(): void {
    const { random, mix, masters, coordinator } = this.#world;
    const forMs = random.spread(...mix.awayMs);
    if (random.chance(0.3)) {
      this.#count('coordinator outage');
      this.#note('coordinator', `is away for ${forMs} ms`);
      coordinator.outage(forMs);
      return;
    }
    const { process } = random.pick(masters);
    const way = random.pick(['both', 'in', 'out'] as const);
    this.#count('coordinator cut');
    this.#note(process.name, `cut off from the coordinator (${way}) for ${forMs} ms`);
    coordinator.cut(process, way, forMs);
  }

  /** Something that others do. */
  happened(kind: string, who: string, what: string): void {
    this.#count(kind);
    this.#note(who, what);
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  #note(who: string, what: string): void {
    const { time } = this.#world;
    time.trace.add(time.now, who, what);
    this.timeline.push({ at: time.now, who, what });
  }
}
