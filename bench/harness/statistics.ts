// Numbers of several rounds in few words: the middle and the spread, ratios of rounds that were taken in turns, and the exponent with which
// a cost grows.

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { min: quantile(values, 0), median: quantile(values, 0.5), max: quantile(values, 1) };
}

/** Between the two values that are nearest, so that the middle of an even number of rounds favours neither. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export type Better = 'more' | 'less';

/** How many times better the first was, round by round: over 1 means better, whichever way the figure points. */
export function ratiosOf(first: readonly number[], second: readonly number[], better: Better): number[] {
  return first.flatMap((value, round) => {
    const other = second[round];
    if (other === undefined) return [];
    return [better === 'more' ? value / other : other / value];
  });
}

/** Half the distance between the quartiles, relative to the middle: what a repetition alone changes. */
export function noiseOf(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / Math.abs(quantile(values, 0.5));
}

export interface Fit {
  /** Of the size in the cost: 0 is flat, 1 is proportional. */
  readonly exponent: number;
  /** What the line says at a size. */
  at(size: number): number;
}

/** Least squares of log cost over log size; sizes and costs must be over 0. */
export function fitPower(points: readonly { readonly size: number; readonly cost: number }[]): Fit {
  const logs = points.map(({ size, cost }) => ({ x: Math.log(size), y: Math.log(cost) }));
  const meanX = mean(logs.map(({ x }) => x));
  const meanY = mean(logs.map(({ y }) => y));
  const spread = sum(logs.map(({ x }) => (x - meanX) ** 2));
  const exponent = spread === 0 ? Number.NaN : sum(logs.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread;
  return { exponent, at: (size) => Math.exp(meanY + exponent * (Math.log(size) - meanX)) };
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
