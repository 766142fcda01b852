// From wall times to instants, by the rules of a schedule for wall times that a change of the clock skips or repeats.

import { type DstRules, dstDefaults } from '@tidewheel/protocol';
import { instantsOf } from './zone-clock.ts';

/** The rules with nothing left open. */
export type ClockRules = { readonly [Key in keyof DstRules]-?: NonNullable<DstRules[Key]> };

export function clockRules(dst: DstRules | undefined): ClockRules {
  return { gap: dst?.gap ?? dstDefaults.gap, overlap: dst?.overlap ?? dstDefaults.overlap };
}

/** What is asked for is a fixed time of the day, or follows the wall clock (dstSchema says which is which). */
export interface WallTiming {
  readonly fixed: boolean;
  /** Distance of the last time before a gap from the gap: a minute, or a second where seconds are given. */
  readonly unitMs: 1000 | 60_000;
}

/** The instants of one wall time, in order: none, one or two. Two wall times may have the same instant. */
export function instantsByRules(zone: string, wallMs: number, rules: ClockRules, timing: WallTiming): number[] {
  const found = instantsOf(zone, wallMs);
  switch (found.kind) {
    case 'one':
      return [found.at];
    case 'gap': {
      if (!timing.fixed || rules.gap === 'skip') return [];
      const { at, before } = found.change;
      return [rules.gap === 'after' ? at : lastBeforeGap(at, before, timing.unitMs)];
    }
    case 'repeated': {
      const rule = rules.overlap === 'once' ? (timing.fixed ? 'first' : 'both') : rules.overlap;
      if (rule === 'both') return [found.first, found.last];
      return [rule === 'first' ? found.first : found.last];
    }
  }
}

/** The last whole minute or second of the wall clock before the gap that begins at `at`, where the offset was `before`. */
export function lastBeforeGap(at: number, before: number, unitMs: number): number {
  return Math.floor((at + before - 1) / unitMs) * unitMs - before;
}
