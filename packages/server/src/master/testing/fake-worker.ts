// A worker for tests of a master: speaks the protocol by hand, holds what it is given, and answers when it is told to.

import type { Assign, Hello, MasterMessage, Result, WorkerMessage } from '@tidewheel/protocol';
import type { WorkerConnectionHandler } from '../../ports/connection.ts';
import { seedId } from '../../store/testing/seed.ts';
import type { SessionGateway } from '../gateway.ts';

export class FakeWorker {
  readonly hello: Hello;
  readonly received: MasterMessage[] = [];
  #gateway: SessionGateway;
  #handler: WorkerConnectionHandler | null = null;
  #nonce = '';
  closed: { code: string; reason: string } | null = null;

  constructor(gateway: SessionGateway, changes: Partial<Hello> = {}) {
    this.#gateway = gateway;
    this.hello = {
      type: 'hello',
      incarnation: seedId(),
      worker: 'fake',
      version: '1',
      slots: 5,
      queues: ['default'],
      handlers: ['task:noop'],
      labels: {},
      host: 'here',
      pid: 1,
      holding: [],
      resume: false,
      ...changes,
    };
  }

  connect(changes: Partial<Hello> = {}): void {
    this.closed = null;
    this.#handler = this.#gateway.open(
      {
        send: (messages) => {
          for (const message of messages) this.#take(message);
        },
        close: (code, reason) => {
          this.closed = { code, reason };
        },
        bufferedBytes: () => 0,
      },
      { namespace: 'default', tokenName: 'test' },
    );
    this.send({ ...this.hello, ...changes });
    this.send({ type: 'ready', free: this.hello.slots });
  }

  /** Connects to another master. */
  go(gateway: SessionGateway, changes: Partial<Hello> = {}): void {
    this.#gateway = gateway;
    this.connect(changes);
  }

  /** The connection breaks without a word. */
  cut(): void {
    this.#handler?.closed();
    this.#handler = null;
  }

  send(...messages: WorkerMessage[]): void {
    this.#handler?.receive(messages);
  }

  heartbeat(nonce: string = this.#nonce): void {
    this.send({ type: 'heartbeat', nonce, mainSeq: 1, stats: {} });
  }

  result(assign: Assign, changes: Partial<Result> = {}): void {
    const { runId, attemptId } = assign;
    this.send({
      type: 'result',
      runId,
      attemptId,
      outcome: 'succeeded',
      output: null,
      error: null,
      durationMs: 1,
      ...changes,
    });
  }

  of<T extends MasterMessage['type']>(type: T): Extract<MasterMessage, { type: T }>[] {
    return this.received.filter((message): message is Extract<MasterMessage, { type: T }> => message.type === type);
  }

  #take(message: MasterMessage): void {
    this.received.push(message);
    if (message.type === 'welcome' || message.type === 'heartbeatAck') this.#nonce = message.nonce;
  }
}
