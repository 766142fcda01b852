// A worker as a simulated process: the real protocol core of the SDK over a simulated link, with attempts that run on paper.

import { type WorkerClock, WorkerSession } from '@tidewheel/sdk';
import type { Behaviour } from './behaviour.ts';
import type { GroundTruth } from './ground-truth.ts';
import { type Doors, simTransport, type WorkerEnd } from './link.ts';
import { MainThread } from './main-thread.ts';
import type { Network } from './network.ts';
import { simIdentity } from './sim-identity.ts';
import type { SimProcess } from './sim-process.ts';
import { SimRunner } from './sim-runner.ts';
import type { Make } from './version-skew.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface WorkerShape {
  /** What the worker's token stands for. */
  namespace: string;
  make: Make;
  slots: number;
  queues: readonly string[];
  handlers: readonly string[];
  labels: Readonly<Record<string, string>>;
}

export interface WorkerWorld {
  time: VirtualTime;
  network: Network;
  truth: GroundTruth;
  doors: Doors;
  behaviourOf: (namespace: string, job: string) => Behaviour;
  crash: (process: SimProcess) => void;
}

/** Every worker's end writes down what reaches it. */
export function workerEnd(process: SimProcess, shape: WorkerShape, truth: GroundTruth): WorkerEnd {
  const { namespace, make } = shape;
  const received: WorkerEnd['received'] = (messages) => {
    for (const message of messages) {
      if (message.type !== 'assign') continue;
      truth.received.push({
        worker: process.name,
        namespace: message.namespace,
        job: message.job,
        runId: message.runId,
      });
    }
  };
  return { process, make, namespace, received };
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export class SimWorker {
  readonly process: SimProcess;
  readonly shape: WorkerShape;
  readonly main: MainThread;
  readonly #world: WorkerWorld;
  #session: WorkerSession | null = null;

  constructor(process: SimProcess, shape: WorkerShape, world: WorkerWorld) {
    this.process = process;
    this.shape = shape;
    this.main = new MainThread(process, world.time);
    this.#world = world;
  }

  /** Begins a new life of the process. */
  start(): void {
    const { time, network, truth, doors, behaviourOf, crash } = this.#world;
    const { namespace: _namespace, make: _make, ...abilities } = this.shape;
    this.process.start();
    const clock = this.process.clock();
    const identity = simIdentity(this.process.random, clock);
    const runner = new SimRunner({
      process: this.process,
      main: this.main,
      time,
      truth,
      behaviourOf,
      killWorker: () => crash(this.process),
    });
    const session = new WorkerSession({
      clock: clock satisfies WorkerClock,
      random: { fraction: identity.fraction, uuid: identity.random },
      transport: simTransport(network, doors, workerEnd(this.process, this.shape, truth)),
      runner,
      settings: {
        worker: this.process.name,
        version: 'simulated',
        host: 'simulated',
        pid: this.process.life,
        addresses: [...doors.keys()],
        ...abilities,
      },
      log: quiet,
    });
    runner.reportTo(session);
    this.#session = session;
    this.process.onEnd(() => {
      this.#session = null;
    });
    const life = this.process.life;
    session.start().catch((error: unknown) => {
      truth.defects.push({
        at: time.now,
        who: this.process.name,
        what: `no master will have the worker: ${String(error)}`,
      });
    });
    void session.closed.then((end) => this.#ended(life, end.kind));
  }

  /** Asks the worker to finish what it has and leave. */
  drain(): void {
    const life = this.process.life;
    void this.#session?.drain().catch((error: unknown) => {
      if (this.process.lives(life)) throw error;
    });
  }

  // A worker whose session is over leaves; whoever runs it starts another.
  #ended(life: number, how: string): void {
    if (!this.process.lives(life)) return;
    this.#world.time.trace.add(this.#world.time.now, this.process.name, `session ended: ${how}`);
    this.#world.crash(this.process);
  }
}
