// What holds of every kind of definition that files declare, be it a job, a calendar or a pool: a name stands once in a request, and belongs to the
// source that declares it, because two sources under one name would undo each other's changes at every start.

import { type ErrorCode, type Fault, Refusal } from '@tidewheel/protocol';
import { serverLimits } from './limits.ts';

export type DeclaredKind = 'job' | 'calendar' | 'pool';

interface Declared {
  readonly name: string;
  readonly source: string;
  readonly stored: { readonly source: string } | null;
  /** Null when it is to go. */
  readonly wanted: object | null;
}

/** `pointer`: where the list stands in the request. */
export function checkNames(kind: DeclaredKind, wanted: readonly { readonly name: string }[], pointer: string): void {
  const names = new Set<string>();
  const faults: Fault[] = [];
  for (const [index, { name }] of wanted.entries()) {
    if (names.has(name))
      faults.push({ pointer: `${pointer}/${index}/name`, detail: `the ${kind} "${name}" stands twice` });
    names.add(name);
  }
  refuseFaults('DUPLICATE_NAME', faults);
}

export function checkSources(kind: DeclaredKind, plans: readonly Declared[], pointer: string): void {
  const faults = plans.flatMap(({ name, stored, wanted, source }, index): Fault[] => {
    if (wanted === null || stored === null || stored.source === source) return [];
    const detail = `the ${kind} "${name}" is declared by the source "${stored.source}", not by "${source}"`;
    return [{ pointer: `${pointer}/${index}/name`, detail }];
  });
  refuseFaults('OTHER_SOURCE', faults);
}

/** Does nothing when there are none; the first one is told in the refusal's own words. */
export function refuseFaults(code: ErrorCode, faults: readonly Fault[]): void {
  const [first] = faults;
  if (first === undefined) return;
  throw new Refusal(code, `${first.pointer}: ${first.detail}`, { faults: faults.slice(0, serverLimits.faults) });
}
