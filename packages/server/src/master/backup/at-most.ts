// So many things at once and no more: whoever brings another one waits until there is room. The first failure is told to the next.

export class AtMost {
  readonly #max: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  /** Resolves when the work has begun. */
  async run(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#max) await Promise.race(this.#running);
    this.#throwFailure();
    const one: Promise<void> = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(one));
    this.#running.add(one);
  }

  async settled(): Promise<void> {
    await this.ended();
    this.#throwFailure();
  }

  /** Nothing of it goes on, however it ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
