// A worker of another make: it speaks the protocol by its letter and trusts nobody to need more. It never fences itself, does
// not notice that nobody answers, now and then goes deaf while it keeps sending heartbeats, and reports results of attempts
// that it has long lost. Masters must be safe against it, and must get its runs moving again.

import type { Assign, MasterMessage, ReportedOutcome, WorkerMessage } from '@tidewheel/protocol';
import type { TransportConnection } from '@tidewheel/sdk';
import type { Execution } from './ground-truth.ts';
import { simTransport } from './link.ts';
import { simIdentity } from './sim-identity.ts';
import type { SimProcess } from './sim-process.ts';
import { workerEnd, type WorkerShape, type WorkerWorld } from './sim-worker.ts';

export interface StrangerMix {
  /** Mean times until it goes deaf, and until it leaves of its own will, ms. */
  deafMs: number;
  leaveMs: number;
}

type Result = Extract<WorkerMessage, { type: 'result' }>;

const reconnectMs = 1000;
const leavingMs = 8000;
const resultAgainMs = 4000;
/** Sends of one result; then it is given up, as a program that ends would. One that was acknowledged is sent once more at most. */
const resultSends = 10;

export class SimStranger {
  readonly process: SimProcess;
  readonly shape: WorkerShape;
  readonly #world: WorkerWorld;
  readonly #mix: StrangerMix;
  #connection: TransportConnection | null = null;
  #nonce = '';
  #deaf = false;
  readonly #acknowledged = new Set<string>();
  /** What it executes or has executed, by attempt id. */
  #taken = new Map<string, { execution: Execution; end: (outcome: ReportedOutcome) => void }>();

  constructor(process: SimProcess, shape: WorkerShape, world: WorkerWorld, mix: StrangerMix) {
    this.process = process;
    this.shape = shape;
    this.#world = world;
    this.#mix = mix;
  }

  start(): void {
    this.process.start();
    this.#connection = null;
    this.#deaf = false;
    this.#taken = new Map();
    const { random } = this.process;
    this.process.after(random.between(1, 2 * this.#mix.deafMs), 'goes deaf', () => {
      this.#deaf = true;
    });
    this.process.after(random.between(1, 2 * this.#mix.leaveMs), 'wants to leave', () => this.drain());
    this.#connect();
  }

  /** Asked to leave, it says goodbye first and only then reports: at once what it breaks off, later what it still had. */
  drain(): void {
    // A deaf one has not heard it, and knows of nothing that could make it leave.
    if (this.#deaf) return;
    this.#say({ type: 'bye', reason: 'asked to leave' });
    for (const { end } of this.#taken.values()) if (this.process.random.chance(0.5)) end('failed');
    this.process.after(leavingMs, 'leaves', () => this.#world.crash(this.process));
  }

  #connect(): void {
    const { network, doors, truth } = this.#world;
    const identity = simIdentity(this.process.random, this.process.clock());
    const transport = simTransport(network, doors, workerEnd(this.process, this.shape, truth));
    // Each connection is a new session: what the last one held it goes on executing, and reports.
    const incarnation = identity.random();
    const connection = transport.connect(this.process.random.pick([...doors.keys()]), {
      open: () => this.#say(this.#hello(incarnation)),
      messages: (batch) => this.#receive(batch),
      closed: () => {
        if (this.#connection === connection) this.#connection = null;
        this.process.after(reconnectMs, 'reconnect', () => this.#connect());
      },
    });
    this.#connection = connection;
  }

  #hello(incarnation: string): WorkerMessage {
    const { slots, queues, handlers, labels } = this.shape;
    return {
      type: 'hello',
      incarnation,
      worker: this.process.name,
      version: 'another',
      slots,
      queues: [...queues],
      handlers: [...handlers],
      labels,
      host: 'simulated',
      pid: this.process.life,
      holding: [],
      resume: false,
    };
  }

  #receive(batch: readonly MasterMessage[]): void {
    if (this.#deaf) return;
    for (const message of batch) {
      if (message.type === 'welcome') this.#welcomed(message.nonce, message.heartbeatMs);
      if (message.type === 'heartbeatAck') this.#nonce = message.nonce;
      if (message.type === 'assign') this.#execute(message);
      if (message.type === 'ack') for (const attemptId of message.attemptIds) this.#acknowledged.add(attemptId);
      if (message.type === 'cancel') this.#taken.get(message.attemptId)?.end('canceled');
    }
  }

  #welcomed(nonce: string, heartbeatMs: number): void {
    this.#nonce = nonce;
    const connection = this.#connection;
    this.#say({ type: 'ready', free: this.shape.slots });
    const beat = (): void => {
      if (this.#connection !== connection) return;
      this.#say({ type: 'heartbeat', nonce: this.#nonce, mainSeq: this.#world.time.now, stats: {} });
      this.process.after(heartbeatMs, 'heartbeat', beat);
    };
    this.process.after(heartbeatMs, 'heartbeat', beat);
  }

  #execute(assign: Assign): void {
    if (this.#taken.has(assign.attemptId)) return;
    const { time, truth, behaviourOf } = this.#world;
    const { runId, attemptId, attempt, job, schedule, fireAt, namespace, payload } = assign;
    const { name: worker, life, random } = this.process;
    const rest = { worker, life, startedAt: time.now, end: null, cutOffAt: null, logLines: 0 };
    const execution: Execution = { runId, attemptId, attempt, job, schedule, fireAt, namespace, payload, ...rest };
    truth.executions.push(execution);
    const end = (outcome: ReportedOutcome): void => {
      if (execution.end !== null) return;
      execution.end = { at: time.now, outcome };
      const durationMs = time.now - execution.startedAt;
      this.#report({ type: 'result', runId, attemptId, outcome, output: null, error: null, durationMs }, resultSends);
    };
    this.#taken.set(attemptId, { execution, end });
    const behaviour = behaviourOf(namespace, job);
    // What never ends by itself runs to its timeout or, without one, to its cancel.
    const durationMs = behaviour.endless ? assign.runTimeoutMs : random.spread(...behaviour.durationMs);
    if (durationMs === null) return;
    const failed = behaviour.endless || random.chance(behaviour.failShare);
    this.process.after(durationMs, 'attempt ended', () => end(failed ? 'failed' : 'succeeded'));
  }

  #report(result: Result, sends: number): void {
    this.#say(result, { type: 'ready', free: this.shape.slots });
    const isEnough = this.#acknowledged.has(result.attemptId);
    if (sends > 1 && !isEnough)
      this.process.after(resultAgainMs, 'result again', () => this.#report(result, sends - 1));
  }

  #say(...messages: WorkerMessage[]): void {
    this.#connection?.send(messages);
  }
}
