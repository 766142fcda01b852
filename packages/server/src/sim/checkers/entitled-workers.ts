// S14. What a worker receives it was entitled to: its namespace, a queue that it serves, a handler and the labels that it has.

import type { Entitlement } from '../evidence.ts';
import type { JobPlan } from '../job-plans.ts';
import type { Checker } from './checker.ts';

export const entitledWorkers: Checker = {
  id: 'S14',
  promise: 'no payload reaches a worker that is not entitled to it',
  check({ truth, jobs, entitled }) {
    const plans = new Map(jobs.map((job) => [`${job.namespace} ${job.name}`, job]));
    return truth.received.flatMap(({ worker, namespace, job, runId }) => {
      const plan = plans.get(`${namespace} ${job}`);
      const may = entitled.get(worker);
      const fault = plan === undefined || may === undefined ? 'nobody knows' : faultOf(plan, may);
      return fault === null ? [] : [`run ${runId} of ${namespace}/${job} reached ${worker}: ${fault}`];
    });
  },
};

function faultOf({ namespace, name, definition }: JobPlan, may: Entitlement): string | null {
  if (may.namespace !== namespace) return `it is of ${may.namespace}`;
  if (!may.queues.includes(definition.queue ?? 'default')) return 'it does not serve the queue';
  if (!may.handlers.includes(`task:${name}`)) return 'it has no such handler';
  const labels = Object.entries(definition.selector ?? {});
  return labels.every(([key, value]) => may.labels[key] === value) ? null : 'it does not have the labels';
}
