// Durations as people write them: `250ms`, `10s`, `5m`, `1h30m`, `2d`, or a number of milliseconds.

import { z } from 'zod';
import { limits } from './limits.ts';

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const shape = /^(?:\d+(?:ms|[smhdw]))+$/;

/** Milliseconds, or null when the text is not a duration. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (!shape.test(trimmed)) return null;
  let total = 0;
  for (const [, digits, unit] of trimmed.matchAll(/(\d+)(ms|[smhdw])/g)) {
    total += Number(digits) * unitMs[unit as keyof typeof unitMs];
  }
  return total <= limits.durationMs ? total : null;
}

/** The shortest exact spelling: 5400000 → `1h30m`, 0 → `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / unitMs[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs[unit];
  }
  return text;
}

/** Takes `10s` or 10000, gives milliseconds. */
export const durationSchema = z
  .union([z.string(), z.number().int().min(0).max(limits.durationMs)])
  .transform((value, context) => {
    if (typeof value === 'number') return value;
    const ms = parseDuration(value);
    if (ms !== null) return ms;
    context.addIssue({
      code: 'custom',
      message: `"${value}" is not a duration; write for example 500ms, 10s, 5m or 1h30m`,
    });
    return z.NEVER;
  });
