// One worker as masters see it: all of the protocol, none of the IO. It acts only when called: by its transport, its timers
// or its runner; the same calls in the same order do the same, so that the simulator can run it.
//
//            connect           open: hello             welcome
//   idle ──────────► connecting ──────────► greeting ───────────► live ── drained, stopped or refused ──► closed
//                        ▲                     │ closed, silent     │ closed, a heartbeat unanswered, bye
//                        └───── waiting ◄──────┴────────────────────┘
//                            (full jitter)
//
// The lease outlives connections: a worker that reconnects in time resumes its session under the same incarnation, with the
// attempts it holds. When the lease runs out by the worker's own clock (see lease.ts), or the master calls the session dead,
// the worker fences itself: it abandons every attempt *before* the master may give them away, and registers as a new
// incarnation. Results that had not been acknowledged are still sent then: for the record, if the master refuses them.

import { errorCatalogue, Refusal, wireMinor } from '@tidewheel/protocol';
import type { ErrorCode, LogStream, MasterMessage, Welcome, WorkerMessage } from '@tidewheel/protocol';
import { Attempts, type AttemptResult } from './attempts.ts';
import { Lease } from './lease.ts';
import { MasterLink } from './master-link.ts';
import type {
  Runner,
  SessionEnd,
  Transport,
  WorkerClock,
  WorkerLog,
  WorkerRandom,
  WorkerSettings,
  WorkerTimer,
} from './session-ports.ts';

export interface WorkerSessionDeps {
  clock: WorkerClock;
  random: WorkerRandom;
  transport: Transport;
  runner: Runner;
  settings: WorkerSettings;
  log: WorkerLog;
}

export type SessionState = 'idle' | 'waiting' | 'connecting' | 'greeting' | 'live' | 'closed';

export class WorkerSession {
  readonly #deps: WorkerSessionDeps;
  readonly #link: MasterLink;
  readonly #attempts: Attempts;
  readonly #lease = new Lease();
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<SessionEnd>();
  #state: SessionState = 'idle';
  #incarnation: string;
  /** This incarnation was welcomed, so it can resume. */
  #welcomed = false;
  /** Of the first welcome: whoever answers later must be of the same. */
  #cluster: string | null = null;
  #helloSentAt = 0;
  #heartbeatMs = 0;
  #draining = false;
  /** Of the last heartbeat to this master. */
  #roundTripMs: number | null = null;
  #mainSeq = -1;
  /** Heartbeats in a row in which the main loop has not moved. */
  #mainStands = 0;
  /** What the master was told last; -1: nothing. */
  #freeSaid = -1;
  readonly #urgent: WorkerMessage[] = [];
  readonly #timers: {
    heartbeat?: WorkerTimer;
    lease?: WorkerTimer;
    parting?: WorkerTimer;
    flush?: WorkerTimer | undefined;
  } = {};

  constructor(deps: WorkerSessionDeps) {
    this.#deps = deps;
    this.#attempts = new Attempts(deps.settings.slots, deps.runner, deps.clock);
    this.#incarnation = deps.random.uuid();
    this.#link = new MasterLink(
      { ...deps, addresses: deps.settings.addresses },
      {
        connecting: () => {
          this.#state = 'connecting';
        },
        open: () => {
          this.#greet();
        },
        messages: (batch) => {
          this.#receive(batch);
        },
        lost: (reason, refusal) => {
          this.#lost(reason, refusal);
        },
      },
    );
    // Whoever awaits start() hears of a refusal; for others it is in `closed`.
    this.#ready.promise.catch(() => undefined);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The session's id at the masters. Changes when the worker has fenced itself. */
  get incarnation(): string {
    return this.#incarnation;
  }

  /** Whether a master knows this incarnation. */
  get welcomed(): boolean {
    return this.#welcomed;
  }

  /** Resolves once, with the reason. */
  get closed(): Promise<SessionEnd> {
    return this.#closed.promise;
  }

  /** Resolves with the first welcome, or when the session is closed before; rejects with the Refusal when no master will have it. */
  start(): Promise<void> {
    if (this.#state === 'idle') this.#link.connect();
    return this.#ready.promise;
  }

  /** No new work; resolves when everything is finished and acknowledged, or the session has ended otherwise. */
  async drain(): Promise<void> {
    this.#beginDrain();
    await this.#closed.promise;
  }

  /** Abandons everything and says goodbye, so that masters need not wait for the lease to run out. */
  async stop(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#abandonAll();
      this.#end({ kind: 'stopped' });
    }
    await this.#closed.promise;
  }

  // ── From the runner ──

  started(attemptId: string): void {
    this.#attempts.started(attemptId);
    this.#flushSoon();
  }

  /** Text of any length; `offsetMs` counts from the start of the attempt. */
  log(attemptId: string, stream: LogStream, offsetMs: number, text: string): void {
    this.#attempts.log(attemptId, stream, offsetMs, text);
    this.#flushSoon();
  }

  /** The attempt is over and its slot is free. Without effect when the attempt is no longer ours. */
  result(result: AttemptResult): void {
    this.#attempts.finished(result);
    this.#flushSoon();
  }

  // ── Connecting ──

  #greet(): void {
    if (this.#state !== 'connecting') return;
    const { addresses: _, queues, handlers, ...self } = this.#deps.settings;
    this.#state = 'greeting';
    this.#helloSentAt = this.#deps.clock.monotonicMs();
    this.#link.send([
      {
        type: 'hello',
        incarnation: this.#incarnation,
        ...self,
        queues: [...queues],
        handlers: [...handlers],
        holding: this.#attempts.holding,
        resume: this.#welcomed,
        ...(this.#link.moved ? { moved: true } : {}),
        ...(this.#cluster === null ? {} : { cluster: this.#cluster }),
        minor: wireMinor,
      },
    ]);
  }

  #welcome(welcome: Welcome): void {
    if (this.#state !== 'greeting') return;
    this.#state = 'live';
    this.#welcomed = true;
    this.#cluster ??= welcome.cluster ?? null;
    this.#heartbeatMs = welcome.heartbeatMs;
    this.#roundTripMs = null;
    this.#link.settled();
    this.#link.learn(welcome.masters);
    this.#lease.welcomed(welcome.leaseTtlMs, welcome.nonce, this.#helloSentAt);
    this.#watchLease();
    const { sessionId: session, masterId: master } = welcome;
    this.#deps.log.info(welcome.resumed ? 'session resumed' : 'session opened', { session, master });
    this.#attempts.takenAway(welcome.stale);
    this.#attempts.rewind();
    this.#urgent.length = 0;
    this.#freeSaid = -1;
    if (this.#draining) this.#urgent.push({ type: 'drain' });
    this.#arm('heartbeat', this.#heartbeatMs, () => {
      this.#heartbeat();
    });
    this.#flushSoon();
    this.#ready.resolve();
  }

  /** The connection is of no use any more. The lease, and with it the attempts, may well outlive it. */
  #lost(reason: string, refusal?: Refusal): void {
    if (this.#state === 'closed') return;
    const greeted = this.#state === 'greeting';
    this.#state = 'waiting';
    this.#timers.heartbeat?.cancel();
    if (refusal !== undefined && !this.#welcomed && !errorCatalogue[refusal.code].retryable) {
      this.#refuse(refusal);
      return;
    }
    // A first hello without its welcome may have registered the incarnation. It can neither resume nor register again.
    if (greeted && !this.#welcomed) this.#incarnation = this.#deps.random.uuid();
    if (this.#draining && this.#attempts.allSettled) this.#end({ kind: 'drained' });
    else this.#link.reconnect(reason);
  }

  // ── Receiving ──

  #receive(batch: readonly MasterMessage[]): void {
    // After a pause of the whole process, messages may be handled before the timer that would have told.
    if (this.#fencedByTime()) return;
    const generation = this.#link.generation;
    for (const message of batch) {
      if (message.type === 'welcome') this.#welcome(message);
      else if (message.type === 'bye') this.#told(message);
      else if (this.#state === 'live') this.#handle(message);
      if (generation !== this.#link.generation) return;
    }
    this.#flushSoon();
  }

  #handle(message: Exclude<MasterMessage, { type: 'welcome' | 'bye' }>): void {
    switch (message.type) {
      case 'assign':
        this.#attempts.assigned(message);
        // The master has counted it off; it must hear the number again even when it is the same.
        this.#freeSaid = -1;
        return;
      case 'heartbeatAck': {
        if (message.masters !== undefined) this.#link.learn(message.masters);
        const waitedMs = this.#lease.waitingMs(this.#deps.clock.monotonicMs());
        if (!this.#lease.acknowledged(message.nonce)) return;
        if (message.heldMs !== undefined) this.#roundTripMs = Math.max(0, waitedMs - message.heldMs);
        this.#link.proved();
        this.#watchLease();
        return;
      }
      case 'ack':
        this.#attempts.acknowledged(message.attemptIds);
        return;
      case 'logAck':
        this.#attempts.logsStored(message.attemptId, message.seq);
        return;
      case 'stale':
        this.#attempts.takenAway(message.attemptIds);
        return;
      case 'cancel':
        this.#attempts.cancel(message.attemptId, message.reason, message.graceMs);
        return;
      case 'drain':
        this.#deps.log.info('the master asks this worker to drain');
        this.#beginDrain();
        if (message.stopAfterMs !== undefined) this.#arm('parting', message.stopAfterMs, () => void this.stop());
        return;
    }
  }

  /** The master ends the connection. */
  #told({ code, reason, retry, prefer }: Extract<MasterMessage, { type: 'bye' }>): void {
    // Those of a master that stops need not all come at the same moment, so they only hear where the others are.
    if (prefer !== undefined && code === 'SHUTTING_DOWN') this.#link.learn(prefer);
    else if (prefer !== undefined) this.#link.prefer(prefer);
    const known = code in errorCatalogue ? (code as ErrorCode) : 'PROTOCOL_ERROR';
    if (known === 'SESSION_DEAD') this.#fence(`the master calls the session dead: ${reason}`);
    else if (retry) this.#lost(`the master said goodbye: ${reason}`);
    else this.#refuse(new Refusal(known, reason));
  }

  // ── The lease ──

  #heartbeat(): void {
    if (this.#state !== 'live' || this.#fencedByTime()) return;
    const now = this.#deps.clock.monotonicMs();
    const patienceMs = 2 * this.#heartbeatMs;
    if (this.#lease.waitingMs(now) >= patienceMs) {
      this.#lost('heartbeats are not answered');
      return;
    }
    const { runner } = this.#deps;
    const mainSeq = runner.mainSeq();
    this.#mainStands = mainSeq === this.#mainSeq ? this.#mainStands + 1 : 0;
    this.#mainSeq = mainSeq;
    const stats = { ...runner.stats(), ...(this.#roundTripMs === null ? {} : { roundTripMs: this.#roundTripMs }) };
    this.#urgent.push({ type: 'heartbeat', nonce: this.#lease.sending(now), mainSeq, stats });
    // Said again with each heartbeat, for a master that has forgotten.
    if (this.#draining) this.#urgent.push({ type: 'drain' });
    this.#freeSaid = -1;
    this.#attempts.retryLate(patienceMs);
    this.#arm('heartbeat', this.#heartbeatMs, () => {
      this.#heartbeat();
    });
    this.#flush();
  }

  #watchLease(): void {
    const { deadline } = this.#lease;
    if (deadline === null) return;
    this.#arm('lease', Math.max(0, deadline - this.#deps.clock.monotonicMs()), () => {
      if (!this.#fencedByTime()) this.#watchLease();
    });
  }

  #fencedByTime(): boolean {
    if (!this.#lease.expired(this.#deps.clock.monotonicMs())) return false;
    this.#fence('the lease ran out');
    return true;
  }

  /** From here on the attempts belong to whoever gets them next. */
  #fence(reason: string): void {
    const attempts = this.#abandonAll();
    this.#deps.log.error('the session is lost and its attempts are abandoned', { reason, attempts });
    this.#incarnation = this.#deps.random.uuid();
    this.#welcomed = false;
    this.#state = 'waiting';
    if (this.#draining) this.#end({ kind: 'drained' });
    else this.#lost(reason);
  }

  #abandonAll(): number {
    this.#lease.end();
    this.#timers.lease?.cancel();
    return this.#attempts.abandonAll();
  }

  // ── Sending ──

  #flushSoon(): void {
    if (this.#state !== 'live' || this.#timers.flush !== undefined) return;
    this.#timers.flush = this.#deps.clock.timer(0, () => {
      this.#flush();
    });
  }

  #flush(): void {
    this.#timers.flush?.cancel();
    this.#timers.flush = undefined;
    if (this.#state !== 'live' || this.#fencedByTime()) return;
    const messages = this.#urgent.splice(0);
    for (const message of this.#attempts.takeMessages()) messages.push(message);
    this.#sayFree(messages);
    this.#link.send(messages);
    if (this.#draining && this.#attempts.allSettled) this.#end({ kind: 'drained' });
  }

  /** Last in a frame, so that the slots of the results before it are counted. A worker that drains has said so, and no more. */
  #sayFree(messages: WorkerMessage[]): void {
    if (this.#draining) return;
    const free = this.#mainStands >= 2 ? 0 : this.#attempts.free;
    if (free !== this.#freeSaid) messages.push({ type: 'ready', free });
    this.#freeSaid = free;
  }

  // ── Ending ──

  #beginDrain(): void {
    if (this.#draining || this.#state === 'closed') return;
    this.#draining = true;
    if (this.#state === 'live') {
      this.#urgent.push({ type: 'drain' });
      this.#flushSoon();
    } else if (this.#attempts.allSettled) this.#end({ kind: 'drained' });
  }

  #refuse(refusal: Refusal): void {
    this.#abandonAll();
    this.#ready.reject(refusal);
    this.#end({ kind: 'refused', refusal });
  }

  #end(end: SessionEnd): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'live') this.#link.send([{ type: 'bye', reason: end.kind }]);
    this.#state = 'closed';
    this.#link.disconnect();
    for (const timer of Object.values(this.#timers)) timer?.cancel();
    this.#ready.resolve();
    this.#closed.resolve(end);
  }

  #arm(name: 'heartbeat' | 'lease' | 'parting', delayMs: number, fire: () => void): void {
    this.#timers[name]?.cancel();
    this.#timers[name] = this.#deps.clock.timer(delayMs, fire);
  }
}
