// The masters' side of the worker protocol: registers and resumes sessions, renews their leases, passes on reports, and tells
// workers what to stop.
//
//   connection ──hello──► register | resume in the store ──► welcome (+ claims that never arrived) ──► attached to the dispatcher
//      heartbeat with the fresh nonce ──► one renewal statement for all ──► reply with the next nonce, only after its commit
//      connection lost ──► detached; the session lives on until its lease ends, so the worker may resume at any master
//
// Twice a lease this master compares what it believes with what the store says of its sessions' attempts: claims whose
// commit was acknowledged too late are delivered, attempts that were given away are told to stop, cancels are repeated.

import { type ErrorCode, type Hello, type WorkerGone, type WorkerMessage, wireMinor } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Timer } from '../ports/clock.ts';
import type { WorkerConnection, WorkerConnectionHandler } from '../ports/connection.ts';
import { clusterId } from '../store/cluster-id.ts';
import { gapReport } from '../store/restore-gap.ts';
import { cancelsOf } from '../store/runs-control.ts';
import { runsInSessions } from '../store/runs-claim.ts';
import {
  sessionDrain,
  sessionEnd,
  sessionGone,
  sessionRegister,
  sessionResume,
  type SessionStanding,
  sessionStandings,
} from '../store/sessions.ts';
import { cancelOf } from './assignment.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { Renewals } from './renewals.ts';
import { Reports } from './reports.ts';
import { isPassing, type Service } from './service.ts';
import { SessionLink } from './session-link.ts';
import { applyStanding } from './standing.ts';

export interface WorkerAuth {
  namespace: string;
  tokenName: string;
}

/** A connection must say hello within this time. */
const helloMs = 10_000;
/** Coming back as it is would not help. */
const final: ReadonlySet<ErrorCode> = new Set(['PROTOCOL_ERROR', 'CONFLICT', 'FRAME_TOO_LARGE', 'WRONG_CLUSTER']);
/** Messages that may come before the welcome. */
const earlyMost = 1000;
const newcomer: SessionStanding = { state: 'live', cordoned: false, endsInMs: null };

export class SessionGateway implements Service {
  readonly #context: MasterContext;
  readonly #dispatcher: Dispatcher;
  readonly #changes: Changes;
  readonly #renewals: Renewals;
  readonly #reports: Reports;
  readonly #masters: () => readonly string[];
  readonly #connections = new Set<Door>();
  #unsubscribe: (() => void)[] = [];
  #closing = false;
  #cluster: string | null = null;
  /** Asked before a worker is registered: other masters that it shall go to, or null. */
  redirect: (hello: Hello) => readonly string[] | null = () => null;

  constructor(context: MasterContext, dispatcher: Dispatcher, changes: Changes, masters: () => readonly string[]) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#changes = changes;
    this.#masters = masters;
    const dismiss = (link: SessionLink, code: ErrorCode, reason: string): void => this.#dismiss(link, code, reason);
    this.#renewals = new Renewals(context, dispatcher, dismiss, masters);
    this.#reports = new Reports(context, changes, {
      logsStored: (sessionId, attemptId, seq) => dispatcher.link(sessionId)?.send({ type: 'logAck', attemptId, seq }),
      settled: (sessionId, attemptId, verdict) =>
        dispatcher.link(sessionId)?.send({ type: verdict === 'stale' ? 'stale' : 'ack', attemptIds: [attemptId] }),
    });
  }

  async start(): Promise<void> {
    if (this.#unsubscribe.length === 0) {
      const { signals } = this.#context;
      this.#unsubscribe = [
        signals.subscribe('cancel', ({ sessions }) => void this.#tellCancels(sessions)),
        signals.subscribe('cordons', ({ sessions }) => void this.#lookAtCordons(sessions)),
      ];
    }
    await this.#reports.start();
    await this.#renewals.start();
  }

  /** Says goodbye to all workers, which go on at another master, and settles the reports that are here. */
  async stop(): Promise<void> {
    this.#closing = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    const others = this.#masters().filter((address) => address !== this.#context.settings.address);
    for (const door of this.#connections) door.dismiss('SHUTTING_DOWN', 'this master is stopping', others);
    await this.#renewals.stop();
    await this.#reports.stop();
  }

  /** Called for each authenticated connection. */
  open(connection: WorkerConnection, auth: WorkerAuth): WorkerConnectionHandler {
    const door = new Door(connection, auth.namespace, this.#context, {
      greet: (hello, door) => this.#greet(hello, door),
      message: (message, link) => this.#message(message, link),
      gone: (door) => this.#gone(door),
    });
    if (this.#closing || this.#connections.size >= serverLimits.sessionsPerMaster) {
      door.dismiss(this.#closing ? 'SHUTTING_DOWN' : 'TOO_MANY_REQUESTS', 'this master takes no more workers');
      return door;
    }
    this.#connections.add(door);
    return door;
  }

  async #greet(hello: Hello, door: Door): Promise<SessionLink | null> {
    const { db, failpoints, masterId, settings, identity, metrics } = this.#context;
    const owner = { masterId, namespace: door.namespace, ttlMs: settings.sessionTtlMs };
    this.#cluster ??= await clusterId(db, identity);
    if (hello.cluster !== undefined && hello.cluster !== this.#cluster) {
      const { worker, cluster } = hello;
      this.#context.log.warn('a worker of another cluster was refused', { worker, cluster });
      door.dismiss('WRONG_CLUSTER', `this is the cluster ${this.#cluster}, the worker is of ${cluster}`);
      return null;
    }
    const prefer = this.redirect(hello);
    if (prefer !== null) {
      door.dismiss('REBALANCE', 'other masters have fewer workers', prefer);
      return null;
    }
    let standing: SessionStanding | null = null;
    failpoints.reach('greet.before');
    if (!hello.resume && (await sessionRegister(db, hello, owner))) standing = newcomer;
    const resumed = standing === null;
    standing ??= await sessionResume(db, hello, owner);
    if (standing === null) {
      // After a restore it may hold attempts that the store does not know: an operator wants to see them.
      await gapReport(db, hello.worker, hello.holding);
      door.dismiss('SESSION_DEAD', 'the session has ended; register anew');
      return null;
    }
    failpoints.reach('greet.committed');
    const claims = resumed ? await runsInSessions(db, [hello.incarnation]) : [];
    if (!this.#isNewest(door, hello.incarnation)) return null;
    const sinceMs = this.#context.clock.monotonicMs();
    const link = new SessionLink(hello, door.namespace, door.connection, { nonce: identity.random(), atMs: sinceMs });
    link.mastersTold = this.#masters().join(' ');
    const current = new Set(claims.map((run) => run.attemptId));
    link.send({
      type: 'welcome',
      sessionId: hello.incarnation,
      resumed,
      leaseTtlMs: settings.sessionTtlMs,
      heartbeatMs: settings.heartbeatMs,
      nonce: link.nonce,
      masterId,
      cluster: this.#cluster,
      minor: wireMinor,
      masters: [...this.#masters()],
      stale: hello.holding.filter((attemptId) => !current.has(attemptId)),
    });
    for (const run of claims)
      if (hello.holding.includes(run.attemptId))
        link.held.set(run.attemptId, { runId: run.id, attempt: run.attempt, sinceMs });
    door.link = link;
    this.#dispatcher.attach(link);
    await this.#dispatcher.deliver(
      claims.filter((run) => !link.held.has(run.attemptId)),
      'again',
    );
    await this.#tellCancels([link.sessionId]);
    failpoints.reach('greet.welcomed');
    applyStanding(link, standing, this.#context.clock.monotonicMs());
    metrics.set('tidewheel_sessions', this.#connections.size);
    this.#changes.note([door.namespace], 'workers');
    return link;
  }

  /** A worker that reconnects before its old connection was found dead. */
  #isNewest(door: Door, sessionId: string): boolean {
    if (!this.#connections.has(door)) return false;
    // In the order in which they were opened: a store that stalls may answer an older hello after a newer one.
    const same = [...this.#connections].filter((one) => one === door || one.link?.sessionId === sessionId);
    for (const older of same.slice(0, -1)) older.dismiss('CONFLICT', 'the session continues on a newer connection');
    return same.at(-1) === door;
  }

  #message(message: Exclude<WorkerMessage, Hello>, link: SessionLink): void {
    switch (message.type) {
      case 'ready':
        link.ready(message.free);
        this.#dispatcher.slotsFreed();
        return;
      case 'heartbeat':
        this.#renewals.heartbeat(link, message.nonce, message.stats);
        return;
      case 'started':
        this.#started(message, link);
        return;
      case 'log':
        this.#reports.log(link.sessionId, message);
        return;
      case 'result':
        // The slot is free as soon as the worker says so, not when the store has it.
        link.report(message.attemptId, this.#context.clock.monotonicMs());
        this.#reports.result({ ...message, sessionId: link.sessionId });
        this.#dispatcher.slotsFreed();
        return;
      case 'drain':
        link.open = false;
        link.drainTold = true;
        void this.#inStore(() => sessionDrain(this.#context.db, link.sessionId));
        return;
      case 'bye':
        this.#farewell(link, message.reason);
        return;
    }
  }

  #started({ runId, attemptId }: { runId: string; attemptId: string }, link: SessionLink): void {
    if (!link.held.has(attemptId)) return;
    const late = link.started(attemptId, this.#context.clock.monotonicMs());
    if (late !== null)
      this.#context.metrics.observe('tidewheel_start_lateness_seconds', late.lateMs / 1000, { queue: late.queue });
    this.#reports.started(runId, attemptId);
  }

  #farewell(link: SessionLink, reason: string): void {
    this.#context.log.info('a worker left', { worker: link.worker, session: link.sessionId, reason });
    link.open = false;
    this.#dispatcher.detach(link);
    void this.#inStore(async () => {
      await sessionEnd(this.#context.db, link.sessionId);
      this.#context.signals.publish('scheduled', null);
    });
  }

  /** A supervisor has seen the worker's process end: its runs need not wait for the lease. False: no such session. */
  async buried(namespace: string, sessionId: string, how: WorkerGone): Promise<boolean> {
    const { db, log, metrics, signals } = this.#context;
    if (!(await sessionGone(db, namespace, sessionId, how))) return false;
    log.warn('a worker ended without a word', { session: sessionId, reason: how.reason });
    metrics.add('tidewheel_workers_buried_total', 1, { reason: how.reason });
    const link = this.#dispatcher.link(sessionId);
    if (link !== undefined) this.#dismiss(link, 'SESSION_DEAD', `its supervisor says that it ${how.reason}`);
    signals.publish('scheduled', null);
    this.#changes.note([namespace], 'workers');
    return true;
  }

  /** Deeds that the lease would bring about anyway, should the store not answer now. */
  async #inStore(deed: () => Promise<unknown>): Promise<void> {
    try {
      await deed();
    } catch (error) {
      if (!isPassing(error)) this.#context.fatal(error);
    }
  }

  #tellCancels(sessions: readonly string[]): Promise<void> {
    const mine = sessions.filter((sessionId) => this.#dispatcher.link(sessionId) !== undefined);
    if (mine.length === 0) return Promise.resolve();
    return this.#inStore(async () => {
      for (const cancel of await cancelsOf(this.#context.db, mine)) {
        this.#dispatcher.link(cancel.sessionId)?.send(cancelOf(cancel.attemptId, cancel.reason, cancel.graceMs));
      }
    });
  }

  /** A pool has some of them drain, or has taken them back. */
  #lookAtCordons(sessions: readonly string[]): Promise<void> {
    const mine = sessions.filter((sessionId) => this.#dispatcher.link(sessionId) !== undefined);
    if (mine.length === 0) return Promise.resolve();
    return this.#inStore(async () => {
      for (const standing of await sessionStandings(this.#context.db, mine)) {
        const link = this.#dispatcher.link(standing.sessionId);
        if (link !== undefined) applyStanding(link, standing, this.#context.clock.monotonicMs());
      }
      this.#dispatcher.slotsFreed();
    });
  }

  /** Asks a connected worker to take no more work. False when it is not connected here. */
  drain(sessionId: string): boolean {
    const link = this.#dispatcher.link(sessionId);
    if (link === undefined) return false;
    link.open = false;
    link.cordoned = false;
    link.drainTold = true;
    link.send({ type: 'drain' });
    return true;
  }

  /** Workers connected, and those that are saying hello. */
  get count(): number {
    return this.#connections.size;
  }

  /** Sends a worker on with all that it holds; it resumes its session elsewhere. */
  move(link: SessionLink, prefer: readonly string[]): void {
    for (const door of this.#connections)
      if (door.link === link) door.dismiss('REBALANCE', 'go on at another master', prefer);
  }

  #dismiss(link: SessionLink, code: ErrorCode, reason: string): void {
    for (const door of this.#connections) if (door.link === link) door.dismiss(code, reason);
  }

  #gone(door: Door): void {
    if (!this.#connections.delete(door)) return;
    if (door.link !== null) {
      this.#dispatcher.detach(door.link);
      this.#changes.note([door.namespace], 'workers');
    }
    this.#context.metrics.set('tidewheel_sessions', this.#connections.size);
  }
}

interface DoorEvents {
  /** Null when the worker was sent away. */
  greet: (hello: Hello, door: Door) => Promise<SessionLink | null>;
  message: (message: Exclude<WorkerMessage, Hello>, link: SessionLink) => void;
  gone: (door: Door) => void;
}

/** One connection: hello first, then everything else in order. Messages that come before the welcome wait for it. */
class Door implements WorkerConnectionHandler {
  readonly connection: WorkerConnection;
  readonly namespace: string;
  link: SessionLink | null = null;
  readonly #context: MasterContext;
  readonly #events: DoorEvents;
  readonly #deadline: Timer;
  #greeting = false;
  #closed = false;
  #early: WorkerMessage[] = [];

  constructor(connection: WorkerConnection, namespace: string, context: MasterContext, events: DoorEvents) {
    this.connection = connection;
    this.namespace = namespace;
    this.#context = context;
    this.#events = events;
    this.#deadline = context.clock.timer(helloMs, () => this.dismiss('UNAVAILABLE', 'no hello came in time'), {
      background: true,
    });
  }

  receive(messages: readonly WorkerMessage[]): void {
    for (const message of messages) {
      if (this.#closed) return;
      if (message.type === 'hello') this.#hello(message);
      else if (this.link !== null && this.#early.length === 0) this.#events.message(message, this.link);
      else if (this.#greeting && this.#early.length < earlyMost) this.#early.push(message);
      else this.dismiss('PROTOCOL_ERROR', `${message.type} before hello`);
    }
  }

  closed(): void {
    this.#closed = true;
    this.#deadline.cancel();
    this.#events.gone(this);
  }

  dismiss(code: ErrorCode, reason: string, prefer: readonly string[] = []): void {
    if (this.#closed) return;
    const retry = !final.has(code);
    const where = prefer.length === 0 ? {} : { prefer: [...prefer] };
    this.connection.send([{ type: 'bye', code, reason, retry, ...where }]);
    this.connection.close(code, reason);
    this.closed();
  }

  #hello(hello: Hello): void {
    if (this.#greeting) {
      this.dismiss('PROTOCOL_ERROR', 'hello came twice');
      return;
    }
    this.#greeting = true;
    this.#deadline.cancel();
    void this.#greet(hello);
  }

  async #greet(hello: Hello): Promise<void> {
    try {
      const link = await this.#events.greet(hello, this);
      if (link === null) return;
      const early = this.#early;
      this.#early = [];
      this.receive(early);
    } catch (error) {
      if (!isPassing(error)) this.#context.fatal(error);
      this.dismiss('UNAVAILABLE', 'the store does not answer');
    }
  }
}
