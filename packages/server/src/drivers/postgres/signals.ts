// Signals between masters over LISTEN and NOTIFY, on one connection of their own. NOTIFY makes commits wait for each other,
// so it never stands in a transaction that matters. Own publications are delivered at once, without the round trip.
// While the connection is down, what is published reaches this process only: the others find it by polling.

import pg from 'pg';
import { serverLimits } from '../../core/limits.ts';
import { storeUrls } from '../../core/store-address.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import { isSignal, type Signal, SignalBatch } from '../../ports/signal-batch.ts';
import { SignalSubscribers } from '../../ports/signal-subscribers.ts';
import type { StoreHistory } from '../../ports/store-history.ts';
import type { Signals, SignalTopic, SignalTopics } from '../../ports/signals.ts';
import { clientConfig, defaultLimits } from './client-config.ts';

export interface PostgresSignalsOptions {
  /** May name several servers. A standby refuses to listen, so the primary is found by trying. */
  readonly url: string;
  /** Of the store: when it changes, there is another primary, and the connection may be silent for long before it ends. */
  readonly history?: StoreHistory;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction' | 'random'>;
  readonly log: Log;
}

const channel = 'tidewheel';
/** PostgreSQL takes payloads of less than 8,000 bytes. */
const payloadBytes = 7900;
/** Ids of 36 characters that surely fit into one payload. */
const namesPerSignal = 150;
/** How often the connection is asked whether it is still there: a half-open one would be silent for ever. */
const checkMs = 10_000;
const reconnectBaseMs = 100;
const reconnectCapMs = 5000;

export class PostgresSignals implements Signals {
  readonly #options: PostgresSignalsOptions;
  /** Tells the echo of our own publications apart. */
  readonly #sender: string;
  readonly #subscribers = new SignalSubscribers();
  readonly #tick = new SignalBatch();
  readonly #outgoing = new SignalBatch();
  readonly #running: Promise<void>;
  readonly #listening = Promise.withResolvers<void>();
  #client: pg.Client | undefined;
  #pause: { timer: Timer; end: () => void } | undefined;
  #flushing = false;
  #sending = false;
  #checkDue = false;
  #closed = false;
  readonly #urls: readonly string[];
  #turn = 0;
  #unwatch: (() => void) | undefined;

  /** Connects in the background, and again whenever the connection is lost. */
  constructor(options: PostgresSignalsOptions) {
    this.#options = options;
    this.#sender = options.identity.random();
    const urls = storeUrls(options.url);
    this.#urls = typeof urls === 'string' ? [options.url] : urls;
    this.#unwatch = options.history?.watch(() => void this.#client?.end().catch(() => undefined));
    this.#running = this.#run();
  }

  /** Resolves when publications of others arrive for the first time. */
  listening(): Promise<void> {
    return this.#listening.promise;
  }

  publish<T extends SignalTopic>(topic: T, detail: SignalTopics[T]): void {
    if (this.#closed) return;
    this.#tick.add([topic, detail] as Signal);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  subscribe<T extends SignalTopic>(topic: T, receive: (detail: SignalTopics[T]) => void): () => void {
    return this.#subscribers.subscribe(topic, receive);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch?.();
    this.#subscribers.clear();
    this.#pause?.end();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  #flush(): void {
    this.#flushing = false;
    const signals = this.#closed ? [] : this.#tick.take(serverLimits.signalNames);
    for (const signal of signals) this.#outgoing.add(signal);
    void this.#send();
    for (const signal of signals) this.#subscribers.deliver(signal);
  }

  /** One statement at a time; what is published meanwhile is merged into the next. */
  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    let client: pg.Client | undefined;
    try {
      for (;;) {
        const payloads = this.#payloads(this.#outgoing.take(namesPerSignal));
        client = this.#client;
        if (client === undefined || (payloads.length === 0 && !this.#checkDue)) return;
        this.#checkDue = false;
        await client.query(
          `select pg_notify('${channel}', payload) from jsonb_array_elements_text($1::jsonb) as payloads(payload)`,
          [JSON.stringify(payloads)],
        );
      }
    } catch {
      // These hints are lost. Whatever the reason, a new connection is the remedy; its loop tells of it.
      void client?.end().catch(() => undefined);
    } finally {
      this.#sending = false;
    }
  }

  #payloads(signals: readonly Signal[]): string[] {
    const payloads: string[] = [];
    let group: Signal[] = [];
    for (const signal of signals) {
      if (group.length > 0 && this.#bytes([...group, signal]) > payloadBytes) {
        payloads.push(this.#payload(group));
        group = [];
      }
      if (this.#bytes([signal]) <= payloadBytes) group.push(signal);
    }
    return group.length === 0 ? payloads : [...payloads, this.#payload(group)];
  }

  #payload(signals: readonly Signal[]): string {
    return JSON.stringify([this.#sender, signals]);
  }

  #bytes(signals: readonly Signal[]): number {
    return Buffer.byteLength(this.#payload(signals));
  }

  #receive(payload: string): void {
    let message: unknown;
    try {
      message = JSON.parse(payload);
    } catch {
      return;
    }
    // Masters of another version, and whoever may use the database, can send what is unknown here.
    if (!Array.isArray(message) || message[0] === this.#sender || !Array.isArray(message[1])) return;
    for (const signal of message[1]) if (isSignal(signal)) this.#subscribers.deliver(signal);
  }

  async #run(): Promise<void> {
    const { log, identity } = this.#options;
    for (let failures = 0; !this.#closed; failures += 1) {
      const error = await this.#listenUntilLost(() => {
        failures = 0;
      });
      if (this.#closed) return;
      // One server after the other: only after a whole round it is worth a word.
      if ((failures + 1) % this.#urls.length === 0)
        log.warn('signals of other masters do not arrive; connecting again', { error });
      await this.#wait(identity.fraction() * Math.min(reconnectCapMs, reconnectBaseMs * 2 ** failures));
    }
  }

  /** Returns why the connection was lost, or never made. */
  async #listenUntilLost(connected: () => void): Promise<unknown> {
    const url = this.#urls[this.#turn++ % this.#urls.length] ?? this.#options.url;
    const client = new pg.Client(clientConfig(url, 'signals', defaultLimits));
    const lost = Promise.withResolvers<Error>();
    client.on('error', lost.resolve);
    client.on('end', () => lost.resolve(new Error('the connection has ended')));
    client.on('notification', ({ payload }) => this.#receive(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      if (this.#closed) return undefined;
      this.#client = client;
      this.#turn -= 1;
      this.#listening.resolve();
      connected();
      return await this.#checkUntil(lost.promise);
    } catch (error) {
      return error;
    } finally {
      this.#client = undefined;
      await client.end().catch(() => undefined);
    }
  }

  async #checkUntil(lost: Promise<Error>): Promise<Error> {
    let error: Error | undefined;
    void lost.then((reason) => {
      error = reason;
      this.#pause?.end();
    });
    while (error === undefined) {
      await this.#wait(checkMs);
      this.#checkDue = true;
      void this.#send();
    }
    return error;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#pause?.timer.cancel();
        this.#pause = undefined;
        resolve();
      };
      this.#pause = { timer: this.#options.clock.timer(delayMs, end, { background: true }), end };
    });
  }
}
