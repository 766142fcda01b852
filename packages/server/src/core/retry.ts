// The delay before the next try. Full jitter spreads retries of many runs that failed together.

import type { JobSpec } from '@tidewheel/protocol';

/**
 * Milliseconds to wait after the `failures`-th failure (from 1).
 * The bound is min(max, initial × factor^(failures−1)); with full jitter the delay is uniform in [0, bound).
 */
export function retryDelay(retry: JobSpec['retry'], failures: number, fraction: number): number {
  const bound = Math.min(retry.max, retry.initial * retry.factor ** (failures - 1));
  return Math.floor(retry.jitter === 'full' ? bound * fraction : bound);
}
