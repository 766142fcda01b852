// The calendar of coming fires of a namespace. It reads page by page and computes between the reads, so a master goes on firing.

import { type ComingFires, limits, Refusal } from '@tidewheel/protocol';
import { ComingFiresTally } from '../core/coming-fires.ts';
import { serverLimits } from '../core/limits.ts';
import { type Clock, sleep } from '../ports/clock.ts';
import type { Tx } from '../ports/database.ts';
import { enabledSchedulesPage, liveSlots, usualDurations } from '../store/coming-fires.ts';
import { storeNow } from '../store/jobs.ts';

export interface ComingFiresRequest {
  namespace: string;
  from?: number | undefined;
  to?: number | undefined;
  bucket?: number | undefined;
}

const defaultRangeMs = 86_400_000;
const firstId = '00000000-0000-0000-0000-000000000000';
const namesShown = 20;
/** About 100 buckets, of a length that people count in. */
const bucketSteps = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * 60_000);

export async function comingFires(db: Tx, clock: Clock, request: ComingFiresRequest): Promise<ComingFires> {
  const { namespace } = request;
  const range = rangeOf(request, await storeNow(db));
  const tally = new ComingFiresTally(range);
  const slots = await liveSlots(db, namespace);
  let schedules = 0;
  let truncated = false;
  let computed = 0;
  for (let after = firstId; ; ) {
    const page = await enabledSchedulesPage(db, namespace, after);
    const last = page.at(-1);
    if (last === undefined) break;
    const usual = await usualDurations(db, [...new Set(page.map((one) => one.jobId))]);
    for (const { name, job, jobId, times, cursor } of page) {
      computed += tally.add({ name, job, cursor, times, usualMs: usual.get(jobId) ?? 0 });
      if (computed < serverLimits.comingTimesAtOnce) continue;
      computed = 0;
      await sleep(clock, 1);
    }
    schedules += page.length;
    truncated = schedules >= serverLimits.comingSchedules;
    if (truncated) break;
    after = last.id;
  }
  const estimated = tally.estimated.toSorted().slice(0, namesShown);
  return { ...range, schedules, fires: tally.fires, slots, estimated, truncated, buckets: tally.buckets(slots) };
}

function rangeOf(request: ComingFiresRequest, now: number): { from: number; to: number; bucketMs: number } {
  const start = request.from ?? now;
  const to = request.to ?? start + defaultRangeMs;
  if (to <= start) refuse('/to', 'is not later than `from`');
  if (to - start > limits.comingFiresRangeMs) refuse('/to', 'is more than 35 days later than `from`');
  const bucketMs = request.bucket ?? bucketSteps.find((step) => (to - start) / step <= 100) ?? 86_400_000;
  // Whole buckets, so that midnight and full hours of UTC are edges.
  const from = Math.floor(start / bucketMs) * bucketMs;
  if ((to - from) / bucketMs > limits.comingBuckets) {
    refuse('/bucket', `would give more than ${limits.comingBuckets} buckets; take a longer one or a shorter range`);
  }
  return { from, to, bucketMs };
}

function refuse(pointer: string, detail: string): never {
  throw new Refusal('VALIDATION_FAILED', `${pointer.slice(1)} ${detail}`, { faults: [{ pointer, detail }] });
}
