// Counts what this master does besides handing it to its metrics, so that it can say how busy it is without reading them back.

import type { Clock } from '../ports/clock.ts';
import type { MetricName, Metrics } from '../ports/metrics.ts';

const counted = { tidewheel_fires_total: 'fires', tidewheel_runs_claimed_total: 'claims' } as const;

function isCounted(name: MetricName): name is keyof typeof counted {
  return name in counted;
}

export class OwnRates {
  /** To be used in place of the metrics given. */
  readonly metrics: Metrics;
  readonly #clock: Clock;
  #counts = { fires: 0, claims: 0 };
  #sinceMs: number;
  #sessions = 0;

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
    this.metrics = {
      add: (name, value, labels) => {
        if (isCounted(name)) this.#counts[counted[name]] += value;
        metrics.add(name, value, labels);
      },
      set: (name, value, labels) => {
        if (name === 'tidewheel_sessions') this.#sessions = value;
        metrics.set(name, value, labels);
      },
      observe: (name, value, labels) => metrics.observe(name, value, labels),
    };
  }

  /** Workers connected now; fires and claims per second since the last call. */
  take(): { sessions: number; firesPerSecond: number; claimsPerSecond: number } {
    const now = this.#clock.monotonicMs();
    const seconds = Math.max(now - this.#sinceMs, 1) / 1000;
    const { fires, claims } = this.#counts;
    this.#counts = { fires: 0, claims: 0 };
    this.#sinceMs = now;
    return {
      sessions: this.#sessions,
      firesPerSecond: round(fires / seconds),
      claimsPerSecond: round(claims / seconds),
    };
  }
}

function round(rate: number): number {
  return Math.round(rate * 10) / 10;
}
