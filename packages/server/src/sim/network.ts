// The network between simulated processes: which way is cut, how long things take. Connections and calls ask it.
//
// A cut holds data back instead of losing it, because carriers of our protocols are TCP: it sends again until the cut ends or
// the connection is given up. What can be lost is everything from some frame on, never a frame in the middle.

import type { Random } from './random.ts';
import type { SimProcess } from './sim-process.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface NetworkMix {
  delayMs: readonly [low: number, high: number];
  /** Share of frames that arrive twice in a row. */
  repeat: number;
  /** Share of frames after which the whole connection is reset; what is in flight is lost. */
  reset: number;
  /** Share of frames from which on one direction goes silent until the connection is given up. */
  silence: number;
  /** Share of API calls whose request, or whose answer, is lost. */
  callLoss: number;
  /** Share of crashes that peers are not told of, as when a whole machine goes. */
  silentCrash: number;
}

export const calmNetwork: NetworkMix = {
  delayMs: [0, 5],
  repeat: 0,
  reset: 0,
  silence: 0,
  callLoss: 0,
  silentCrash: 0,
};

/** A connection, as far as the network looks at it. */
export interface Line {
  readonly openedAt: number;
  readonly whole: boolean;
  readonly between: { readonly from: SimProcess; readonly to: SimProcess };
}

export class Network {
  readonly time: VirtualTime;
  readonly random: Random;
  mix: NetworkMix;
  /** Is told the name of each master that a call of the API or a worker's result has reached. */
  watch: (what: 'call' | 'result', process: string) => void = () => undefined;
  readonly #lines = new Set<Line>();
  /** `from>to` → until when nothing passes that way. */
  readonly #cuts = new Map<string, number>();

  constructor(time: VirtualTime, random: Random, mix: NetworkMix) {
    this.time = time;
    this.random = random;
    this.mix = mix;
  }

  delayMs(): number {
    return this.random.skewed(...this.mix.delayMs);
  }

  cut(from: SimProcess, to: SimProcess, durationMs: number): void {
    this.#cuts.set(`${from.name}>${to.name}`, this.time.now + durationMs);
  }

  isCut(from: SimProcess, to: SimProcess): boolean {
    const until = this.#cuts.get(`${from.name}>${to.name}`);
    return until !== undefined && this.time.now < until;
  }

  opened(line: Line): void {
    this.#lines.add(line);
  }

  /** Those on which what is sent arrives. */
  whole(): Line[] {
    for (const line of this.#lines) if (!line.whole) this.#lines.delete(line);
    return [...this.#lines].filter(({ between: { from, to } }) => !this.isCut(from, to) && !this.isCut(to, from));
  }

  heal(): void {
    this.mix = calmNetwork;
    this.#cuts.clear();
  }
}
