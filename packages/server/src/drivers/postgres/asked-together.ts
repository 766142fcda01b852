// One question at a time, however many ask. Whoever asks while one is under way may know of something that it came too early for: those wait
// for the next one, together.

export class AskedTogether<T> {
  readonly #ask: () => Promise<T>;
  #now: Promise<T> | null = null;
  #next: Promise<T> | null = null;

  /** `ask` must not reject. */
  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** An answer to a question that was asked after this call. */
  ask(): Promise<T> {
    if (this.#now === null) {
      this.#now = this.#ask().finally(() => {
        this.#now = null;
      });
      return this.#now;
    }
    this.#next ??= this.#now.then(() => {
      this.#next = null;
      return this.ask();
    });
    return this.#next;
  }
}
