// One rule of the checker: what it promises, how many things it looked at, and the first ones at which the promise did not hold.

export interface Verdict {
  readonly rule: string;
  readonly promise: string;
  /** How many things were looked at: a rule that saw nothing has proven nothing. */
  readonly looked: number;
  readonly violations: number;
  readonly samples: readonly string[];
}

const samplesMost = 5;

export class Rule {
  readonly #rule: string;
  readonly #promise: string;
  #looked = 0;
  #violations = 0;
  readonly #samples: string[] = [];

  constructor(rule: string, promise: string) {
    this.#rule = rule;
    this.#promise = promise;
  }

  look(holds: boolean, otherwise: () => string): void {
    this.#looked += 1;
    if (holds) return;
    this.#violations += 1;
    if (this.#samples.length < samplesMost) this.#samples.push(otherwise());
  }

  get verdict(): Verdict {
    return {
      rule: this.#rule,
      promise: this.#promise,
      looked: this.#looked,
      violations: this.#violations,
      samples: this.#samples,
    };
  }
}
