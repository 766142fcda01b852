// How a driver fares: failures in a row make the pauses between calls longer, up to minutes, and one answer makes all well. So a platform
// that is down, slow or lying is asked a few times a minute, whatever the load.

export interface DriverHealth {
  /** In a row. */
  readonly failures: number;
  /** Not asked before, by the same clock as `nowMs`. */
  readonly retryAtMs: number;
  readonly error: string | null;
}

export const wellDriver: DriverHealth = { failures: 0, retryAtMs: 0, error: null };

const firstPauseMs = 1000;
const longestPauseMs = 120_000;
/** From so many on people are told. */
export const driverFailuresTold = 3;

export function driverFailed(health: DriverHealth, nowMs: number, error: string): DriverHealth {
  const failures = health.failures + 1;
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(20, failures - 1));
  return { failures, retryAtMs: nowMs + pauseMs, error: error.slice(0, 500) };
}

export function driverMayBeAsked(health: DriverHealth, nowMs: number): boolean {
  return nowMs >= health.retryAtMs;
}

export function driverState({ failures }: DriverHealth): 'ok' | 'failing' | 'paused' {
  return failures === 0 ? 'ok' : failures < driverFailuresTold ? 'failing' : 'paused';
}
