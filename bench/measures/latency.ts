// Latency: one job every few milliseconds on an idle system, from the caller's hand to the first line of its handler. Callers do not wait
// for each other: a slow answer must not thin out the load.

import type { Measure, MeasureContext } from '../harness/measure.ts';
import { percentile } from '../numbers.ts';
import type { OpenSystem } from '../systems/system.ts';
import { nowMs } from '../wall-clock.ts';
import { bySystem, expectStarts } from './by-system.ts';
import { patienceMs, untilMoment } from './waiting.ts';

/** Calls before the first that counts: connections are opened and code is compiled meanwhile. */
const warmCalls = 50;

const others = ['graphile localQueue', 'graphile', 'pg-boss', 'bullmq redis', 'bullmq postgres'];

export const latency: Measure = {
  name: 'latency',
  about:
    'One job every 10 ms with one worker process at work: from the call of the API to the start of the handler, each system by its own API (Tidewheel: HTTP by the SDK).',
  figures: [
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
  ],
  goals: [
    { figure: 'p50', of: 'tidewheel postgres', atMost: 2 },
    { figure: 'p99', of: 'tidewheel postgres', atMost: 8 },
    { figure: 'p50', of: 'tidewheel sqlite', atMost: 2 },
    { figure: 'p99', of: 'tidewheel sqlite', atMost: 8 },
    ...others.map((than) => ({ figure: 'p99', of: 'tidewheel postgres', than, times: 1 })),
  ],
  contenders: bySystem(async (system, context) => {
    await system.work();
    return latencyOf(system, context);
  }),
};

export async function latencyOf(
  system: Pick<OpenSystem, 'enqueueOne'>,
  context: MeasureContext,
): Promise<{ p50: number; p99: number }> {
  const { desk } = context.services;
  const jobs = context.sizes['latency.runs'];
  const everyMs = context.sizes['latency.everyMs'];
  desk.reset();
  await trickle(system, warmCalls, everyMs);
  await desk.until(warmCalls, patienceMs(warmCalls));
  desk.reset();
  await trickle(system, jobs, everyMs);
  await desk.until(jobs, patienceMs(jobs));
  expectStarts(context, jobs);
  return { p50: percentile(desk.latencies, 0.5), p99: percentile(desk.latencies, 0.99) };
}

async function trickle(system: Pick<OpenSystem, 'enqueueOne'>, jobs: number, everyMs: number): Promise<void> {
  const started = nowMs();
  const calls: Promise<void>[] = [];
  for (let index = 0; index < jobs; index += 1) {
    await untilMoment(started + index * everyMs);
    calls.push(system.enqueueOne());
  }
  await Promise.all(calls);
}
