// A master that stood still (stopped, starved, its machine asleep, its clock put forward) must not act on what it believed before.
//
//   a look comes more than a second late ──► the dispatcher forgets what it knows of lanes, so that nothing is offered unread
//                                        ──► before the next rescue by this master, its connected sessions get the length
//                                            of the pause as grace: their heartbeats waited here, not at the workers
//
// Rescue asks `settled` before it looks and again before it acts, because a pause may lie between. Safety does not hang on any of
// this: every statement that gives work or takes it away has its own condition by the store's clock, and a worker that was not
// answered has fenced itself before its lease can end. What the grace saves is the work of workers that slept together with this
// master, as on a laptop, and the churn of rescuing sessions whose heartbeat is the next thing to be read. Other masters need not know:
// workers leave a silent master after two heartbeats and resume elsewhere, and those that could not are fenced by themselves.

import { sleep, type Timer } from '../ports/clock.ts';
import { sessionsGrace } from '../store/sessions.ts';
import type { MasterContext } from './deps.ts';
import type { Dispatcher } from './dispatcher.ts';
import { isPassing, type Service } from './service.ts';

const lookMs = 250;
/** A look that is later than this follows upon a pause. */
const pauseMs = 1000;
const readMs = 100;

export class PauseWatch implements Service {
  readonly #context: MasterContext;
  readonly #dispatcher: Pick<Dispatcher, 'links' | 'forget'>;
  #timer: Timer | null = null;
  #stopped = false;
  #seen = { monotonicMs: 0, wallMs: 0 };
  /** Of pauses whose grace is not stored yet. */
  #owedMs = 0;
  #granting: Promise<void> | null = null;

  constructor(context: MasterContext, dispatcher: Pick<Dispatcher, 'links' | 'forget'>) {
    this.#context = context;
    this.#dispatcher = dispatcher;
  }

  start(): Promise<void> {
    if (!this.#stopped && this.#timer === null) {
      this.#seen = this.#times();
      this.#arm();
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#granting?.catch(() => undefined);
  }

  /** Resolves when no pause is left that this master has not drawn its conclusions from. Throws when the store does not answer. */
  async settled(): Promise<void> {
    if (this.#timer === null || this.#stopped) return;
    this.#look();
    while (this.#owedMs > 0 && !this.#stopped) {
      this.#granting ??= this.#grant().finally(() => {
        this.#granting = null;
      });
      await this.#granting;
    }
  }

  #arm(): void {
    this.#timer = this.#context.clock.timer(
      lookMs,
      () => {
        this.#arm();
        this.settled().catch((error: unknown) => {
          // Owed still: the next look, or the next rescue, asks again.
          if (!isPassing(error)) this.#context.fatal(error);
        });
      },
      { background: true },
    );
  }

  #times(): { monotonicMs: number; wallMs: number } {
    const { clock } = this.#context;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  /** A machine that slept shows it on the wall clock only; a wall clock that went back shows nothing. */
  #look(): void {
    const now = this.#times();
    const stoodMs = now.monotonicMs - this.#seen.monotonicMs - lookMs;
    const gapMs = Math.max(stoodMs, now.wallMs - this.#seen.wallMs - lookMs);
    this.#seen = now;
    if (gapMs <= pauseMs) return;
    const { log, metrics } = this.#context;
    log.warn('this master stood still, or its clock was put forward; it looks at everything anew', {
      ms: Math.round(gapMs),
    });
    metrics.observe('tidewheel_pause_seconds', gapMs / 1000);
    this.#owedMs += gapMs;
    for (const link of this.#dispatcher.links()) link.renewedAtMs += Math.max(0, stoodMs);
    this.#dispatcher.forget();
  }

  async #grant(): Promise<void> {
    const { clock, db, masterId, settings } = this.#context;
    // Connections that workers gave up meanwhile are known only when the sockets have been read.
    await sleep(clock, readMs);
    const owedMs = this.#owedMs;
    const sessionIds = [...this.#dispatcher.links()].map((link) => link.sessionId);
    // Half a lease is time for two heartbeats; whoever is alive has renewed by then.
    const graceMs = Math.ceil(Math.min(owedMs, settings.sessionTtlMs / 2));
    if (sessionIds.length > 0) await sessionsGrace(db, masterId, sessionIds, graceMs);
    this.#owedMs -= owedMs;
  }
}
