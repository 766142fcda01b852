// The decisions of a pool as two lines over time: how many workers were wanted, and how many were able to work.

import type { ScalingDecisionRow } from '@tidewheel/protocol';

export interface Steps {
  readonly from: number;
  readonly to: number;
  readonly most: number;
  /** Points from left to right, each the beginning of a level that holds until the next one. */
  readonly wanted: readonly Step[];
  readonly live: readonly Step[];
}

export interface Step {
  readonly at: number;
  readonly workers: number;
}

/** `decisions`: newest first. `now`: what is wanted and live at present. */
export function stepsOf(
  decisions: readonly ScalingDecisionRow[],
  now: { readonly at: number; readonly wanted: number; readonly live: number },
): Steps {
  const past = decisions.toReversed();
  const wanted = [...past.map(({ at, wanted: workers }) => ({ at, workers })), { at: now.at, workers: now.wanted }];
  const live = [...past.map(({ at, workers }) => ({ at, workers: workers.live })), { at: now.at, workers: now.live }];
  const most = Math.max(1, ...wanted.map(({ workers }) => workers), ...live.map(({ workers }) => workers));
  return { from: wanted[0]?.at ?? now.at, to: now.at, most, wanted, live };
}

/** An SVG path of steps within a box. */
export function pathOfSteps(
  steps: readonly Step[],
  { from, to, top }: { readonly from: number; readonly to: number; readonly top: number },
  box: { readonly width: number; readonly height: number },
): string {
  const x = (at: number): number => (to === from ? 0 : Math.round(((at - from) / (to - from)) * box.width * 10) / 10);
  const y = (workers: number): number => Math.round((1 - workers / top) * box.height * 10) / 10;
  return steps
    .map(({ at, workers }, index) => {
      const before = steps[index - 1];
      return before === undefined ? `M${x(at)} ${y(workers)}` : `H${x(at)}V${y(workers)}`;
    })
    .join('');
}
