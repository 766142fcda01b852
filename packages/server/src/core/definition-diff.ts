// What differs between two JSON values, by JSON pointer. Order of keys does not count, order of list items does.

import { isRecord } from './canonical-json.ts';
import { serverLimits } from './limits.ts';

export interface Difference {
  pointer: string;
  /** Undefined where the value is absent. */
  before: unknown;
  after: unknown;
}

/** In the order of the keys of `before`, then those that only `after` has. At most `serverLimits.differences`. */
export function differences(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = [];
  collect(before, after, '', found);
  return found;
}

function collect(before: unknown, after: unknown, pointer: string, found: Difference[]): void {
  if (found.length >= serverLimits.differences) return;
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      collect(before[key], after[key], `${pointer}/${escaped(key)}`, found);
    }
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      collect(before[index], after[index], `${pointer}/${index}`, found);
    }
  } else if (!Object.is(before, after)) {
    found.push({ pointer, before, after });
  }
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
