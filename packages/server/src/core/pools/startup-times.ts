// How long a worker of a pool takes to start: from the order to its registration, by one clock. Of the newest measurements the middle one
// counts, so that one that had to wait for a machine does not stand for all.

const kept = 9;
/** One that took longer was not waiting for its start alone. */
const longestMs = 3_600_000;

interface Awaited {
  readonly sinceMs: number;
}

export class StartupTimes {
  readonly #awaited = new Map<string, Awaited>();
  readonly #measured: number[] = [];
  #orderedMs: number | null = null;

  /** More machines were ordered now. */
  ordered(nowMs: number): void {
    this.#orderedMs = nowMs;
  }

  /** `machines`: all that the platform has; `registered`: workers that have a session. */
  seen(nowMs: number, machines: readonly string[], registered: ReadonlySet<string>): void {
    for (const worker of machines) {
      if (registered.has(worker)) this.#arrived(nowMs, worker);
      // One that was there when this began, or that nobody ordered, is not measured.
      else if (!this.#awaited.has(worker) && this.#orderedMs !== null)
        this.#awaited.set(worker, { sinceMs: this.#orderedMs });
    }
    const there = new Set(machines);
    for (const worker of this.#awaited.keys()) if (!there.has(worker)) this.#awaited.delete(worker);
  }

  /** Null until one was measured. */
  get usualMs(): number | null {
    const sorted = this.#measured.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }

  #arrived(nowMs: number, worker: string): void {
    const awaited = this.#awaited.get(worker);
    if (awaited === undefined) return;
    this.#awaited.delete(worker);
    const tookMs = nowMs - awaited.sinceMs;
    if (tookMs > longestMs) return;
    this.#measured.push(tookMs);
    if (this.#measured.length > kept) this.#measured.shift();
  }
}
