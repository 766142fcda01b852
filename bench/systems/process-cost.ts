// What a process has cost so far, as the kernel counts it. Linux only: the benchmark says so where it is asked elsewhere.

import { readFileSync } from 'node:fs';

/** Processor time of the process, its threads included, in milliseconds. The kernel counts hundredths of a second. */
export function processorMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold anything, spaces included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function residentMib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) / 1024;
}
