// Every metric of the catalogue is exposed, counted under its name, and refused under another kind.

import assert from 'node:assert/strict';
import test from 'node:test';
import { metricCatalogue } from '../../ports/metrics.ts';
import { openMetrics } from './metrics.ts';

test('everything in the catalogue is exposed with its help and kind', async () => {
  const metrics = openMetrics({ process: false });
  const lines = new Set((await metrics.text()).split('\n'));
  for (const [name, { kind, help }] of Object.entries(metricCatalogue)) {
    assert.ok(lines.has(`# HELP ${name} ${help}`), name);
    assert.ok(lines.has(`# TYPE ${name} ${kind}`), name);
  }
  assert.match(metrics.contentType, /^text\/plain/);
});

test('counters add up, gauges are set, histograms fall into buckets, by label', async () => {
  const metrics = openMetrics({ process: false });
  metrics.add('tidewheel_fires_total', 2, { outcome: 'fired' });
  metrics.add('tidewheel_fires_total', 3, { outcome: 'fired' });
  metrics.add('tidewheel_fires_total', 1, { outcome: 'skipped' });
  metrics.set('tidewheel_sessions', 7);
  metrics.set('tidewheel_sessions', 4);
  metrics.observe('tidewheel_fire_delay_seconds', 0.03);
  const text = await metrics.text();
  assert.match(text, /^tidewheel_fires_total\{outcome="fired"\} 5$/m);
  assert.match(text, /^tidewheel_fires_total\{outcome="skipped"\} 1$/m);
  assert.match(text, /^tidewheel_sessions 4$/m);
  assert.match(text, /^tidewheel_fire_delay_seconds_bucket\{le="0.025"\} 0$/m);
  assert.match(text, /^tidewheel_fire_delay_seconds_bucket\{le="0.05"\} 1$/m);
});

test('two masters in one process count for themselves', async () => {
  const [one, other] = [openMetrics({ process: false }), openMetrics({ process: false })];
  one.add('tidewheel_runs_submitted_total', 5);
  assert.match(await one.text(), /^tidewheel_runs_submitted_total 5$/m);
  assert.match(await other.text(), /^tidewheel_runs_submitted_total 0$/m);
});

test('a metric used as another kind is a defect', () => {
  const metrics = openMetrics({ process: false });
  assert.throws(() => metrics.add('tidewheel_sessions', 1), TypeError);
  assert.throws(() => metrics.set('tidewheel_fires_total', 1), TypeError);
  assert.throws(() => metrics.observe('tidewheel_sessions', 1), TypeError);
});

test('metrics of the process are there when they are asked for', async () => {
  assert.match(await openMetrics({ process: true }).text(), /^process_resident_memory_bytes \d+$/m);
  assert.doesNotMatch(await openMetrics({ process: false }).text(), /process_/);
});
