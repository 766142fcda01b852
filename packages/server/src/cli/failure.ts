// How a failed command says what is wrong: the code, where the fault is (with the line of the file), how to mend it.
// Returns the exit code; printing and leaving are two things.

import { errorCatalogue, type Fault, Refusal } from '@tidewheel/protocol';
import { exitCodeOfError, exitCodes } from './exit-codes.ts';
import type { PlacedFault } from './manifest.ts';
import { paint } from './table.ts';
import type { Terminal } from './terminal.ts';
import { textWidth, visibleLine } from './text-width.ts';

/** Faults shown before the rest is only counted. */
const shownFaults = 20;

/** A command that was understood but cannot be meant: exit code 2, no stack, no remedy from the catalogue. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export function reportFailure(error: unknown, terminal: Terminal): number {
  const colour = terminal.errColour;
  if (error instanceof UsageError) {
    terminal.err(`${paint('error', 'red', colour)} ${error.message}\n`);
    return exitCodes.usage;
  }
  if (error instanceof Refusal) {
    terminal.err(refusalText(error, colour));
    return exitCodeOfError(error.code);
  }
  // A defect: the stack is what helps whoever mends it.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.err(`${paint('defect', 'red', colour)} ${text}\n`);
  return exitCodes.error;
}

export function refusalText(refusal: Refusal, colour: boolean): string {
  const entry = errorCatalogue[refusal.code];
  const lines = [
    `${paint('error', 'red', colour)} ${paint(refusal.code, 'bold', colour)} ${visibleLine(refusal.message || entry.title)}`,
  ];
  const [only] = refusal.faults;
  // A single fault without a place in a file would only say the same again.
  const said = refusal.faults.length === 1 && only?.detail === refusal.message && !isPlaced(only);
  for (const fault of said ? [] : refusal.faults.slice(0, shownFaults)) lines.push(...faultLines(fault, colour));
  const more = refusal.faults.length - shownFaults;
  if (more > 0) lines.push(`  … and ${more} more`);
  const wait = refusal.retryAfterSeconds === undefined ? '' : ` Retry after ${refusal.retryAfterSeconds} s.`;
  lines.push(`${paint('remedy', 'cyan', colour)} ${entry.remedy}${wait}`);
  return `${lines.join('\n')}\n`;
}

function faultLines(fault: Fault, colour: boolean): string[] {
  if (!isPlaced(fault)) {
    const at =
      fault.line === undefined
        ? fault.pointer || '/'
        : `line ${fault.line}${fault.column === undefined ? '' : `:${fault.column}`}`;
    return [`  ${paint(at, 'bold', colour)}  ${visibleLine(fault.detail)}`];
  }
  const number = String(fault.line);
  const before = fault.excerpt.slice(0, (fault.column ?? 1) - 1).replaceAll('\t', ' ');
  return [
    `  ${paint(`${fault.file}:${fault.line}:${fault.column}`, 'bold', colour)}  ${visibleLine(fault.detail)}`,
    paint(`    ${number} | ${visibleLine(fault.excerpt.replaceAll('\t', ' '))}`, 'dim', colour),
    paint(`    ${' '.repeat(number.length)} | ${' '.repeat(textWidth(before))}^`, 'dim', colour),
  ];
}

function isPlaced(fault: Fault): fault is PlacedFault {
  return 'file' in fault && 'excerpt' in fault;
}
