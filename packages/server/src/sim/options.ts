// Everything that distinguishes one simulation from another, drawn from its seed before it begins. Each kind of trouble is in
// about half of the seeds and absent from the others, each with a strength of its own: mixes find what a uniform load hides.

import { type Random, Random as Stream } from './random.ts';
import type { NetworkMix } from './network.ts';
import type { CoordinatorMix } from './sim-coordinator.ts';
import type { SignalMix } from './sim-signals.ts';
import type { StoreMix } from './store-server.ts';
import { type Make, makes } from './version-skew.ts';

export interface FaultMix {
  /** Mean times between two of a kind, ms; 0: none at all. */
  masterCrashMs: number;
  masterPauseMs: number;
  /** A master that is asked to stop and started again, as in a rolling update. */
  masterStopMs: number;
  workerCrashMs: number;
  workerPauseMs: number;
  workerDrainMs: number;
  /** Its main loop, while its heartbeats go on. */
  workerHangMs: number;
  /** A way between a worker or the client and a master, one or both directions. */
  cutMs: number;
  /** A worker whose answers come late, then not at all. */
  isolateMs: number;
  /** The store away for one process, or for all. */
  storeCutMs: number;
  wallStepMs: number;
  /** All masters gone at once. */
  blackoutMs: number;
  /** The store's clock, forward or back. */
  storeStepMs: number;
  /** The coordinator away for one master, one or both directions, or for all; all its leases ended by hand; all it knew gone. */
  coordinatorCutMs: number;
  coordinatorRevokeMs: number;
  coordinatorWipeMs: number;
  /** The leader is asked to give its leadership up. */
  stepDownMs: number;
  /** A user of locks dies. */
  holderCrashMs: number;
  /** Shares of the boundaries of effects (failpoints) at which a master crashes, or is paused. */
  boundaryCrash: number;
  boundaryPause: number;
  /** How long each kind of absence lasts. */
  downMs: readonly [low: number, high: number];
  pauseMs: readonly [low: number, high: number];
  awayMs: readonly [low: number, high: number];
}

export type StoreLossKind = 'switch' | 'promotion' | 'restore';

/** Another server takes the store over. */
export interface StoreLossMix {
  /** Everything confirmed is there; the newest of it is not; a backup takes the place, and an operator says what becomes of the gap. */
  readonly kind: StoreLossKind;
  /** Mean time between two, ms. A restore comes once. */
  readonly everyMs: number;
  /** How far what takes over lies behind. */
  readonly behindMs: readonly [low: number, high: number];
  /** How long nobody answers. */
  readonly awayMs: readonly [low: number, high: number];
}

export interface SimOptions {
  seed: number;
  /** Mean time between two backfills, ms; 0: none at all. */
  backfillMs: number;
  /** Store time at the beginning. */
  epochMs: number;
  masters: number;
  workers: number;
  /** Workers of another make, in each namespace. */
  strangers: number;
  /** Mean times until one of them goes deaf, and until it leaves. */
  deafMs: number;
  leaveMs: number;
  namespaces: readonly string[];
  sessionTtlMs: number;
  heartbeatMs: number;
  /** Clocks run at 1 ± this. */
  driftShare: number;
  /** Wall clocks are wrong by up to this. */
  wallSkewMs: number;
  troubleMs: number;
  faults: FaultMix;
  store: StoreMix;
  storeLoss: StoreLossMix | null;
  /** Mean time between two moments at which a worker is cordoned or taken back, as a pool does it; 0 for never. */
  cordonMs: number;
  network: NetworkMix;
  signals: SignalMix;
  /** What masters elect their leader by: lease rows of the store, or a coordinator that lies. */
  coordinator: 'store' | CoordinatorMix;
  /** Milliseconds of the store's clock in a true one. */
  storeRate: number;
  /** What neighbouring versions masters and workers are of: one of these each. */
  makes: readonly Make[];
  /** Users of locks. */
  holders: number;
  /** Mean time between two API calls of the workload. */
  callMs: number;
  /** Mean time between two changes of definitions. */
  changeMs: number;
  jobs: number;
  catchUpPerSecond: number;
  /** How long finished runs are kept; null: longer than any simulation. */
  keepMs: number | null;
}

/** Ordinary days, days of a clock change some minutes before it, leap day and new year. */
const beginnings = [
  '2025-01-15T10:20:30Z',
  '2025-06-02T23:58:10Z',
  '2024-02-29T23:57:00Z',
  '2024-12-31T23:57:20Z',
  // Berlin to summer time and back.
  '2025-03-30T00:57:00Z',
  '2025-10-26T00:58:00Z',
  // New York to summer time and back.
  '2025-03-09T06:58:00Z',
  '2025-11-02T05:57:30Z',
  // Lord Howe, by half an hour.
  '2025-04-05T14:58:00Z',
  '2025-10-04T15:28:00Z',
  // Santiago to summer time, by skipping the hour after midnight, and back to the hour before it.
  '2025-09-07T03:57:00Z',
  '2025-04-06T02:57:30Z',
  // Chatham Islands, at a quarter to three.
  '2025-09-27T13:57:00Z',
  '2025-04-05T13:58:00Z',
] as const;

const minute = 60_000;

export function drawOptions(seed: number): SimOptions {
  const random = new Stream(seed).fork('options');
  const calm = random.chance(0.05);
  const share = (most: number): number =>
    !calm && random.chance(0.5) ? random.fraction() * random.fraction() * most : 0;
  const short = random.chance(0.25);
  const backfills = new Stream(seed).fork('backfills');
  const backfillMs = backfills.chance(0.5) ? backfills.between(10_000, 60_000) : 0;
  const kept = new Stream(seed).fork('retention');
  const coordination = drawCoordination(new Stream(seed).fork('coordination'), calm);
  return {
    seed,
    backfillMs,
    // Not beside backfills, which know by its run that a time has succeeded; longer than any absence, as a day is in the real world.
    keepMs: backfillMs === 0 && kept.chance(0.5) ? kept.between(120_000, 240_000) : null,
    epochMs: Date.parse(random.pick(beginnings)) + random.between(0, 1000),
    masters: random.between(1, 3),
    workers: random.between(1, 5),
    strangers: calm ? 0 : random.pick([0, 0, 1, 2]),
    deafMs: random.between(20_000, 200_000),
    leaveMs: random.between(20_000, 200_000),
    namespaces: random.chance(0.3) ? ['default', 'team-b'] : ['default'],
    sessionTtlMs: short ? 8000 : 15_000,
    heartbeatMs: short ? 1500 : 3000,
    driftShare: random.pick([0, 0.001, 0.02]),
    wallSkewMs: random.pick([0, 200, 3_600_000]),
    troubleMs: random.between(2 * minute, 5 * minute),
    faults: drawFaults(random, new Stream(seed).fork('more faults'), calm, coordination.coordinator !== 'store'),
    store: {
      latencyMs: [0, random.pick([1, 5, 30, calm ? 5 : 300])],
      doneUnheard: share(0.2),
      undoneUnheard: share(0.2),
      deadlock: share(0.3),
      crash: share(0.02),
      idleMs: [random.pick([300, 2000]), 10_000],
    },
    storeLoss: calm ? null : drawStoreLoss(new Stream(seed).fork('store losses')),
    cordonMs: drawCordons(new Stream(seed).fork('cordons'), calm),
    network: {
      delayMs: [0, random.pick([2, 20, 200, calm ? 20 : 3000])],
      repeat: share(0.5),
      reset: share(0.02),
      silence: share(0.01),
      callLoss: share(0.3),
      silentCrash: share(1),
    },
    signals: {
      loss: calm ? 0 : random.pick([0, 0.3, 1]),
      repeat: share(0.5),
      delayMs: [0, random.pick([1, 50, calm ? 50 : 3000])],
    },
    callMs: random.pick([300, 1000, 3000]),
    changeMs: random.pick([3000, 10_000, 40_000]),
    jobs: random.between(3, 7),
    // So few that a short outage is enough to reach the bound.
    catchUpPerSecond: new Stream(seed).fork('catching up').chance(0.3) ? 2 : random.pick([20, 50, 200]),
    ...coordination,
  };
}

function drawCoordination(
  random: Random,
  calm: boolean,
): Pick<SimOptions, 'coordinator' | 'storeRate' | 'makes' | 'holders'> {
  return {
    coordinator: random.chance(0.4) ? 'store' : drawCoordinator(random, calm),
    storeRate: calm ? 1 : random.pick([1, 1, 0.999, 1.01, 0.95, 1.05]),
    makes: random.chance(0.5) ? ['same'] : makes,
    holders: random.between(0, 3),
  };
}

function drawCoordinator(random: Random, calm: boolean): CoordinatorMix {
  const share = (most: number): number =>
    !calm && random.chance(0.5) ? random.fraction() * random.fraction() * most : 0;
  return {
    delayMs: [0, random.pick([2, 20, 200, calm ? 20 : 2000])],
    lost: share(0.3),
    unheard: share(0.3),
    double: share(1),
    early: share(0.5),
    late: share(0.5),
    falseRenewal: share(1),
    stale: share(1),
    watch: { loss: share(1), repeat: share(0.5), delayMs: [0, random.pick([2, 200, calm ? 200 : 8000])] },
  };
}

function drawFaults(random: Random, more: Random, calm: boolean, coordinated: boolean): FaultMix {
  const mean = (low: number, high: number, from = random, share = 0.5): number =>
    !calm && from.chance(share) ? from.between(low, high) : 0;
  return {
    masterCrashMs: mean(8000, 90_000),
    masterPauseMs: mean(5000, 60_000),
    masterStopMs: mean(20_000, 120_000),
    workerCrashMs: mean(5000, 90_000),
    workerPauseMs: mean(4000, 60_000),
    workerDrainMs: mean(10_000, 120_000),
    workerHangMs: mean(10_000, 120_000),
    cutMs: mean(4000, 60_000),
    isolateMs: mean(15_000, 60_000),
    storeCutMs: mean(8000, 60_000),
    wallStepMs: mean(10_000, 60_000),
    blackoutMs: !calm && random.chance(0.15) ? random.between(60_000, 200_000) : 0,
    storeStepMs: mean(10_000, 90_000, more, 0.4),
    coordinatorCutMs: coordinated ? mean(8000, 60_000, more) : 0,
    coordinatorRevokeMs: coordinated ? mean(10_000, 90_000, more, 0.3) : 0,
    coordinatorWipeMs: coordinated ? mean(30_000, 200_000, more, 0.3) : 0,
    stepDownMs: mean(10_000, 90_000, more, 0.3),
    holderCrashMs: mean(5000, 60_000, more),
    boundaryCrash: !calm && random.chance(0.5) ? random.fraction() * random.fraction() * 0.01 : 0,
    boundaryPause: !calm && random.chance(0.5) ? random.fraction() * random.fraction() * 0.01 : 0,
    downMs: [50, random.pick([2000, 20_000, 60_000])],
    pauseMs: [20, random.pick([1000, 10_000, 60_000])],
    awayMs: [50, random.pick([2000, 20_000, 60_000])],
  };
}

function drawCordons(random: Random, calm: boolean): number {
  return !calm && random.chance(0.4) ? random.between(2000, 30_000) : 0;
}

/** Rare: whatever is lost takes promises with it, which then nobody checks. */
function drawStoreLoss(random: Random): StoreLossMix | null {
  const draw = random.fraction();
  const kind: StoreLossKind | null =
    draw < 0.06 ? 'switch' : draw < 0.15 ? 'promotion' : draw < 0.21 ? 'restore' : null;
  if (kind === null) return null;
  return {
    kind,
    everyMs: kind === 'restore' ? random.between(10_000, 40_000) : random.between(15_000, 90_000),
    behindMs: kind === 'restore' ? [20_000, 120_000] : [20, 5000],
    awayMs: [50, random.pick([1000, 8000])],
  };
}
