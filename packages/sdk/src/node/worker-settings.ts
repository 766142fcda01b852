// What a worker tells the masters of itself, from its options and from the machine it runs on.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { faultsOf, helloSchema, limits, probeHandler, Refusal } from '@tidewheel/protocol';
import type { WorkerSettings } from '../worker/session-ports.ts';
import { systemRandom } from './system-clock.ts';

export type BuiltInExecutor = 'shell' | 'http';

export interface WorkerFacts {
  /** Shown in lists; host name and process id unless given, in a pod of Kubernetes the name of the pod. */
  name?: string | undefined;
  /** Attempts at the same time; 10 unless given. */
  slots?: number | undefined;
  /** `default` unless given. */
  queues?: readonly string[] | undefined;
  /** What jobs with a selector ask for. */
  labels?: Readonly<Record<string, string>> | undefined;
  /** Kinds of jobs to run besides the tasks. Shell jobs run as the user of this process: only on purpose. */
  executors?: readonly BuiltInExecutor[] | undefined;
}

/** Throws a Refusal that names what is wrong. */
export function settingsOf(
  facts: WorkerFacts,
  taskIds: Iterable<string>,
  addresses: readonly string[],
): WorkerSettings {
  const settings: WorkerSettings = {
    worker:
      facts.name ?? defaultWorkerName(hostname(), process.pid, process.env['KUBERNETES_SERVICE_HOST'] !== undefined),
    version: sdkVersion(),
    host: hostname().slice(0, 255),
    pid: process.pid,
    slots: facts.slots ?? 10,
    queues: facts.queues ?? ['default'],
    handlers: [...[...taskIds].map((id) => `task:${id}`), ...new Set(facts.executors)],
    labels: { ...facts.labels },
    addresses,
  };
  if (settings.handlers.length === 0) {
    throw new Refusal(
      'INVALID_CONFIG',
      'a worker needs something to run: give it tasks, or executors such as shell and http',
    );
  }
  // Every worker answers probes; one that could do nothing else would be of no use.
  if (settings.handlers.length < limits.workerHandlers) settings.handlers = [...settings.handlers, probeHandler];
  const { addresses: _, ...self } = settings;
  const hello = { type: 'hello', ...self, incarnation: systemRandom.uuid(), holding: [], resume: false };
  const checked = helloSchema.safeParse(hello);
  if (!checked.success) {
    throw new Refusal('INVALID_CONFIG', 'the options of the worker are invalid', {
      faults: faultsOf(checked.error.issues),
    });
  }
  return settings;
}

/**
 * In a pod of Kubernetes the host is named after the pod, and a scaler knows the worker by that name alone. Elsewhere several workers may
 * share a host.
 */
export function defaultWorkerName(host: string, pid: number, inPod: boolean): string {
  const text = (inPod ? host : `${host}-${pid}`).replace(/[^A-Za-z0-9._/-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return text.slice(-limits.nameChars).replace(/^[^A-Za-z0-9]+/, '');
}

/** The package file stands two levels above both src/node and dist/node. */
function sdkVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
