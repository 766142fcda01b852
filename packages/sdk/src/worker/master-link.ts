// The connection to some master: opened, given up, and opened again to another with full jitter. One connection at a time;
// whatever an earlier one still says is not heard.

import type { MasterMessage, Refusal, WorkerMessage } from '@tidewheel/protocol';
import { limits } from '@tidewheel/protocol';
import { Addresses, reconnectDelayMs } from './addresses.ts';
import type {
  Transport,
  TransportConnection,
  WorkerClock,
  WorkerLog,
  WorkerRandom,
  WorkerTimer,
} from './session-ports.ts';
import { workerLimits } from './worker-limits.ts';

export interface MasterLinkDeps {
  clock: WorkerClock;
  random: WorkerRandom;
  transport: Transport;
  log: WorkerLog;
  addresses: readonly string[];
}

export interface MasterLinkEvents {
  /** Before the first connection and each later one. */
  connecting(): void;
  open(): void;
  messages(batch: readonly MasterMessage[]): void;
  /** The connection broke, was never made, or was not `settled` in time. */
  lost(reason: string, refusal?: Refusal): void;
}

export class MasterLink {
  readonly #deps: MasterLinkDeps;
  readonly #events: MasterLinkEvents;
  readonly #addresses: Addresses;
  #connection: TransportConnection | null = null;
  #generation = 0;
  #failures = 0;
  #moved = false;
  #timer: WorkerTimer | null = null;

  constructor(deps: MasterLinkDeps, events: MasterLinkEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#addresses = new Addresses(deps.addresses);
  }

  /** Changes with every connection made or given up. */
  get generation(): number {
    return this.#generation;
  }

  learn(addresses: readonly string[]): void {
    this.#addresses.learn(addresses);
  }

  /** Where to go next, by the word of a master. */
  prefer(addresses: readonly string[]): void {
    this.#addresses.prefer(addresses);
  }

  /** Whether this connection was made because another master said so. */
  get moved(): boolean {
    return this.#moved;
  }

  connect(): void {
    this.disconnect();
    const generation = this.#generation;
    const current = (): boolean => generation === this.#generation;
    this.#moved = this.#addresses.hasPreferred;
    const address = this.#addresses.next(this.#deps.random.fraction());
    this.#deps.log.debug('connecting', { address });
    this.#timer = this.#deps.clock.timer(workerLimits.connectMs, () => {
      this.#events.lost(`no welcome from ${address} in time`);
    });
    this.#events.connecting();
    const connection = this.#deps.transport.connect(address, {
      open: () => {
        if (current()) this.#events.open();
      },
      messages: (batch) => {
        if (current()) this.#events.messages(batch);
      },
      closed: (reason, refusal) => {
        if (current()) this.#events.lost(reason, refusal);
      },
    });
    if (current()) this.#connection = connection;
    else connection.close();
  }

  /** Gives up the connection, if there is one, and tries another after a while. */
  reconnect(reason: string): void {
    this.disconnect();
    const delayMs = reconnectDelayMs(this.#failures, this.#deps.random.fraction());
    this.#failures += 1;
    this.#deps.log.warn('no connection to a master', { reason, nextTryInMs: delayMs });
    this.#timer = this.#deps.clock.timer(delayMs, () => {
      this.connect();
    });
  }

  disconnect(): void {
    this.#generation += 1;
    this.#timer?.cancel();
    this.#timer = null;
    this.#connection?.close();
    this.#connection = null;
  }

  /** The master has welcomed the worker. */
  settled(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The connection has proved itself: the next loss is the first again. */
  proved(): void {
    this.#failures = 0;
  }

  send(messages: readonly WorkerMessage[]): void {
    for (let from = 0; from < messages.length; from += limits.messagesPerFrame) {
      this.#connection?.send(messages.slice(from, from + limits.messagesPerFrame));
    }
  }
}
