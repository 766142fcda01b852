// The hand of a scaling leader in a simulation: cordons connected workers and takes them back, as the duty of pools does, at moments that suit
// nobody. What must hold is S6: no run is given to a session that is not live, however claims, resumes and crashes fall.

import { isPassing } from '../master/service.ts';
import { OutcomeUnknown } from '../ports/database.ts';
import { sessionsCordon, sessionsUncordon } from '../store/pool-sessions.ts';
import type { Random } from './random.ts';
import { SimDatabase } from './sim-database.ts';
import type { SimProcess } from './sim-process.ts';
import type { SignalHub } from './sim-signals.ts';
import type { StoreServer } from './store-server.ts';

export interface HandWorld {
  /** Mean time between two, ms; 0 for never. */
  everyMs: number;
  random: Random;
  process: SimProcess;
  store: StoreServer;
  signals: SignalHub;
}

const againMs = 500;

export class PoolHand {
  readonly #world: HandWorld;
  readonly #db: SimDatabase;
  #ended = false;

  constructor(world: HandWorld) {
    this.#world = world;
    this.#db = new SimDatabase(world.store, world.process);
  }

  begin(): void {
    const { everyMs, process, random } = this.#world;
    if (everyMs === 0) return;
    process.after(random.between(1, 2 * everyMs), 'a cordon', () => {
      if (this.#ended) return;
      void this.#turn();
      this.begin();
    });
  }

  /** Takes all of them back, until that is done. */
  end(): void {
    this.#ended = true;
    if (this.#world.everyMs > 0) void this.#takeBack();
  }

  async #turn(): Promise<void> {
    const { random } = this.#world;
    const known = await this.#quietly(() =>
      this.#db.query<{ id: string; state: string }>(`select id, state from session where state <> 'dead' order by id`),
    );
    if (known === null || known.length === 0) return;
    const { id, state } = random.pick(known);
    await this.#move([id], state === 'live');
  }

  async #takeBack(): Promise<void> {
    const cordoned = await this.#quietly(() =>
      this.#db.query<{ id: string }>(
        `select id from session where state = 'draining' and cordoned_at is not null order by id`,
      ),
    );
    if (cordoned?.length === 0) return;
    if (cordoned !== null)
      await this.#move(
        cordoned.map(({ id }) => id),
        false,
      );
    this.#world.process.after(againMs, 'taken back', () => void this.#takeBack());
  }

  async #move(ids: readonly string[], cordon: boolean): Promise<void> {
    const { process, signals } = this.#world;
    const move = cordon ? sessionsCordon : sessionsUncordon;
    const sessions = await this.#quietly(() => this.#db.transaction((tx) => move(tx, ids)));
    if (sessions !== null && sessions.length > 0) signals.of(process).publish('cordons', { sessions });
  }

  /** Null while the store does not answer: what was done then, the next look shows. */
  async #quietly<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (isPassing(error) || error instanceof OutcomeUnknown) return null;
      throw error;
    }
  }
}
