// Builds the world of one seed: virtual time, the store with the real migrations, the network, masters, workers, the API's users.

import { retentionDefaults } from '../core/retention.ts';
import { openSqlite } from '../drivers/sqlite/database.ts';
import { migrate } from '../store/migrate.ts';
import { ApiClient } from './api-client.ts';
import { Backfiller } from './backfiller.ts';
import type { Behaviour } from './behaviour.ts';
import { Caller } from './caller.ts';
import { DefinitionKeeper } from './definition-keeper.ts';
import { Faults } from './faults.ts';
import { GroundTruth } from './ground-truth.ts';
import { watchHistory } from './history.ts';
import { drawJobs, type JobPlan, queues } from './job-plans.ts';
import { LockHolder, type HolderWorld } from './lock-holder.ts';
import { calmNetwork, Network } from './network.ts';
import type { SimOptions } from './options.ts';
import { Random } from './random.ts';
import { PoolHand } from './pool-hand.ts';
import { RecoveryWatch } from './recovery-watch.ts';
import { CoordinatorServer } from './sim-coordinator.ts';
import { type MasterWorld, SimMaster } from './sim-master.ts';
import { SimProcess } from './sim-process.ts';
import { calmSignals, SignalHub } from './sim-signals.ts';
import { SimStranger } from './sim-stranger.ts';
import { SimWorker, type WorkerShape, type WorkerWorld } from './sim-worker.ts';
import { StoreClock } from './store-clock.ts';
import { StoreLosses } from './store-losses.ts';
import { calmStore, StoreServer } from './store-server.ts';
import type { Trace } from './trace.ts';
import type { Make } from './version-skew.ts';
import { VirtualTime } from './virtual-time.ts';

export interface Cluster {
  options: SimOptions;
  time: VirtualTime;
  random: Random;
  truth: GroundTruth;
  clock: StoreClock;
  store: StoreServer;
  coordinator: CoordinatorServer;
  network: Network;
  signals: SignalHub;
  masters: SimMaster[];
  workers: (SimWorker | SimStranger)[];
  holders: LockHolder[];
  holderWorld: HolderWorld;
  recovery: RecoveryWatch;
  client: SimProcess;
  api: ApiClient;
  /** Reads the store as any process would, to see whether all is done. */
  monitor: SimProcess;
  jobs: JobPlan[];
  faults: Faults;
  losses: StoreLosses;
  hand: PoolHand;
  keeper: DefinitionKeeper;
  caller: Caller;
  backfiller: Backfiller;
}

export async function buildCluster(options: SimOptions, trace: Trace): Promise<Cluster> {
  const random = new Random(options.seed);
  const time = new VirtualTime(random.fork('order'), trace);
  const { clock, store, watch } = await openStore(options, time, random.fork('store'));
  const truth = new GroundTruth();
  const coordinator = new CoordinatorServer(time, random.fork('coordinator'));
  const network = new Network(time, random.fork('network'), calmNetwork);
  const signals = new SignalHub(random.fork('signals'), calmSignals);
  const jobs = drawJobs(options, random.fork('jobs'));
  const process = (name: string): SimProcess => newProcess(name, options, time, random);
  const hosts = buildHosts(options, { time, random, truth, store, coordinator, network, signals, jobs, process });
  const client = process('client');
  const monitor = process('monitor');
  const { masters, workers, injected } = hosts;
  const holderWorld: HolderWorld = { network, truth, masters, namespaces: options.namespaces };
  const holders = numbers(options.holders).map((index) => new LockHolder(process(`holder-${index + 1}`), holderWorld));
  const recovery = new RecoveryWatch(time, masters);
  store.watch = (name) => recovery.statement(name);
  network.watch = (what, name) => recovery[what](name);
  const faults = new Faults({
    mix: options.faults,
    storeRate: options.storeRate,
    sessionTtlMs: options.sessionTtlMs,
    heartbeatMs: options.heartbeatMs,
    time,
    random: random.fork('faults'),
    masters,
    workers,
    holders,
    client,
    network,
    store,
    clock,
    coordinator,
  });
  injected.crash = (one) => faults.crash(one);
  injected.boundary = (one, name) => faults.boundary(one, name);
  store.crash = injected.crash;
  const api = new ApiClient(client, network, truth);
  const world = { options, client: api, masters, truth, jobs, clock, now: () => time.now };
  const operators = operatorsOf(world, random);
  const lossy = { time, store, clock, network, masters, faults, truth, api, watch, keeper: operators.keeper };
  const losses = new StoreLosses(options, random.fork('store losses'), lossy);
  return {
    options,
    time,
    random,
    truth,
    clock,
    store,
    coordinator,
    network,
    signals,
    masters,
    workers,
    holders,
    holderWorld,
    recovery,
    client,
    api,
    monitor,
    jobs,
    faults,
    losses,
    hand: handOf(options, { random, store, signals, process: process('pool hand') }),
    ...operators,
  };
}

/** The store with the real migrations, whose changes are seen unless somebody looks away. */
async function openStore(options: SimOptions, time: VirtualTime, random: Random) {
  const clock = new StoreClock(options.epochMs);
  let watching = true;
  let timeline = (): number => 1;
  const functions = {
    true_ms: () => time.now,
    sim_watching: () => (watching ? 1 : 0),
    sim_timeline: () => timeline(),
  };
  const real = openSqlite({ path: ':memory:', nowMs: () => clock.at(time.now), functions });
  await migrate(real);
  await watchHistory(real);
  const store = new StoreServer(real, time, random, calmStore);
  timeline = () => store.lineage.timeline;
  return { clock, store, watch: (seen: boolean) => void (watching = seen) };
}

function handOf(
  { cordonMs: everyMs }: SimOptions,
  parts: Pick<Cluster, 'random' | 'store' | 'signals'> & { process: SimProcess },
): PoolHand {
  return new PoolHand({ ...parts, everyMs, random: parts.random.fork('cordons') });
}

/** Those who ask something of the cluster. */
function operatorsOf(
  world: Omit<ConstructorParameters<typeof DefinitionKeeper>[0], 'random'>,
  random: Random,
): Pick<Cluster, 'keeper' | 'caller' | 'backfiller'> {
  return {
    keeper: new DefinitionKeeper({ ...world, random: random.fork('keeper') }),
    caller: new Caller({ ...world, random: random.fork('caller') }),
    backfiller: new Backfiller({ ...world, random: random.fork('backfiller') }),
  };
}

function newProcess(name: string, options: SimOptions, time: VirtualTime, random: Random): SimProcess {
  const own = random.fork(name);
  const rate = 1 + (own.fraction() * 2 - 1) * options.driftShare;
  const wallSkewMs = own.between(-options.wallSkewMs, options.wallSkewMs);
  return new SimProcess(name, time, own, options.epochMs, { rate, wallSkewMs });
}

interface HostParts
  extends Pick<Cluster, 'time' | 'random' | 'truth' | 'store' | 'coordinator' | 'network' | 'signals' | 'jobs'> {
  process: (name: string) => SimProcess;
}

function buildHosts(options: SimOptions, parts: HostParts) {
  const { time, random, truth, store, network, signals, jobs, process } = parts;
  // The fault injector needs the hosts and the hosts need it, so it is put in later.
  const injected: Pick<MasterWorld, 'crash' | 'boundary'> = { crash: (one) => one.crash(), boundary: () => undefined };
  const crash = (one: SimProcess): void => injected.crash(one);
  const boundary: MasterWorld['boundary'] = (one, name) => injected.boundary(one, name);
  const { catchUpPerSecond, heartbeatMs, sessionTtlMs, keepMs } = options;
  const kept = keepMs === null ? retentionDefaults.runs : { succeeded: keepMs, failed: keepMs, canceled: keepMs };
  const retention = { ...retentionDefaults, runs: kept };
  const settings = { catchUpPerSecond, heartbeatMs, sessionTtlMs, retention };
  const coordinator = options.coordinator === 'store' ? null : parts.coordinator;
  const versions = random.fork('makes');
  const masters = numbers(options.masters).map((index) => {
    const world = { time, store, signals, truth, settings, coordinator, crash, boundary };
    return new SimMaster(process(`master-${index + 1}`), versions.pick(options.makes), world);
  });
  const doors = new Map(masters.map((master) => [master.address, master]));
  const behaviours = new Map<string, Behaviour>(jobs.map((job) => [`${job.namespace} ${job.name}`, job.behaviour]));
  const behaviourOf = (namespace: string, job: string): Behaviour => {
    const behaviour = behaviours.get(`${namespace} ${job}`);
    if (behaviour === undefined) throw new Error(`a worker was given the unknown job ${namespace} ${job}`);
    return behaviour;
  };
  const world: WorkerWorld = { time, network, truth, doors, behaviourOf, crash };
  const shapes = random.fork('shapes');
  const named = (kind: string, namespace: string, index: number): SimProcess =>
    process(`${kind}-${options.namespaces.length === 1 ? '' : `${namespace}-`}${index + 1}`);
  const workers = options.namespaces.flatMap((namespace) => [
    ...numbers(options.workers).map((index) => {
      const shape = drawShape(namespace, versions.pick(options.makes), index === 0, jobs, shapes);
      return new SimWorker(named('worker', namespace, index), shape, world);
    }),
    ...numbers(options.strangers).map((index) => {
      const shape = drawShape(namespace, versions.pick(options.makes), false, jobs, shapes);
      return new SimStranger(named('stranger', namespace, index), shape, world, options);
    }),
  ]);
  return { masters, workers, injected };
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** The first worker of a namespace can do everything, so that every run can end. */
function drawShape(namespace: string, make: Make, all: boolean, jobs: readonly JobPlan[], random: Random): WorkerShape {
  const tasks = jobs.filter((job) => job.namespace === namespace).map((job) => `task:${job.name}`);
  const some = tasks.filter(() => random.chance(0.6));
  return {
    namespace,
    make,
    slots: all ? random.between(4, 30) : random.between(1, 8),
    queues: all || random.chance(0.5) ? [...queues] : ['default'],
    handlers: all || some.length === 0 ? tasks : some,
    labels: all || random.chance(0.3) ? { disk: 'fast' } : {},
  };
}
