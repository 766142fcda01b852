// Fires due schedules. Every master does it; row locks share the work. It sleeps to the nearest next fire, a signal, or the
// poll interval, whichever comes first. An unknown outcome needs nothing special: the next look reads the cursors again.

import { firesDecide, firesLockDue, firesNext, type FiresDecided } from '../store/fires.ts';
import type { Changes } from './changes.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

/** Another master holds what is due: look again after this, in case it dies. */
const heldByOthersMs = 50;

export class Firing implements Service {
  readonly #context: MasterContext;
  readonly #changes: Changes;
  readonly #loop: Loop;
  #unsubscribe: (() => void) | null = null;

  constructor(context: MasterContext, changes: Changes) {
    this.#context = context;
    this.#changes = changes;
    this.#loop = new Loop('firing', context, () => this.#look());
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= this.#context.signals.subscribe('schedules', () => this.#loop.wake());
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#loop.stop();
  }

  async #look(): Promise<number> {
    const { db, settings, failpoints, posture } = this.#context;
    if (posture.resting) return settings.pollMs;
    const next = await firesNext(db);
    if (next.at === null) return settings.pollMs;
    if (next.at > next.now) return Math.min(next.at - next.now, settings.pollMs);
    failpoints.reach('fire.before');
    const decided = await db.transaction(async (tx) => {
      const due = await firesLockDue(tx, this.#context);
      failpoints.reach('fire.locked');
      const fires = await firesDecide(tx, this.#context, due);
      failpoints.reach('fire.before-commit');
      return fires;
    });
    failpoints.reach('fire.committed');
    this.#announce(decided);
    failpoints.reach('fire.announced');
    return decided.namespaces.size === 0 ? heldByOthersMs : 0;
  }

  #announce(decided: FiresDecided): void {
    const { metrics, signals } = this.#context;
    if (decided.skipped > 0) metrics.add('tidewheel_fires_total', decided.skipped, { outcome: 'skipped' });
    if (decided.runs.length > 0) {
      metrics.add('tidewheel_fires_total', decided.runs.length, { outcome: 'fired' });
      for (const delayMs of decided.delaysMs) metrics.observe('tidewheel_fire_delay_seconds', delayMs / 1000);
      signals.publish('ready', { lanes: [...new Set(decided.runs.map((run) => run.laneId))] });
    }
    this.#changes.note(decided.namespaces, 'runs', 'schedules');
  }
}
