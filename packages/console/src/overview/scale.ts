// The top of a chart's scale and the share that a rate is told with. Pure.

/** The next even round number at or above the peak, so that its half is whole too. */
export function niceTop(peak: number): number {
  if (peak <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(peak));
  const factor = [1, 2, 4, 6, 8, 10].find((one) => one * power >= peak && (one * power) % 2 === 0) ?? 10;
  return factor * power;
}

/** Succeeded among finished, as text: never rounds up to 100 % while something failed, nor down to 0 % while something succeeded. */
export function rateText(succeeded: number, finished: number): string | null {
  if (finished === 0) return null;
  const percent = (succeeded / finished) * 100;
  if (succeeded === finished || succeeded === 0) return `${percent}%`;
  const rounded = Math.min(99.9, Math.max(0.1, Math.round(percent * 10) / 10));
  return `${rounded >= 99.9 ? 99.9 : rounded}%`;
}
