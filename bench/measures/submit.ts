// Single submit: many callers, each sends one run a call and waits for the answer. Nobody executes: what is measured is the door, the group
// commit behind it and the store. The peers have no door, so a call of their library in the caller's process stands beside it.

import type { Measure } from '../harness/measure.ts';
import { httpLoad } from '../load/http-clients.ts';
import { percentile, rate } from '../numbers.ts';
import type { OpenSystem } from '../systems/system.ts';
import { bySystem } from './by-system.ts';

/** Calls of each caller before the first that counts. */
const warmCalls = 20;

export const submit: Measure = {
  name: 'submit',
  about:
    '64 callers at once, one run a call, nobody executes. Tidewheel over HTTP with 64 connections, so request, authorization, validation and answer are in it; the peers by a call of their library in the process of the caller.',
  figures: [
    { name: 'submit', unit: '/s', better: 'more' },
    { name: 'p50', unit: 'ms', better: 'less' },
    { name: 'p99', unit: 'ms', better: 'less' },
  ],
  goals: [
    { figure: 'submit', of: 'tidewheel postgres', atLeast: 6000 },
    { figure: 'p99', of: 'tidewheel postgres', atMost: 40 },
    { figure: 'submit', of: 'tidewheel sqlite', atLeast: 6000 },
    { figure: 'p99', of: 'tidewheel sqlite', atMost: 40 },
  ],
  contenders: bySystem(async (system, { sizes }) => {
    const clients = sizes['submit.clients'];
    await submitAll(system, clients * warmCalls, clients);
    const started = performance.now();
    const times = await submitAll(system, sizes['submit.runs'], clients);
    return {
      submit: rate(times.length, performance.now() - started),
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
    };
  }),
};

/** Milliseconds of each call. */
export async function submitAll(
  system: Pick<OpenSystem, 'enqueueOne' | 'door'>,
  runs: number,
  clients: number,
): Promise<number[]> {
  if (system.door !== undefined) return httpLoad({ ...system.door, clients, requests: runs });
  const times: number[] = [];
  let left = runs;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const called = performance.now();
      await system.enqueueOne();
      times.push(performance.now() - called);
    }
  };
  await Promise.all(Array.from({ length: clients }, caller));
  return times;
}
