// Which jobs and schedules a simulation has. Names say what a job is known for, so that a trace reads by itself.

import { type JobInput, type OverlapPolicy, overlapPolicies, type ScheduleInput } from '@tidewheel/protocol';
import type { Behaviour } from './behaviour.ts';
import { type CronShape, cronText, type Field, type Timing, zoneOffset } from './nominal-times.ts';
import type { SimOptions } from './options.ts';
import type { Random } from './random.ts';

export interface SchedulePlan {
  name: string;
  timing: Timing;
  overlap: OverlapPolicy;
  misfire: {
    policy: 'skip' | 'last' | 'all';
    window: number;
    max: number;
    grace: number;
    /** Made-up runs a minute; no bound of its own when absent. */
    rate?: number;
  };
  jitterMs: number;
}

export interface JobPlan {
  namespace: string;
  name: string;
  behaviour: Behaviour;
  enabled: boolean;
  definition: Omit<JobInput, 'name' | 'schedules' | 'enabled'>;
  schedules: SchedulePlan[];
}

type Kind = Pick<JobPlan, 'behaviour' | 'definition'> & { scheduled: boolean };

const seldom = { failShare: 0, endless: false, killShare: 0, logLines: 0 };

const kinds: Readonly<Record<string, Kind>> = {
  quick: { behaviour: { ...seldom, durationMs: [1, 500] }, definition: {}, scheduled: true },
  slow: { behaviour: { ...seldom, durationMs: [500, 20_000] }, definition: {}, scheduled: true },
  flaky: {
    behaviour: { ...seldom, durationMs: [10, 2000], failShare: 0.4, logLines: 1 },
    definition: { retry: { attempts: 4, initial: 500, max: 5000 } },
    scheduled: true,
  },
  failing: {
    behaviour: { ...seldom, durationMs: [10, 300], failShare: 1 },
    definition: { retry: { attempts: 3, initial: 300, factor: 3, jitter: 'none' } },
    scheduled: false,
  },
  // Fails and goes on at once: no backoff, so the run is ready again in the same transaction.
  eager: {
    behaviour: { ...seldom, durationMs: [5, 100], failShare: 0.6 },
    definition: { retry: { attempts: 5, initial: 0 } },
    scheduled: true,
  },
  endless: {
    behaviour: { ...seldom, durationMs: [1, 1], endless: true },
    definition: { timeout: { run: 4000, kill: 2000 }, retry: { attempts: 2, initial: 1000 } },
    scheduled: true,
  },
  // Ends only by a cancel.
  stuck: {
    behaviour: { ...seldom, durationMs: [1, 1], endless: true },
    definition: { timeout: { kill: 1000 } },
    scheduled: false,
  },
  once: {
    behaviour: { ...seldom, durationMs: [50, 6000], failShare: 0.1 },
    definition: { delivery: 'at-most-once' },
    scheduled: true,
  },
  // Only workers with a certain label may run it, and it does not wait for ever.
  picky: {
    behaviour: { ...seldom, durationMs: [50, 3000] },
    definition: { selector: { disk: 'fast' }, timeout: { start: 6000 }, priority: 5 },
    scheduled: true,
  },
  killer: {
    behaviour: { ...seldom, durationMs: [20, 1000], killShare: 0.15 },
    definition: { queue: 'rough' },
    scheduled: true,
  },
  chatty: { behaviour: { ...seldom, durationMs: [100, 3000], logLines: 12 }, definition: {}, scheduled: true },
};

export const queues = ['default', 'rough'] as const;

/** Long after the beginning, so that it is never in the past when it is first applied. */
const earliestShotMs = 40_000;

export function drawJobs(options: SimOptions, random: Random): JobPlan[] {
  return options.namespaces.flatMap((namespace) => {
    const names = shuffled(Object.keys(kinds), random).slice(0, options.jobs);
    return names.flatMap((name) => {
      const kind = kinds[name];
      if (kind === undefined) return [];
      const count = kind.scheduled ? random.between(0, 3) : 0;
      const schedules = Array.from({ length: count }, (_, index) =>
        drawSchedule(`${name}/${index}`, name, options, random),
      );
      const definition = { task: name, ...kind.definition };
      return [{ namespace, name, behaviour: { ...kind.behaviour }, enabled: true, definition, schedules }];
    });
  });
}

function drawSchedule(name: string, job: string, options: SimOptions, random: Random): SchedulePlan {
  return {
    name,
    timing: drawTiming(job, options, random),
    overlap: drawOverlap(job, random),
    misfire: {
      policy: random.pick(['skip', 'last', 'all']),
      window: random.pick([5000, 60_000, 3_600_000]),
      max: random.pick([1, 3, 100]),
      grace: random.pick([0, 2000, 20_000]),
      ...(random.chance(0.2) ? { rate: random.pick([120, 600]) } : {}),
    },
    jitterMs: random.chance(0.2) ? random.between(1, 4000) : 0,
  };
}

/** Half of the schedules let their runs overlap, the others share the rules. */
export function drawOverlap(job: string, random: Random): OverlapPolicy {
  const overlap = random.chance(0.4) ? 'allow' : random.pick(overlapPolicies);
  // Others would wait for each other longer than a simulation lasts.
  return overlap === 'buffer-all' && job !== 'quick' ? 'buffer-one' : overlap;
}

export function drawTiming(job: string, options: SimOptions, random: Random): Timing {
  // Jobs that hold a slot for long must not be asked for faster than the slots can take.
  const slowest = job === 'endless' || job === 'slow' ? 4 : 1;
  const draw = random.fraction();
  if (draw < 0.1) return { kind: 'delay', delayMs: random.skewed(1000, 15_000) };
  if (draw < 0.4) return { kind: 'every', everyMs: random.skewed(1000, 20_000) * slowest };
  if (draw < 0.5) return { kind: 'in', inMs: random.between(earliestShotMs, options.troubleMs) };
  if (draw < 0.6) return { kind: 'at', at: options.epochMs + random.between(earliestShotMs, options.troubleMs) };
  return { kind: 'cron', shape: drawCron(options, slowest, random) };
}

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Shanghai',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
] as const;

function drawCron(options: SimOptions, slowest: number, random: Random): CronShape {
  const zone = random.pick(zones);
  const any: Field = { any: true };
  const draw = random.fraction();
  if (draw < 0.45) return { zone, second: drawSeconds(slowest, random), minute: any, hour: any };
  if (draw < 0.7) return { zone, second: null, minute: { every: random.between(1, 4) }, hour: any };
  // Times of day near the beginning, by the zone's clock: some occur, some fall into a change of the clock.
  const local = options.epochMs + zoneOffset(zone, options.epochMs) + random.between(0, 300_000);
  const hour: Field = { list: [Math.floor(local / 3_600_000) % 24] };
  const nextHour: Field = { list: [(Math.floor(local / 3_600_000) + 1) % 24] };
  const minute: Field = { list: [Math.floor(local / 60_000) % 60] };
  if (draw < 0.8) return { zone, second: { list: [random.between(0, 59)] }, minute, hour };
  if (draw < 0.9) return { zone, second: null, minute: { list: [0] }, hour: nextHour };
  return { zone, second: drawSeconds(slowest, random), minute: any, hour: random.pick([hour, nextHour]) };
}

function drawSeconds(slowest: number, random: Random): Field {
  if (slowest > 1 || random.chance(0.3)) {
    const first = random.between(0, 29);
    return { list: [first, first + random.between(1, 30)] };
  }
  return { every: random.pick([2, 3, 5, 7, 10, 15, 20, 30]) };
}

export function scheduleInput(plan: SchedulePlan): ScheduleInput {
  const { name, timing, overlap, misfire, jitterMs } = plan;
  const rest = { name, overlap, misfire, ...(jitterMs === 0 ? {} : { jitter: jitterMs }) };
  switch (timing.kind) {
    case 'every':
      return { ...rest, every: timing.everyMs };
    case 'at':
      return { ...rest, at: timing.at };
    case 'in':
      return { ...rest, in: timing.inMs };
    case 'delay':
      return { ...rest, delay: timing.delayMs };
    case 'cron':
      return { ...rest, cron: cronText(timing.shape), timezone: timing.shape.zone };
  }
}

export function jobInput(plan: JobPlan): JobInput {
  return { ...plan.definition, name: plan.name, enabled: plan.enabled, schedules: plan.schedules.map(scheduleInput) };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, rank: random.next() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
