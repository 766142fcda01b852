// Remembers the newest names, at least `count` and at most twice as many. Two generations instead of one ordered set:
// forgetting the oldest of a large Set one by one walks over all that were deleted before.

export class Recent {
  readonly #count: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(count: number) {
    this.#count = count;
  }

  add(name: string): void {
    this.#young.add(name);
    if (this.#young.size < this.#count) return;
    this.#old = this.#young;
    this.#young = new Set();
  }

  has(name: string): boolean {
    return this.#young.has(name) || this.#old.has(name);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
