// Schedules of every other kind, a few of each, beside the two hundred: runs that wait for each other or replace each other, a delay after
// the end, jitter, a calendar, and a backfill; and one with a short grace, for who asks. Minutes of UTC are counted from 1970, so that anyone can tell
// without a calendar which of them are odd.

export interface PlannedSchedule {
  readonly name: string;
  readonly job: string;
  readonly periodMs: number;
  /** Cron: multiples of the period since 1970. Rate: multiples of the period since the schedule was made. Delay: so long after an end. */
  readonly kind: 'cron' | 'every' | 'delay';
  /** Never two of its runs at once; a time that comes too early may be skipped. */
  readonly overlap?: 'buffer-one' | 'cancel-previous';
  /** By a calendar that takes out the others. */
  readonly oddMinutesOnly?: boolean;
  readonly jitterMs?: number;
  /** Fires that come later than this are set aside and made up for. */
  readonly graceMs?: number;
}

export const timedSchedules: readonly PlannedSchedule[] = [
  { name: 'buffered', job: 'turn', periodMs: 2000, kind: 'cron', overlap: 'buffer-one' },
  { name: 'replaced', job: 'turn', periodMs: 2000, kind: 'cron', overlap: 'cancel-previous' },
  { name: 'delayed', job: 'swift', periodMs: 1000, kind: 'delay' },
  { name: 'jittered', job: 'swift', periodMs: 5000, kind: 'cron', jitterMs: 2000 },
  { name: 'odd-minutes', job: 'swift', periodMs: 2000, kind: 'cron', oddMinutesOnly: true },
];

/** Soon calls a fire missed: whatever delays it, it is caught up with. */
export const impatient: PlannedSchedule = {
  name: 'impatient',
  job: 'swift',
  periodMs: 1000,
  kind: 'cron',
  graceMs: 200,
};

const minuteMs = 60_000;

export function isOddMinute(at: number): boolean {
  return Math.floor(at / minuteMs) % 2 === 1;
}

/** A day has an even number of minutes. */
export const evenMinutes = {
  name: 'even-minutes',
  hours: Array.from({ length: 720 }, (_, index) => `${clockText(2 * index)}-${clockText(2 * index + 1)}`),
};

function clockText(minutes: number): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export interface PlannedBackfill {
  readonly schedule: string;
  /** Nominal times in [from, to). */
  readonly from: number;
  readonly to: number;
}

/** Ten minutes of the last hour: 150 runs, which take longer than most scenarios last. */
export function plannedBackfill(now: number): PlannedBackfill {
  return { schedule: 'odd-minutes', from: now - 60 * minuteMs, to: now - 50 * minuteMs };
}

export const backfillPace = { active: 4, rate: 150 } as const;
