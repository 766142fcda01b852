// The clock of the simulated store. It decides what is due and what has expired, so its faults are everybody's: it may drift, and
// step forward and back. The simulator alone knows true time; from here checkers learn what the store's clock showed when.

interface Segment {
  /** True time at which it begins, and what the clock shows then. */
  readonly from: number;
  readonly shows: number;
  readonly rate: number;
}

interface Step {
  readonly at: number;
  readonly byMs: number;
}

export class StoreClock {
  readonly #segments: Segment[];
  readonly #steps: Step[] = [];

  constructor(epochMs: number) {
    this.#segments = [{ from: 0, shows: epochMs, rate: 1 }];
  }

  /** What the clock shows at a true time. */
  at(when: number): number {
    const segment = this.#segments.findLast(({ from }) => from <= when) ?? this.#first;
    return Math.floor(segment.shows + (when - segment.from) * segment.rate);
  }

  /** From true time `when` on it is wrong by so much more. */
  step(when: number, byMs: number): void {
    const rate = this.#segments.at(-1)?.rate ?? 1;
    this.#steps.push({ at: when, byMs });
    this.#segments.push({ from: when, shows: this.at(when) + byMs, rate });
  }

  /** From true time `when` on so many of its milliseconds pass in a true one. */
  drift(when: number, rate: number): void {
    this.#segments.push({ from: when, shows: this.at(when), rate });
  }

  /** The least that it showed within a stretch of true time. */
  least(from: number, to: number): number {
    return Math.min(...this.#shown(from, to));
  }

  most(from: number, to: number): number {
    return Math.max(...this.#shown(from, to));
  }

  /** By how much it stepped forward within a stretch of true time, all steps together. */
  forwardMs(from: number, to: number): number {
    return this.#within(from, to).reduce((sum, { byMs }) => sum + Math.max(0, byMs), 0);
  }

  stepped(from: number, to: number): boolean {
    return this.#within(from, to).length > 0;
  }

  #within(from: number, to: number): Step[] {
    return this.#steps.filter(({ at }) => at >= from && at <= to);
  }

  /** A segment is monotonic: its ends are its extremes, the end before a step counts too. */
  #shown(from: number, to: number): number[] {
    const inside = this.#segments.flatMap((segment, index) => {
      const before = this.#segments[index - 1];
      if (segment.from <= from || segment.from > to || before === undefined) return [];
      return [segment.shows, Math.floor(before.shows + (segment.from - before.from) * before.rate)];
    });
    return [this.at(from), this.at(to), ...inside];
  }

  get #first(): Segment {
    return this.#segments[0] ?? { from: 0, shows: 0, rate: 1 };
  }
}
