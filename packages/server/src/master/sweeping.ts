// Moves that time brings: promotes delayed runs, fails runs that nobody started in time, rescues the runs of lost sessions,
// and forgets what nobody needs any more. Every master does it; row locks share the work.

import { runsExpireStart, runsNextDue, runsPromote, sessionsNextExpiry, sessionsRescue } from '../store/runs-sweep.ts';
import { idempotencyForget } from '../store/runs-submit.ts';
import { masterLeave, masterRenew, sessionsForget } from '../store/sessions.ts';
import { serverLimits } from '../core/limits.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

export class Promotion implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #loop: Loop;
  #unsubscribe: (() => void) | null = null;

  constructor(context: MasterContext, changes: Changes) {
    this.#context = context;
    this.#changes = changes;
    this.#loop = new Loop('promotion', context, () => this.#look());
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= this.#context.signals.subscribe('scheduled', () => this.#loop.wake());
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop.stop();
  }

  async #look(): Promise<number> {
    const { db, settings, signals, metrics, masterId } = this.#context;
    const next = await runsNextDue(db);
    if (next.dueAt === null) return settings.pollMs;
    if (next.dueAt > next.now) return Math.min(next.dueAt - next.now, settings.pollMs);
    const promoted = await runsPromote(db);
    if (promoted.length > 0) signals.publish('ready', { lanes: [...new Set(promoted.map((run) => run.laneId))] });
    const expired = await db.transaction((tx) => runsExpireStart(tx, masterId));
    if (expired.length > 0) metrics.add('tidewheel_runs_finished_total', expired.length, { state: 'failed' });
    this.#changes.note(new Set([...promoted, ...expired].map((run) => run.namespace)), 'runs');
    return promoted.length + expired.length === 0 ? heldByOthersMs : 0;
  }
}

/** Another master holds what is due: look again after this, in case it dies. */
const heldByOthersMs = 50;

export class Rescue implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #loop: Loop;

  constructor(context: MasterContext, changes: Changes) {
    this.#context = context;
    this.#changes = changes;
    this.#loop = new Loop('rescue', context, () => this.#look());
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  wake(): void {
    this.#loop.wake();
  }

  async #look(): Promise<number> {
    const { db, settings, signals, metrics, log } = this.#context;
    const next = await sessionsNextExpiry(db);
    if (!next.stranded && (next.expiresAt === null || next.expiresAt > next.now)) {
      return Math.min(next.expiresAt === null ? settings.pollMs : next.expiresAt - next.now, settings.pollMs);
    }
    const rescued = await db.transaction((tx) => sessionsRescue(tx, this.#context));
    for (const session of rescued.sessions)
      log.warn('a session expired', { session: session.id, worker: session.worker });
    if (rescued.sessions.length > 0) metrics.add('tidewheel_sessions_lost_total', rescued.sessions.length);
    if (rescued.retried.length > 0)
      signals.publish('ready', { lanes: [...new Set(rescued.retried.map((run) => run.laneId))] });
    for (const run of rescued.finished) metrics.add('tidewheel_runs_finished_total', 1, { state: run.state });
    this.#changes.note(new Set([...rescued.finished, ...rescued.retried].map((run) => run.namespace)), 'runs');
    this.#changes.note(new Set(rescued.sessions.map((session) => session.namespace)), 'workers');
    return rescued.more ? 0 : heldByOthersMs;
  }
}

/** Announces this master to the others, and does slow housekeeping. */
export class Membership implements Service {
  readonly #context: MasterContext;
  readonly #loop: Loop;
  /** Addresses of all masters that are alive, this one among them. */
  masters: readonly string[];

  constructor(context: MasterContext) {
    this.#context = context;
    this.masters = [context.settings.address];
    this.#loop = new Loop('membership', context, () => this.#look());
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    // A store that does not answer forgets this master by its lease.
    await masterLeave(this.#context.db, this.#context.masterId).catch(() => undefined);
  }

  async #look(): Promise<number> {
    const { db, settings, masterId } = this.#context;
    const { address, version } = settings;
    this.masters = (await masterRenew(db, { id: masterId, address, version }, settings.masterTtlMs)).map(
      (master) => master.address,
    );
    await idempotencyForget(db, serverLimits.promoteRuns);
    await sessionsForget(db, settings.sessionKeepMs, serverLimits.promoteRuns);
    return settings.masterTtlMs / 3;
  }
}
