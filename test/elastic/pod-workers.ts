// The nodes of the double of Kubernetes, for whole-system tests: each pod that is assigned runs a real worker of the SDK under the pod's name,
// and one that is told to end gets what a SIGTERM is: it drains, and only then the pod is gone. What the workers do is written down by themselves.

import { task, worker, type Worker } from '@tidewheel/sdk';
import type { ApiServer } from '../../packages/server/src/drivers/kubernetes/testing/api-server.ts';
import type { PodObject } from '../../packages/server/src/drivers/kubernetes/testing/cluster-state.ts';

export interface PodTruth {
  readonly pod: string;
  readonly run: string;
  readonly attempt: number;
  ended: boolean;
}

export interface PodEnd {
  readonly pod: string;
  /** Runs that it had when it was told to end. */
  readonly busy: number;
  readonly atMs: number;
}

export class PodWorkers {
  readonly truth: PodTruth[] = [];
  readonly ends: PodEnd[] = [];
  readonly #api: ApiServer;
  readonly #settings: { readonly addresses: readonly string[]; readonly token: string; readonly slots: number };
  readonly #workers = new Map<string, Worker>();
  readonly #ending = new Set<string>();
  #turning = false;

  constructor(api: ApiServer, settings: PodWorkers['settings']) {
    this.#api = api;
    this.#settings = settings;
    // Nodes are ours; the controllers stay the double's.
    Object.assign(api.controllers.behaviour, { starts: false, ends: false });
    api.state.listen(() => this.#soon());
  }

  get settings(): { readonly addresses: readonly string[]; readonly token: string; readonly slots: number } {
    return this.#settings;
  }

  busy(pod: string): number {
    return this.truth.filter((one) => one.pod === pod && !one.ended).length;
  }

  pods(): PodObject[] {
    return [...this.#api.state.pods.values()];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((one) => one.stop()));
  }

  #soon(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#api.controllers.settle();
      for (const pod of this.pods()) {
        const { uid, deletionTimestamp } = pod.metadata;
        if (deletionTimestamp !== undefined) void this.#end(pod);
        else if (pod.spec.nodeName !== undefined && !this.#workers.has(uid)) void this.#start(pod);
      }
    });
  }

  async #start(pod: PodObject): Promise<void> {
    const { name, uid } = pod.metadata;
    const piece = task({
      id: 'piece',
      run: async ({ ctx, input, signal }) => {
        const told: PodTruth = { pod: name, run: ctx.runId, attempt: ctx.attempt, ended: false };
        this.truth.push(told);
        const ms = typeof input === 'object' && input !== null && 'ms' in input ? Number(input.ms) : 0;
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, ms);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            reject(signal.reason as Error);
          });
        });
        told.ended = true;
      },
    });
    const { addresses, token, slots } = this.#settings;
    const running = worker({
      addresses,
      token,
      name,
      slots,
      tasks: [piece],
      labels: { pool: 'crunch' },
      handleSignals: false,
      handleUncaught: false,
      register: false,
      drainTimeout: '60s',
    });
    this.#workers.set(uid, running);
    await running.start();
    this.#api.controllers.become(pod, { phase: 'Running', ready: true });
  }

  async #end(pod: PodObject): Promise<void> {
    const { name, uid } = pod.metadata;
    if (this.#ending.has(uid)) return;
    this.#ending.add(uid);
    this.ends.push({ pod: name, busy: this.busy(name), atMs: performance.now() });
    await this.#workers.get(uid)?.drain();
    this.#api.state.remove(pod);
  }
}
