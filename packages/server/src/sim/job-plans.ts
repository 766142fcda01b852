// Which jobs and schedules a simulation has. Names say what a job is known for, so that a trace reads by itself.

import type { JobInput } from '@tidewheel/protocol';
import type { Behaviour } from './behaviour.ts';
import type { CalendarShape } from './calendar-shapes.ts';
import type { SimOptions } from './options.ts';
import type { Random } from './random.ts';
import { drawCalendar, drawSchedule, type SchedulePlan, scheduleInput } from './schedule-plans.ts';

export interface JobPlan {
  namespace: string;
  name: string;
  behaviour: Behaviour;
  enabled: boolean;
  definition: Omit<JobInput, 'name' | 'schedules' | 'enabled'>;
  schedules: SchedulePlan[];
  /** Applied together with the job; its schedules may leave it out or keep to it. */
  calendar: CalendarShape | null;
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

export function drawJobs(options: SimOptions, random: Random): JobPlan[] {
  return options.namespaces.flatMap((namespace) => {
    const names = shuffled(Object.keys(kinds), random).slice(0, options.jobs);
    return names.flatMap((name) => {
      const kind = kinds[name];
      if (kind === undefined) return [];
      const count = kind.scheduled ? random.between(0, 3) : 0;
      const calendar = random.chance(0.5) ? drawCalendar(`${name}-days`, options, random) : null;
      const schedules = Array.from({ length: count }, (_, index) =>
        drawSchedule(`${name}/${index}`, { job: name, calendar }, options, random),
      );
      const definition = { task: name, ...kind.definition };
      return [{ namespace, name, behaviour: { ...kind.behaviour }, enabled: true, definition, schedules, calendar }];
    });
  });
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
