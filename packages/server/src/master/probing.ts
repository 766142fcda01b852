// The leader's duty to try the whole path again and again: for each namespace with live workers a job fires every ten seconds, is
// dispatched, executed and acknowledged like any other. Its time from nominal fire to accepted result is a metric; when it is late, the
// self-check says at which step it stands.

import { applyRequestSchema, probeNamespace, probeTask } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { probedNamespaces, probesForget, probeTimes } from '../store/probes.ts';
import type { Definitions } from './definitions.ts';
import type { MasterContext } from './deps.ts';
import type { Duty } from './duty.ts';

const restMs = 5000;
/** Without a worker that could be probed. */
const idleMs = 20_000;
/** Probes of a namespace without workers go on so long, so that a fleet that comes and goes does not make and delete jobs. */
const lingerMs = 3_600_000;
const keepMs = 2 * 3_600_000;
const forgetEveryMs = 60_000;

const firstId = '00000000-0000-0000-0000-000000000000';

export function probing(context: MasterContext, definitions: Pick<Definitions, 'apply'>): Duty {
  const { clock, db, metrics } = context;
  return {
    name: 'probing',
    begin: (leader) => {
      const seenAtMs = new Map<string, number>();
      let applied = '';
      let lastId: string | null = null;
      let forgetAtMs = Number.NEGATIVE_INFINITY;
      return async () => {
        const now = clock.monotonicMs();
        for (const namespace of await probedNamespaces(db, serverLimits.probedNamespaces)) seenAtMs.set(namespace, now);
        for (const [namespace, atMs] of seenAtMs) if (now - atMs > lingerMs) seenAtMs.delete(namespace);
        const wanted = [...seenAtMs.keys()].toSorted();
        if (wanted.join(' ') !== applied) {
          const jobs = wanted.map(jobOf);
          const order = applyRequestSchema.parse({ jobs, source: 'probes', prune: true, takeOver: true });
          // In a transaction of the term: what a deposed leader still believes of the workers must not undo what its successor applied.
          await definitions.apply(probeNamespace, 'probes', order, {
            role: 'admin',
            within: (body) => leader.transaction(body),
          });
          applied = wanted.join(' ');
        }
        if (now >= forgetAtMs) {
          await leader.transaction((tx) => probesForget(tx, keepMs, serverLimits.promoteRuns));
          forgetAtMs = now + forgetEveryMs;
        }
        if (wanted.length === 0) return idleMs;
        // The first look of a term only finds out where the last one ended.
        const { times, lastId: seen } = await probeTimes(db, lastId ?? firstId, serverLimits.promoteRuns);
        if (lastId !== null)
          for (const { namespace, tookMs } of times)
            metrics.observe('tidewheel_probe_seconds', Math.max(0, tookMs) / 1000, { namespace });
        lastId = seen;
        return restMs;
      };
    },
  };
}

function jobOf(namespace: string) {
  return {
    name: namespace,
    task: probeTask,
    queue: namespace,
    priority: 100,
    timeout: { start: '1m', run: '1m' },
    schedules: [{ name: namespace, every: '10s', overlap: 'skip', misfire: { policy: 'last' } }],
  };
}
