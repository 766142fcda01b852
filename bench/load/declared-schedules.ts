// Schedules in any number, declared in requests that are within the limits. They belong to jobs whose task does nothing.

import type { JobInput } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';

type ScheduleInput = NonNullable<JobInput['schedules']>[number];
type Times = Omit<ScheduleInput, 'name'>;

const perJob = 100;
const jobsPerApply = 20;

/** `times` says what the schedule of this number fires by. `name` keeps several sets apart. */
export async function declareSchedules(
  client: Client,
  name: string,
  schedules: number,
  times: (number: number) => Times,
): Promise<void> {
  const jobs = Array.from({ length: Math.ceil(schedules / perJob) }, (_, job): JobInput => {
    const first = job * perJob;
    return {
      name: `${name}-${job}`,
      task: 'stamped',
      schedules: Array.from({ length: Math.min(perJob, schedules - first) }, (__, index) => ({
        name: `${name}-${first + index}`,
        ...times(first + index),
      })),
    };
  });
  for (let from = 0; from < jobs.length; from += jobsPerApply) {
    await client.apply({ jobs: jobs.slice(from, from + jobsPerApply), source: sourceOf(name, from / jobsPerApply) });
  }
}

/** Deleting decides what is due until then, so the ledger is complete. */
export async function deleteSchedules(client: Client, name: string, schedules: number): Promise<void> {
  const applies = Math.ceil(schedules / perJob / jobsPerApply);
  for (let number = 0; number < applies; number += 1) {
    await client.apply({ jobs: [], source: sourceOf(name, number), prune: true });
  }
}

function sourceOf(name: string, number: number): string {
  return `bench-${name}-${number}`;
}

/** In a month that nobody waits for here. */
export function farAway(number: number): Times {
  return { cron: `${number % 60} ${number % 24} 1 ${((new Date().getUTCMonth() + 6) % 12) + 1} *` };
}
