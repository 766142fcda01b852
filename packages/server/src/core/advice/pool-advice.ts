// Advises requests and limits from measured peaks, as a vertical autoscaler recommends them: the target covers nine workers of ten, with a
// margin, so that machines are neither half empty nor short at every peak. Memory that ran out counts for more than was seen: nobody knows how
// much more would have been asked for.

import type { PoolAdvice, ResourceAdvice } from '@tidewheel/protocol';
import { PeakHistogram, type PeakScale } from './peak-histogram.ts';

export interface WorkerPeak {
  /** In cores; null when it did not live for a minute. */
  readonly cpu: number | null;
  readonly memoryBytes: number;
  readonly ageMs: number;
  /** It ended for want of memory, or a process of it did. */
  readonly starved: boolean;
}

export interface AttemptPeak {
  readonly job: string;
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly ageMs: number;
}

const dayMs = 86_400_000;
const cpuScale: PeakScale = { first: 0.01, halfLifeMs: dayMs };
const memoryScale: PeakScale = { first: 4 * 1024 ** 2, halfLifeMs: dayMs };
const shares = { lower: 0.5, target: 0.9, upper: 0.95 };
const margin = 1.15;
const starvedShare = 1.2;
const starvedBytes = 100 * 1024 ** 2;
/** Less than these a worker cannot work with. */
const least = { cpu: 0.025, memoryBytes: 64 * 1024 ** 2 };
/** With fewer, the advice says that little is known. */
const fewWorkers = 5;
const jobsMost = 100;

export function advise(workers: readonly WorkerPeak[], attempts: readonly AttemptPeak[], at: number): PoolAdvice {
  const [cpus, memories] = [new PeakHistogram(cpuScale), new PeakHistogram(memoryScale)];
  for (const { cpu, ageMs } of workers) if (cpu !== null) cpus.add(cpu, ageMs);
  for (const worker of workers) memories.add(neededBytes(worker), worker.ageMs);
  const starved = workers.filter((worker) => worker.starved).length;
  const [cpu, memoryBytes] = [adviceOf(cpus, least.cpu), adviceOf(memories, least.memoryBytes)];
  return {
    at,
    workers: workers.length,
    starved,
    cpu,
    memoryBytes,
    resources: cpu === null || memoryBytes === null ? null : resourcesOf(cpu, memoryBytes),
    jobs: jobsOf(attempts),
    explanation: explain(workers.length, starved, cpus.empty),
  };
}

function neededBytes({ memoryBytes, starved }: WorkerPeak): number {
  return starved ? Math.max(memoryBytes * starvedShare, memoryBytes + starvedBytes) : memoryBytes;
}

function adviceOf(histogram: PeakHistogram, floor: number): ResourceAdvice | null {
  if (histogram.empty) return null;
  const of = (share: number) => Math.max(floor, histogram.percentile(share) * margin);
  return { lower: of(shares.lower), target: of(shares.target), upper: of(shares.upper), peak: histogram.highest };
}

/** The limit lets the largest peak happen, which the request does not keep room for. */
function resourcesOf(cpu: ResourceAdvice, memory: ResourceAdvice): NonNullable<PoolAdvice['resources']> {
  const limit = Math.max(memory.upper, memory.peak * margin);
  return {
    requests: { cpu: `${Math.ceil(cpu.target * 200) * 5}m`, memory: mebibytes(memory.target) },
    limits: { memory: mebibytes(limit) },
  };
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)}Mi`;
}

function jobsOf(attempts: readonly AttemptPeak[]): PoolAdvice['jobs'] {
  return [...Map.groupBy(attempts, ({ job }) => job)]
    .flatMap(([job, own]) => {
      const [cpus, memories] = [new PeakHistogram(cpuScale), new PeakHistogram(memoryScale)];
      for (const { cpu, memoryBytes, ageMs } of own) {
        cpus.add(cpu, ageMs);
        memories.add(memoryBytes, ageMs);
      }
      const [cpu, memoryBytes] = [adviceOf(cpus, 0), adviceOf(memories, 0)];
      return cpu === null || memoryBytes === null ? [] : [{ job, attempts: own.length, cpu, memoryBytes }];
    })
    .toSorted((a, b) => b.memoryBytes.target - a.memoryBytes.target)
    .slice(0, jobsMost);
}

function explain(workers: number, starved: number, noCpu: boolean): string {
  if (workers === 0) return 'No worker of the pool has told of its peaks in the last day.';
  const known =
    workers < fewWorkers
      ? `Little is known: ${counted(workers)} of the last day.`
      : `By ${counted(workers)} of the last day.`;
  const short = starved === 0 ? '' : ` ${counted(starved)} ran out of memory, so more is advised than was seen.`;
  return `${known}${short}${noCpu ? ' None has lived for the minute that a peak of the processor takes.' : ''}`;
}

function counted(count: number): string {
  return `${count} worker${count === 1 ? '' : 's'}`;
}
