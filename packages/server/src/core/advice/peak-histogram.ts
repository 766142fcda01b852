// A histogram of peaks whose weights fade with age: what was seen a day ago counts half of what is seen now. Its buckets grow by a twentieth, so
// a percentile is never off by more than that, whether it is of millicores or of gigabytes.

const growth = 1.05;

export interface PeakScale {
  /** All up to here are one bucket. */
  readonly first: number;
  readonly halfLifeMs: number;
}

export class PeakHistogram {
  readonly #scale: PeakScale;
  readonly #weights = new Map<number, number>();
  #total = 0;
  #highest = 0;

  constructor(scale: PeakScale) {
    this.#scale = scale;
  }

  get empty(): boolean {
    return this.#total === 0;
  }

  get highest(): number {
    return this.#highest;
  }

  add(value: number, ageMs: number): void {
    const weight = 2 ** (-Math.max(0, ageMs) / this.#scale.halfLifeMs);
    const bucket = value <= this.#scale.first ? 0 : Math.ceil(Math.log(value / this.#scale.first) / Math.log(growth));
    this.#weights.set(bucket, (this.#weights.get(bucket) ?? 0) + weight);
    this.#total += weight;
    this.#highest = Math.max(this.#highest, value);
  }

  /** The end of the bucket below which this share of the weight lies, but no more than was ever seen. */
  percentile(share: number): number {
    let below = 0;
    for (const [bucket, weight] of [...this.#weights].toSorted(([a], [b]) => a - b)) {
      below += weight;
      // A sum of many parts is not exact.
      if (below >= share * this.#total * (1 - 1e-9))
        return Math.min(this.#highest, this.#scale.first * growth ** bucket);
    }
    return this.#highest;
  }
}
