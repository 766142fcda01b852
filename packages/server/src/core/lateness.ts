// How late many fires were, in a bounded place: counted in steps that grow by a fifth, so that a share is told a fifth too high at most.

const stepsPerDoubling = 4;

export class Lateness {
  readonly #counts: number[] = [];
  #total = 0;
  #maxMs = 0;

  add(ms: number): void {
    const step = ms < 1 ? 0 : 1 + Math.floor(Math.log2(ms) * stepsPerDoubling);
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#total += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** No more than this share was later; 0 when there are none. */
  below(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (const [step, count = 0] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return Math.min(this.#maxMs, step === 0 ? 0 : Math.ceil(2 ** (step / stepsPerDoubling)));
    }
    return this.#maxMs;
  }
}
