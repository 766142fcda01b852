// What a simulated job is known for.

export interface Behaviour {
  durationMs: readonly [low: number, high: number];
  failShare: number;
  /** Ends only when it is stopped. */
  endless: boolean;
  /** Share of attempts that take their worker process down. */
  killShare: number;
  logLines: number;
}
