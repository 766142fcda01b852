// A master that says exactly what a test tells it to, and a clock that moves when it is told to.

import assert from 'node:assert/strict';
import test from 'node:test';
import { limits, type Assign, type MasterMessage, type Welcome, type WorkerMessage } from '@tidewheel/protocol';
import { leaseMarginMs } from './lease.ts';
import { WorkerSession } from './session.ts';
import type { TransportEvents, WorkerSettings } from './session-ports.ts';
import { workerLimits } from './worker-limits.ts';

export const leaseTtlMs = 15_000;
export const heartbeatMs = 3_000;
export const trustMs = leaseTtlMs - leaseMarginMs(leaseTtlMs);

export class VirtualClock {
  now = 1_000_000;
  #timers: { at: number; order: number; fire: () => void }[] = [];
  #order = 0;

  monotonicMs(): number {
    return this.now;
  }
  timer(delayMs: number, fire: () => void) {
    const entry = { at: this.now + delayMs, order: this.#order++, fire };
    this.#timers.push(entry);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== entry)) };
  }
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.now = Math.max(this.now, due.at);
      due.fire();
    }
    this.now = end;
  }
}

export class Connection {
  readonly address: string;
  readonly #events: TransportEvents;
  closed = false;
  #sent: WorkerMessage[] = [];
  constructor(address: string, events: TransportEvents) {
    this.address = address;
    this.#events = events;
  }
  send(messages: readonly WorkerMessage[]): void {
    assert.ok(messages.length <= limits.messagesPerFrame);
    this.#sent.push(...messages);
  }
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.#events.open();
  }
  say(...messages: MasterMessage[]): void {
    this.#events.messages(messages);
  }
  break(): void {
    this.#events.closed('connection reset');
  }
  /** What the worker has said since the last call. */
  heard(): WorkerMessage[] {
    return this.#sent.splice(0);
  }
  heardOf<T extends WorkerMessage['type']>(type: T): Extract<WorkerMessage, { type: T }>[] {
    return this.heard().filter((message): message is Extract<WorkerMessage, { type: T }> => message.type === type);
  }
}

export function setup(overrides: Partial<WorkerSettings> = {}) {
  const clock = new VirtualClock();
  const connections: Connection[] = [];
  const doings: string[] = [];
  const runner = {
    seq: 0,
    start: (assign: Assign) => void doings.push(`start ${assign.attemptId}`),
    cancel: (attemptId: string, reason: string) => void doings.push(`cancel ${attemptId} ${reason}`),
    abandon: (attemptId: string) => void doings.push(`abandon ${attemptId} at ${clock.now}`),
    mainSeq: () => runner.seq++,
    stats: () => ({ cpu: 0.5 }),
  };
  let uuids = 0;
  const quiet = () => undefined;
  const session = new WorkerSession({
    clock,
    random: { fraction: () => 0.5, uuid: () => id(900 + uuids++) },
    transport: {
      connect(address, events) {
        const connection = new Connection(address, events);
        connections.push(connection);
        return connection;
      },
    },
    runner,
    settings: {
      worker: 'w1',
      version: '1',
      host: 'h',
      pid: 1,
      slots: 2,
      queues: ['default'],
      handlers: ['task:t'],
      labels: {},
      addresses: ['http://m1', 'http://m2'],
      ...overrides,
    },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  const latest = (): Connection => connections.at(-1) ?? assert.fail('no connection');
  /** Connects, or takes the connection that is being made, up to the welcome. */
  const welcomed = (welcome: Partial<Welcome> = {}): Connection => {
    void session.start();
    if (session.state === 'waiting') clock.advance(workerLimits.reconnectMaxMs);
    const connection = latest();
    connection.open();
    connection.say(welcomeOf(welcome));
    clock.advance(0);
    return connection;
  };
  const done = (attempt: number): void =>
    session.result({ attemptId: id(attempt), outcome: 'succeeded', output: '1', error: null, durationMs: 1 });
  return { clock, connections, doings, runner, session, latest, welcomed, done };
}

export const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export function welcomeOf(welcome: Partial<Welcome> = {}): Welcome {
  return {
    type: 'welcome',
    sessionId: id(900),
    resumed: false,
    leaseTtlMs,
    heartbeatMs,
    nonce: 'n0',
    masterId: id(1),
    masters: [],
    stale: [],
    ...welcome,
  };
}

export function assignOf(attempt: number): Assign {
  return {
    type: 'assign',
    runId: id(attempt + 500),
    attemptId: id(attempt),
    attempt: 1,
    attemptsMax: 1,
    namespace: 'default',
    job: 'j',
    jobVersion: 1,
    handler: { kind: 'task', task: 't' },
    payload: null,
    runTimeoutMs: null,
    killGraceMs: 5000,
    schedule: null,
    fireAt: null,
  };
}

export const types = (messages: readonly WorkerMessage[]): string => messages.map((message) => message.type).join(' ');

test('timers of the virtual clock fire in order of time, then of making, and not once canceled', () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  clock.timer(5, () => fired.push('late'));
  clock.timer(1, () => clock.timer(1, () => fired.push('second')));
  clock.timer(2, () => fired.push('first'));
  clock.timer(3, () => fired.push('never')).cancel();
  clock.advance(4);
  assert.deepEqual(fired, ['first', 'second']);
});
