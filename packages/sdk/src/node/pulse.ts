// The main loop's sign of life for the I/O thread: a shared counter that the main loop bumps, and the longest delay of a bump
// since somebody looked. A loop that hangs cannot bump; nothing else can make the counter stand still.

const pulseMs = 250;
const seqAt = 0;
const lagAt = 1;

export function newPulse(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** Called in the main thread. Returns the way to end it. */
export function startPulse(buffer: SharedArrayBuffer): () => void {
  const cells = new Int32Array(buffer);
  let expectedAt = performance.now() + pulseMs;
  const timer = setInterval(() => {
    const now = performance.now();
    const lagMs = Math.max(0, Math.round(now - expectedAt));
    expectedAt = now + pulseMs;
    Atomics.add(cells, seqAt, 1);
    // Only this thread raises it, so reading and storing need not be one step; the other only takes it away.
    if (lagMs > Atomics.load(cells, lagAt)) Atomics.store(cells, lagAt, lagMs);
  }, pulseMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Called in the I/O thread. */
export class PulseReader {
  readonly #cells: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Int32Array(buffer);
  }

  get seq(): number {
    return Atomics.load(this.#cells, seqAt);
  }

  /** And begins anew. */
  takeLagMs(): number {
    return Atomics.exchange(this.#cells, lagAt, 0);
  }
}
