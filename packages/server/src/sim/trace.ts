// The chain of everything that happened: each event is mixed into one hash, so two runs of a seed can be compared by it.
// With a listener the same events can be read as lines.

export class Trace {
  #high = 0x6a09e667;
  #low = 0xbb67ae85;
  #count = 0;
  readonly #listen: ((line: string) => void) | null;

  constructor(listen: ((line: string) => void) | null = null) {
    this.#listen = listen;
  }

  get count(): number {
    return this.#count;
  }

  add(at: number, who: string, what: string): void {
    this.#count += 1;
    this.#mix(`${at}|${who}|${what}`);
    this.#listen?.(`${formatAt(at)}  ${who.padEnd(10)} ${what}`);
  }

  /** 64 bits as hex: equal when everything before was equal. */
  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, '0') + (this.#low >>> 0).toString(16).padStart(8, '0');
  }

  // Two lanes of multiply and xor with carry-over between them: fast, and a single different character spreads to all bits.
  #mix(text: string): void {
    let high = this.#high;
    let low = this.#low;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      high = Math.imul(high ^ code, 0x85ebca77);
      low = Math.imul(low ^ code, 0xc2b2ae3d);
    }
    this.#high = Math.imul(high ^ (high >>> 16), 0x21f0aaad) ^ Math.imul(low ^ (low >>> 13), 0x735a2d97);
    this.#low = Math.imul(low ^ (low >>> 16), 0x21f0aaad) ^ Math.imul(high ^ (high >>> 13), 0xd35a2d97);
  }
}

/** Virtual milliseconds as `mm:ss.mmm`. */
export function formatAt(at: number): string {
  const ms = Math.floor(at);
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.floor((ms % 60_000) / 1000);
  return `${String(minutes).padStart(2, '0')}:${String(seconds).padStart(2, '0')}.${String(ms % 1000).padStart(3, '0')}`;
}
