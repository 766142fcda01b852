// Numbers as a report shows them.

/** The value below which `share` of the values lie (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function rate(count: number, ms: number): number {
  return ms <= 0 ? Number.POSITIVE_INFINITY : (count / ms) * 1000;
}

export function rateText(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`;
}

export function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
