// The only source of chance in a simulation: xoshiro128**, seeded through splitmix32.
// Each part of the world forks a stream of its own by name, so that a new draw in one part leaves the others as they were.

export class Random {
  readonly #state: Uint32Array;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = new Uint32Array(4);
    let mixed = this.#seed;
    for (let index = 0; index < 4; index += 1) {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      this.#state[index] = finalize(mixed);
    }
  }

  /** An independent stream; the same name gives the same stream, however much was drawn here before. */
  fork(name: string): Random {
    return new Random(hashText(name, this.#seed));
  }

  /** Uniform 32 bits. */
  next(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    const mixedC = c ^ a;
    const mixedD = d ^ b;
    this.#state[1] = b ^ mixedC;
    this.#state[0] = a ^ mixedD;
    this.#state[2] = mixedC ^ shifted;
    this.#state[3] = rotateLeft(mixedD, 11);
    return result;
  }

  /** Uniform in [0, 1), 32 bits fine. */
  fraction(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** True in `share` of the cases. */
  chance(share: number): boolean {
    return this.fraction() < share;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** Mostly near `low`, now and then up to `high`: each doubling of the range is half as likely. */
  skewed(low: number, high: number): number {
    let top = low + 1;
    while (top < high && this.chance(0.5)) top = low + (top - low) * 2;
    return this.between(low, Math.min(top, high));
  }

  /** A whole number from `low` (at least 1) to `high`, each order of magnitude as likely as the others. */
  spread(low: number, high: number): number {
    return Math.min(high, Math.round(low * (high / low) ** this.fraction()));
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** 16 random bytes as lower-case hex. */
  hex128(): string {
    let text = '';
    for (let index = 0; index < 4; index += 1) text += this.next().toString(16).padStart(8, '0');
    return text;
  }
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function finalize(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** 32 bits of `text`; good enough to tell streams apart, not against an adversary. */
export function hashText(text: string, start: number): number {
  let hash = (start ^ 0x811c9dc5) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash ^= hash >>> 13;
  }
  return finalize(hash >>> 0);
}
