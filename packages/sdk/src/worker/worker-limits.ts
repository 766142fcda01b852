// Bounds and times of the worker runtime that no master needs to know. What both sides must know is in the protocol's limits.

export const workerLimits = {
  /** Results waiting for their acknowledgement; with as many, no new work is asked for. Bounded by `holding` of hello. */
  resultsUnsettled: 1000,
  /** Results of earlier incarnations, kept only so that the master can record them. */
  resultsOfThePast: 1000,
  /** Bytes of log text waiting for its acknowledgement, of all attempts together; over it text is cut, with a mark. */
  logBytesUnstored: 8 * 1024 * 1024,
  /** Bytes of log text on their way to the master: more would stand in front of a heartbeat in the same socket. */
  logBytesInFlight: 1024 * 1024,
  /** Ids of attempts that are over, so that a late repetition of their assignment starts nothing. */
  attemptsRemembered: 16_384,
  /** Nonces of one connection that were used up. */
  noncesRemembered: 64,
  /** Addresses of masters learned from masters. */
  addressesLearned: 64,

  /** From opening a connection to the welcome. */
  connectMs: 5000,
  /** Full jitter between two tries to connect: random below min(max, base × 2^failures). */
  reconnectBaseMs: 500,
  reconnectMaxMs: 5000,
  /** How much too slow the worker's clock may go, as a share. The lease seems to last longer then, and so do the two times below. */
  clockDrift: 0.1,
  /** From the polite stop of an abandoned attempt to its kill. */
  abandonGraceMs: 1000,
  /** From there until nothing of it lives, or the I/O thread kills it in place of a main thread that does not. */
  abandonKillMs: 500,

  /** A main loop that stands still for this long is hung; how often it is looked at; how long its stack is waited for. */
  hangMs: 5000,
  hangLookMs: 250,
  stackMs: 1500,
  /** Bytes of the stack that is told. */
  stackBytes: 4096,
  /** Bytes of notes that wait for a supervisor that does not read: over it the worker is cut off from it, and ended. */
  notesWaitingBytes: 1024 * 1024,
} as const;
