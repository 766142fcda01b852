// A master as a simulated process: the real services over simulated ports. A defect ends the process, as it does in production,
// and is written down: the simulation fails by it.

import { Refusal } from '@tidewheel/protocol';
import { Master } from '../master/master.ts';
import { type MasterSettings, masterDefaults } from '../master/deps.ts';
import type { WorkerConnection, WorkerConnectionHandler } from '../ports/connection.ts';
import type { Failpoint } from '../ports/failpoints.ts';
import { silentLog } from '../ports/log.ts';
import { noMetrics } from '../ports/metrics.ts';
import { leaseRows } from '../store/lease-rows.ts';
import { leaderJournal } from './leader-journal.ts';
import type { GroundTruth } from './ground-truth.ts';
import type { Door } from './link.ts';
import { SimDatabase } from './sim-database.ts';
import { simIdentity } from './sim-identity.ts';
import type { SimProcess } from './sim-process.ts';
import type { SignalHub } from './sim-signals.ts';
import type { CoordinatorServer } from './sim-coordinator.ts';
import type { StoreServer } from './store-server.ts';
import type { Make } from './version-skew.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface MasterWorld {
  time: VirtualTime;
  store: StoreServer;
  signals: SignalHub;
  truth: GroundTruth;
  settings: Partial<MasterSettings>;
  /** Null: the lease rows of the store. */
  coordinator: CoordinatorServer | null;
  /** Ends the process and has it started again after a while. */
  crash: (process: SimProcess) => void;
  /** A master has come to the boundary of an effect: a moment to crash or freeze it, if the mix wants it. */
  boundary: (process: SimProcess, name: Failpoint) => void;
}

export class SimMaster implements Door {
  readonly process: SimProcess;
  readonly address: string;
  readonly make: Make;
  readonly #world: MasterWorld;
  #master: Master | null = null;

  constructor(process: SimProcess, make: Make, world: MasterWorld) {
    this.process = process;
    this.make = make;
    this.address = `http://${process.name}`;
    this.#world = world;
  }

  start(): void {
    const { time, store, signals, truth, settings, coordinator } = this.#world;
    this.process.start();
    const clock = this.process.clock();
    const life = this.process.life;
    const fatal = (error: unknown): void => {
      if (!this.process.lives(life)) return;
      // What a master does that finds its store replaced by a backup.
      const isToldTo = error instanceof Refusal && error.code === 'STORE_CLOSED';
      if (!isToldTo) truth.defects.push({ at: time.now, who: this.process.name, what: describe(error) });
      this.#world.crash(this.process);
    };
    const db = new SimDatabase(store, this.process);
    const hints = signals.of(this.process, this.make);
    const master = new Master({
      db,
      coordinator: coordinator?.of(this.process) ?? leaseRows({ db, signals: hints }),
      clock,
      identity: simIdentity(this.process.random, clock),
      signals: hints,
      log: silentLog,
      metrics: noMetrics,
      duties: [leaderJournal(this.process.name, this.process.random.fork(`journal ${life}`))],
      settings: { ...masterDefaults, ...settings, address: this.address, version: 'simulated' },
      failpoints: {
        reach: (name) => {
          if (this.process.lives(life)) this.#world.boundary(this.process, name);
        },
      },
      fatal,
    });
    this.#master = master;
    this.process.onEnd(() => {
      this.#master = null;
    });
    master.start().catch(fatal);
  }

  get master(): Master | null {
    return this.#master;
  }

  accept(connection: WorkerConnection, namespace: string): WorkerConnectionHandler {
    if (this.#master === null) throw new Error('a connection reached a master that is down');
    return this.#master.gateway.open(connection, { namespace, tokenName: 'simulated' });
  }
}

export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
