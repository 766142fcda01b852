// The slots that one transaction offers to the runs it makes. They stay promised until they are released, whatever becomes of it.

import type { Slot } from '../store/runs-claim.ts';
import type { Dispatcher } from './dispatcher.ts';

export class Offers {
  readonly #dispatcher: Pick<Dispatcher, 'offer' | 'release'>;
  #slots: Slot[] = [];

  constructor(dispatcher: Pick<Dispatcher, 'offer' | 'release'>) {
    this.#dispatcher = dispatcher;
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** Null when older work may wait in the lane, or nobody is free. */
  take(laneId: string): Slot | null {
    const slot = this.#dispatcher.offer(laneId);
    if (slot !== null) this.#slots.push(slot);
    return slot;
  }

  /** Before what was taken of them is delivered, when the transaction begins anew, and in the end. */
  release(): void {
    this.#dispatcher.release(this.#slots);
    this.#slots = [];
  }
}
