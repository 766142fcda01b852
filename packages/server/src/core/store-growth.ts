// How full the store is, how fast it grows, and when it will be full. A forecast is a straight line through what was measured in the
// last days: retention and vacuum make teeth, which a line through all points passes through.

import type { SpaceLevel } from '@tidewheel/protocol';
import { dayMs } from './archive-days.ts';

export interface SizeSample {
  readonly at: number;
  readonly usedBytes: number;
}

export interface Space {
  readonly usedBytes: number;
  readonly freeBytes: number | null;
  readonly freeOf: 'budget' | 'disk' | null;
}

export interface SpaceSettings {
  /** What the store may take at most; null: what the disk has. */
  readonly budgetBytes: number | null;
  /** Kept free for what was promised already: fires, results, logs. */
  readonly reserveBytes: number;
}

/** As a master sees it, with what it makes of it. */
export interface SpaceNow extends Space {
  readonly reusableBytes: number;
  readonly reserveBytes: number;
  readonly level: SpaceLevel;
  readonly growthBytesPerDay: number | null;
  /** Until the reserve is reached. */
  readonly fullInMs: number | null;
}

/** `diskFreeBytes` null: the disk cannot be seen from here. */
export function spaceOf(
  usedBytes: number,
  diskFreeBytes: number | null,
  { budgetBytes }: Pick<SpaceSettings, 'budgetBytes'>,
): Space {
  const ofBudget = budgetBytes === null ? null : Math.max(0, budgetBytes - usedBytes);
  if (ofBudget === null && diskFreeBytes === null) return { usedBytes, freeBytes: null, freeOf: null };
  if (ofBudget === null || (diskFreeBytes !== null && diskFreeBytes < ofBudget))
    return { usedBytes, freeBytes: diskFreeBytes, freeOf: 'disk' };
  return { usedBytes, freeBytes: ofBudget, freeOf: 'budget' };
}

/** Times the reserve from which on people are told. */
const fillingShare = 4;
/** The level ends only when there is so much more room than it began with, so that it does not flutter. */
const releaseShare = 1.1;

export function levelOf(
  space: Space,
  { reserveBytes }: Pick<SpaceSettings, 'reserveBytes'>,
  last: SpaceLevel,
): SpaceLevel {
  if (space.freeBytes === null) return 'ok';
  const under = (bytes: number, isNow: boolean): boolean => (space.freeBytes ?? 0) < bytes * (isNow ? releaseShare : 1);
  if (under(reserveBytes, last === 'full')) return 'full';
  return under(reserveBytes * fillingShare, last !== 'ok') ? 'filling' : 'ok';
}

/** Samples over less than this say nothing of days. */
const leastSpanMs = 3_600_000;

/** Bytes a day, by least squares; null before there is enough to say. */
export function growthPerDay(samples: readonly SizeSample[]): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < leastSpanMs) return null;
  const mean = (of: (sample: SizeSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [middle, size] = [mean(({ at }) => at), mean(({ usedBytes }) => usedBytes)];
  let [shared, spread] = [0, 0];
  for (const { at, usedBytes } of samples) {
    shared += (at - middle) * (usedBytes - size);
    spread += (at - middle) ** 2;
  }
  return (shared / spread) * dayMs;
}

/** Beyond this a forecast is not worth a date. */
const farthestMs = 10 * 365 * dayMs;

export function fullIn(
  { freeBytes }: Space,
  { reserveBytes }: Pick<SpaceSettings, 'reserveBytes'>,
  perDay: number | null,
): number | null {
  if (freeBytes === null || perDay === null || perDay <= 0) return null;
  const inMs = (Math.max(0, freeBytes - reserveBytes) / perDay) * dayMs;
  return inMs > farthestMs ? null : Math.round(inMs);
}
