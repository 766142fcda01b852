// One workload that a pool is made of: its number, its pods as they are followed, and what is remembered between two orders.

import type { PoolDriver } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Identity } from '../../ports/identity.ts';
import type { Fleet, Machine, ScalerOrder } from '../../ports/scaler.ts';
import { type ApiClient, ApiError, rest } from './api-client.ts';
import { type Pod, type Scale, scaleSchema, statusSchema, type Workload, workloadSchema } from './api-objects.ts';
import { type OrderPlan, planOrder } from './order-plan.ts';
import { hasEnded, isActive, machineOf, ownerOf } from './pod-facts.ts';
import { type IdleSince, orderMarks, type PodMark, workMarks } from './pod-marks.ts';
import { listPods, PodWatch, type PodWatchOptions } from './pod-watch.ts';

type KubernetesDriver = PoolDriver & { kind: 'kubernetes' };

export interface KubernetesPoolOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
  readonly driver: KubernetesDriver;
  readonly hearMs: number;
}

const mergePatch = 'application/merge-patch+json';
const conflict = 409;
const notFound = 404;
const patchesAtOnce = 8;
const conflictRestMs = 20;

export class KubernetesPool {
  /** When somebody asked last, by the monotonic clock. */
  askedAt = 0;
  readonly #options: KubernetesPoolOptions;
  readonly #workloadPath: string;
  readonly #machines = new WeakMap<Pod, Machine>();
  readonly #idleSince: IdleSince = new Map();
  /** The pods that were meant when their names were first named to go. */
  #meant = new Map<string, string>();
  #watch: { readonly selector: string; readonly pods: PodWatch } | null = null;
  #waiting: string | null = null;
  #firstOrdinal: number | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: KubernetesPoolOptions) {
    this.#options = options;
    const { namespace, workload, name } = options.driver;
    const kind = workload === 'Deployment' ? 'deployments' : 'statefulsets';
    this.#workloadPath = `/apis/apps/v1/namespaces/${namespace}/${kind}/${name}`;
  }

  isOf(driver: KubernetesDriver): boolean {
    const own = this.#options.driver;
    return own.namespace === driver.namespace && own.workload === driver.workload && own.name === driver.name;
  }

  async close(): Promise<void> {
    await this.#watch?.pods.end();
    this.#watch = null;
  }

  async observe(signal: AbortSignal): Promise<Fleet> {
    const scale = await this.#scale(signal);
    const pods = await this.#followed(scale, signal);
    const ordered = replicasOf(scale);
    const hindered = pods.filter(isActive).length < ordered ? await this.#hindrance(signal) : null;
    const notes = [this.#waiting, hindered].filter((note) => note !== null);
    return {
      ordered,
      machines: pods.filter((pod) => !hasEnded(pod)).map((pod) => this.#machineOf(pod)),
      note: notes.length === 0 ? null : notes.join('; '),
    };
  }

  /** Thousands of pods are looked at every second, and few of them have changed. */
  #machineOf(pod: Pod): Machine {
    const made = this.#machines.get(pod) ?? machineOf(pod);
    this.#machines.set(pod, made);
    return made;
  }

  apply(order: ScalerOrder, signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#apply(order, signal));
  }

  working(workers: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      const pods = await this.#followed(await this.#scale(signal), signal);
      const byCost = this.#options.driver.workload === 'Deployment';
      const nowMs = this.#options.clock.monotonicMs();
      const [isNamed, idleSince] = [this.#isNamed, this.#idleSince];
      const marks = workMarks({ pods, working: workers, isNamed, idleSince, nowMs, byCost });
      await this.#mark(marks.slice(0, serverLimits.scalerMarks), signal);
    });
  }

  /** One after the other: each looks at what the one before has left. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  async #apply(order: ScalerOrder, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const scale = await this.#scale(signal);
    const pods = await this.#followed(scale, signal);
    this.#remember(order, pods);
    const plan = await this.#plan(order, scale, pods, signal);
    if (plan.replicas > replicasOf(scale) && plan.leaving.length === 0) return this.#grow(plan, scale, order, signal);
    const marks = this.#options.driver.workload === 'Deployment' ? orderMarks(pods, this.#isNamed) : [];
    await this.#mark(marks.slice(0, serverLimits.scalerLeavers), signal);
    if (plan.replicas === replicasOf(scale) && plan.leaving.length === 0) {
      this.#waiting = null;
      return;
    }
    if (marks.length > 0) await rest(this.#options.clock, this.#options.hearMs, signal);
    await this.#settle(order, signal);
  }

  async #grow(plan: OrderPlan, scale: Scale, order: ScalerOrder, signal: AbortSignal): Promise<void> {
    this.#waiting = plan.note;
    if (!(await this.#tell(plan.replicas, scale, signal))) await this.#settle(order, signal);
  }

  /** Looks anew, and does what that asks for. Somebody may have been faster: then it is looked at again. */
  async #settle(order: ScalerOrder, signal: AbortSignal): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      const scale = await this.#scale(signal);
      const { pods } = await listPods(this.#watchOptions(scale), signal);
      this.#remember(order, pods);
      const plan = await this.#plan(order, scale, pods, signal);
      this.#waiting = plan.note;
      const done = plan.replicas === replicasOf(scale) || (await this.#tell(plan.replicas, scale, signal));
      if (done) return this.#each(plan.replace, (pod) => this.#delete(pod, signal));
      if (tried >= serverLimits.scalerTries)
        throw new ApiError(conflict, `${this.#workloadPath}: changed by somebody else ${tried} times in a row`);
      await rest(this.#options.clock, this.#options.identity.fraction() * conflictRestMs * 2 ** tried, signal);
    }
  }

  async #plan(order: ScalerOrder, scale: Scale, pods: readonly Pod[], signal: AbortSignal): Promise<OrderPlan> {
    const { workload } = this.#options.driver;
    if (workload === 'StatefulSet') this.#firstOrdinal ??= (await this.#workload(signal)).spec?.ordinals?.start ?? 0;
    const firstOrdinal = this.#firstOrdinal ?? 0;
    return planOrder({ workload, replicas: replicasOf(scale), firstOrdinal, pods, order, isNamed: this.#isNamed });
  }

  readonly #isNamed = ({ metadata }: Pod): boolean => this.#meant.get(metadata.name) === metadata.uid;

  #remember({ release }: ScalerOrder, pods: readonly Pod[]): void {
    const byName = new Map(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
    const meant = release.flatMap((name) => {
      const uid = this.#meant.get(name) ?? byName.get(name);
      return uid === undefined ? [] : [[name, uid] as const];
    });
    this.#meant = new Map(meant);
  }

  #scale(signal: AbortSignal): Promise<Scale> {
    return this.#options.client.call(scaleSchema, { method: 'GET', path: `${this.#workloadPath}/scale`, signal });
  }

  #workload(signal: AbortSignal): Promise<Workload> {
    return this.#options.client.call(workloadSchema, { method: 'GET', path: this.#workloadPath, signal });
  }

  /** False: somebody has changed it since it was read. */
  async #tell(replicas: number, scale: Scale, signal: AbortSignal): Promise<boolean> {
    const { resourceVersion } = scale.metadata;
    const path = `${this.#workloadPath}/scale`;
    const body = { metadata: { resourceVersion }, spec: { replicas } };
    return this.#change(() =>
      this.#options.client.call(scaleSchema, {
        method: 'PATCH',
        path,
        query: { fieldManager: 'tidewheel' },
        body,
        contentType: mergePatch,
        signal,
      }),
    );
  }

  async #change(call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === conflict) return false;
      throw error;
    }
  }

  async #mark(marks: readonly PodMark[], signal: AbortSignal): Promise<void> {
    const namespace = this.#options.driver.namespace;
    await this.#each(marks, async ({ pod: { metadata }, annotations }) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}`;
      // With the uid, so that the mark does not reach another pod that has got the name since.
      const body = { metadata: { uid: metadata.uid, annotations } };
      const query = { fieldManager: 'tidewheel' };
      await this.#unlessGone(
        this.#options.client.call(statusSchema, {
          method: 'PATCH',
          path,
          query,
          body,
          contentType: mergePatch,
          signal,
        }),
      );
    });
  }

  async #delete({ metadata }: Pod, signal: AbortSignal): Promise<void> {
    const path = `/api/v1/namespaces/${this.#options.driver.namespace}/pods/${metadata.name}`;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: metadata.uid } };
    await this.#unlessGone(this.#options.client.call(statusSchema, { method: 'DELETE', path, body, signal }));
  }

  /** A pod that has gone meanwhile, or whose name is another's now, needs nothing. */
  async #unlessGone(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== notFound && error.status !== conflict)) throw error;
    }
  }

  async #each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    for (let from = 0; from < items.length; from += patchesAtOnce)
      await Promise.all(items.slice(from, from + patchesAtOnce).map((item) => work(item)));
  }

  async #followed(scale: Scale, signal: AbortSignal): Promise<readonly Pod[]> {
    const options = this.#watchOptions(scale);
    if (this.#watch?.selector !== options.selector) {
      await this.close();
      this.#watch = { selector: options.selector, pods: new PodWatch(options) };
    }
    return this.#watch.pods.current(signal);
  }

  #watchOptions(scale: Scale): PodWatchOptions {
    const { client, clock, identity, driver } = this.#options;
    const selector = scale.status?.selector ?? '';
    if (selector === '') throw new ApiError(-1, `${this.#workloadPath}: the workload says no selector of its pods`);
    return { client, clock, identity, namespace: driver.namespace, selector, isOwn: (pod) => isOwn(pod, driver) };
  }

  /** Why there are fewer pods than ordered, such as a quota. */
  async #hindrance(signal: AbortSignal): Promise<string | null> {
    const { status } = await this.#workload(signal);
    const failed = status?.conditions?.find(
      ({ type, status: holds, reason }) =>
        (type === 'ReplicaFailure' && holds === 'True') ||
        (type === 'Progressing' && holds === 'False' && reason === 'ProgressDeadlineExceeded'),
    );
    return failed === undefined ? null : [failed.reason, failed.message].filter(Boolean).join(': ');
  }
}

function replicasOf({ spec }: Scale): number {
  return spec?.replicas ?? 0;
}

/** A Deployment owns its pods through sets that are named after it, with one word more. */
function isOwn(pod: Pod, { workload, name }: KubernetesDriver): boolean {
  const owner = ownerOf(pod);
  if (owner === null) return false;
  if (workload === 'StatefulSet') return owner.kind === 'StatefulSet' && owner.name === name;
  const word = owner.name.startsWith(`${name}-`) ? owner.name.slice(name.length + 1) : '-';
  return owner.kind === 'ReplicaSet' && !word.includes('-');
}
