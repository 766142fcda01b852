// Forgets what nobody needs any more: expired idempotency keys, sessions that ended long ago. Slowly, in bounded portions.

import { serverLimits } from '../core/limits.ts';
import { idempotencyForget } from '../store/runs-submit.ts';
import { sessionsForget } from '../store/sessions.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

const restMs = 60_000;
/** Between two portions while there is more. */
const pauseMs = 100;

export class Housekeeping implements Service {
  readonly #context: MasterContext;
  readonly #loop: Loop;

  constructor(context: MasterContext) {
    this.#context = context;
    this.#loop = new Loop('housekeeping', context, () => this.#look());
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #look(): Promise<number> {
    const { db, settings } = this.#context;
    const keys = await idempotencyForget(db, serverLimits.promoteRuns);
    const sessions = await sessionsForget(db, settings.sessionKeepMs, serverLimits.promoteRuns);
    return Math.max(keys, sessions) === serverLimits.promoteRuns ? pauseMs : restMs;
  }
}
