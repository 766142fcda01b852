// Randomness and names made of it. One seeded implementation serves the simulator.

export interface Identity {
  /** UUIDv7: sorts by time of making, strictly growing within a process. */
  next(): string;
  /** UUIDv4 from a secure source: attempt ids, nonces, incarnations. Cannot be guessed. */
  random(): string;
  /**
   * The run id of a nominal fire: a UUID whose first 48 bits are `fireAt` and whose rest is a hash of both,
   * so a re-made run has the same name and sorts among UUIDv7s by its nominal time.
   */
  ofFire(scheduleId: string, fireAt: number): string;
  /** Uniform in [0, 1): jitter and sampling, never secrets. */
  fraction(): number;
  /** A new secret of 256 bits, URL-safe text. */
  secret(): string;
  /** SHA-256 as hex: what is stored of a secret, and fingerprints of requests. */
  hash(text: string): string;
}
