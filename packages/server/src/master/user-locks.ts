// Locks of users: takes them at once where they are free, and lets callers wait for those that are not.
//
//   acquire ── free ──► held                         waiters of one lock stand in a row; only the first one asks the store:
//      └── held by another ──► waits in the row ──►  when a signal names the lock, when the holder's lease ends, and slowly besides
//                                  └── its time is over, its caller has gone, or this master stops ──► LOCK_HELD
//
// First come, first served holds within one master only: whoever asks elsewhere may be faster. What a lock protects is
// protected by its token, not by this service.

import { type LockOrder, lockTakenText, type LockView, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Timer } from '../ports/clock.ts';
import { eventExists, eventsAppend } from '../store/events.ts';
import {
  type LockAnswer,
  type LockHold,
  lockAcquire,
  lockForce,
  lockKey,
  lockRelease,
  lockRenew,
  lockTaken,
  takenKey,
} from '../store/locks.ts';
import { OutcomeUnknown } from '../ports/database.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import type { Service } from './service.ts';

/** How often the first waiter asks without a signal: the safety net, and the end of sessions that nobody has swept yet. */
const pollMs = 1000;
/** After an answer that says neither free nor when. */
const soonMs = 50;

interface Waiter {
  /** Woken by a signal, by time, by its turn, or because it shall give up. */
  wake: () => void;
  over: boolean;
}

export class UserLocks implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #rows = new Map<string, Waiter[]>();
  #waiting = 0;
  #stopped = false;
  #unsubscribe: (() => void) | null = null;

  constructor(context: MasterContext, changes: Changes) {
    this.#context = context;
    this.#changes = changes;
  }

  start(): Promise<void> {
    if (!this.#stopped)
      this.#unsubscribe ??= this.#context.signals.subscribe('locks', ({ locks }) => {
        for (const key of locks) this.#rows.get(key)?.[0]?.wake();
      });
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    for (const row of this.#rows.values()) for (const waiter of row) giveUp(waiter);
    return Promise.resolve();
  }

  /** Refusals: LOCK_HELD, SESSION_DEAD (the attempt that it shall be bound to is over), TOO_MANY_REQUESTS. */
  async acquire(
    namespace: string,
    owner: string,
    name: string,
    order: LockOrder,
    gone?: AbortSignal,
  ): Promise<LockView> {
    const { wait, ...wanted } = order;
    const claim = { namespace, name, owner, ...wanted };
    const ask = () => lockAcquire(this.#context.db, claim);
    let answer = await ask();
    if (answer.kind === 'held' && wait > 0)
      answer = await this.#wait(lockKey(namespace, name), wait, answer, ask, gone);
    switch (answer.kind) {
      case 'acquired':
        this.#changed(namespace, name);
        return answer.lock;
      case 'attempt-over':
        throw new Refusal('SESSION_DEAD', 'the attempt that the lock shall be bound to is over');
      case 'too-many':
        throw new Refusal(
          'TOO_MANY_REQUESTS',
          `the namespace "${namespace}" has ${serverLimits.locksPerNamespace} locks`,
        );
      case 'held':
        throw new Refusal('LOCK_HELD', heldText(name, answer));
    }
  }

  async renew(hold: LockHold, token: number): Promise<LockView> {
    const { db } = this.#context;
    const lock = await lockRenew(db, hold, token);
    if (lock !== null) return lock;
    const taken = await lockTaken(db, hold.namespace, hold.name, token);
    const text = `"${hold.name}" is not held by this hold with the token ${token}`;
    throw new Refusal('LOCK_LOST', taken === null ? text : lockTakenText(taken));
  }

  /** False when it was lost before. */
  async release(hold: LockHold): Promise<boolean> {
    const released = await lockRelease(this.#context.db, hold);
    if (released) this.#changed(hold.namespace, hold.name);
    return released;
  }

  /** Who held it, or null when it was free. */
  async forceRelease(namespace: string, actor: string, name: string, reason: string): Promise<LockView | null> {
    const { db, identity } = this.#context;
    const id = identity.next();
    let before: LockView | null = null;
    const force = () =>
      db.transaction(async (tx) => {
        before = await lockForce(tx, namespace, name, { by: actor, reason });
        if (before === null) return;
        const { token, owner, label } = before;
        const detail = { reason, token, owner, label };
        await eventsAppend(tx, identity, [
          { id, namespace, actor, action: 'lock.force-release', subject: name, detail },
        ]);
      });
    try {
      await force();
    } catch (error) {
      if (!(error instanceof OutcomeUnknown) || !(await eventExists(db, id))) throw error;
    }
    // The compiler does not see that the transaction has set it.
    const lost = before as LockView | null;
    if (lost === null) return null;
    this.#changed(namespace, name);
    this.#context.signals.publish('taken', { locks: [takenKey(namespace, name, lost.token)] });
    return lost;
  }

  async #wait(
    key: string,
    waitMs: number,
    first: Extract<LockAnswer, { kind: 'held' }>,
    ask: () => Promise<LockAnswer>,
    gone: AbortSignal | undefined,
  ): Promise<LockAnswer> {
    if (this.#waiting >= serverLimits.lockWaiters)
      throw new Refusal('TOO_MANY_REQUESTS', 'too many requests wait for locks at this master', {
        retryAfterSeconds: 1,
      });
    const { clock } = this.#context;
    const untilMs = clock.monotonicMs() + waitMs;
    const waiter: Waiter = { wake: () => undefined, over: this.#stopped };
    const row = this.#rows.get(key) ?? [];
    this.#rows.set(key, row);
    row.push(waiter);
    this.#waiting += 1;
    const leave = () => giveUp(waiter);
    gone?.addEventListener('abort', leave, { once: true });
    if (gone?.aborted === true) leave();
    let answer: LockAnswer = first;
    try {
      while (answer.kind === 'held' && !waiter.over) {
        const leftMs = untilMs - clock.monotonicMs();
        if (leftMs <= 0) return answer;
        // Those behind the first sleep until it is their turn.
        const lookMs = row[0] === waiter ? Math.min(pollMs, Math.max(soonMs, answer.remainingMs)) : leftMs;
        await this.#sleep(waiter, Math.min(leftMs, lookMs));
        if (!waiter.over && row[0] === waiter) answer = await ask();
      }
      return answer;
    } finally {
      gone?.removeEventListener('abort', leave);
      this.#waiting -= 1;
      row.splice(row.indexOf(waiter), 1);
      if (row.length === 0) this.#rows.delete(key);
      else row[0]?.wake();
    }
  }

  #sleep(waiter: Waiter, forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer: Timer = this.#context.clock.timer(forMs, resolve);
      waiter.wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #changed(namespace: string, name: string): void {
    this.#context.signals.publish('locks', { locks: [lockKey(namespace, name)] });
    this.#changes.note([namespace], 'locks');
  }
}

function giveUp(waiter: Waiter): void {
  waiter.over = true;
  waiter.wake();
}

function heldText(name: string, { lock }: Extract<LockAnswer, { kind: 'held' }>): string {
  if (lock === null) return `"${name}" was just taken by another holder`;
  const label = lock.label === null ? '' : ` (${lock.label})`;
  return `"${name}" is held by ${lock.owner ?? 'nobody any more'}${label}, token ${lock.token}`;
}
