// The metrics of the catalogue in a registry of their own, and the text that Prometheus reads.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { type GaugeReading, type MetricName, type Metrics, metricCatalogue } from '../../ports/metrics.ts';

export interface SystemMetrics extends Metrics {
  /** The exposition text, with these gauges as they are now, and the content type to send it with. */
  text(gauges?: readonly GaugeReading[]): Promise<string>;
  readonly contentType: string;
}

/** Seconds, from what a local commit takes to what an operator would be woken for. */
const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600];

export interface MetricsOptions {
  /** Adds the process's own: memory, CPU, garbage collection, event loop lag. */
  readonly process: boolean;
}

export function openMetrics(options: MetricsOptions): SystemMetrics {
  const registry = new Registry();
  const counters = new Map<MetricName, Counter<string>>();
  const gauges = new Map<MetricName, Gauge<string>>();
  const histograms = new Map<MetricName, Histogram<string>>();
  for (const [key, entry] of Object.entries(metricCatalogue)) {
    const name = key as MetricName;
    const shape = { name, help: entry.help, labelNames: [...entry.labels], registers: [registry] };
    if (entry.kind === 'counter') counters.set(name, new Counter(shape));
    else if (entry.kind === 'histogram') histograms.set(name, new Histogram({ ...shape, buckets: bucketsSeconds }));
    else gauges.set(name, new Gauge(shape));
  }
  if (options.process) collectDefaultMetrics({ register: registry });
  return {
    add: (name, value, labels = {}) => known(counters, name, 'counter').inc(labels, value),
    set: (name, value, labels = {}) => known(gauges, name, 'gauge').set(labels, value),
    observe: (name, value, labels = {}) => known(histograms, name, 'histogram').observe(labels, value),
    text: (readings = []) => {
      for (const { name, series } of readings) {
        const gauge = known(gauges, name, 'gauge');
        gauge.reset();
        for (const { labels, value } of series) gauge.set(labels, value);
      }
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

function known<T>(metrics: ReadonlyMap<MetricName, T>, name: MetricName, kind: string): T {
  const metric = metrics.get(name);
  if (metric === undefined) throw new TypeError(`${name} is not a ${kind} of the catalogue`);
  return metric;
}
