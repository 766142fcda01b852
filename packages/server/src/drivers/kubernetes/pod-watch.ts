// The pods of one workload, kept up to date: listed once, then followed from there.
//
//   list ──► follow ──closed by the server──► follow from the last version seen
//    ▲          └──broken──► rest (full jitter, or as long as the server asks) ──► follow from the last version seen
//    └──the version is too old (410)──┘
//
// While it cannot be followed, whoever asks waits for the next attempt, and gets its failure when it fails: what is old is not told.

import { serverLimits } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Identity } from '../../ports/identity.ts';
import { type ApiClient, ApiError, rest } from './api-client.ts';
import { type Pod, podListSchema, watchEventSchema } from './api-objects.ts';
import { linesOf } from './line-stream.ts';

export interface PodWatchOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
  readonly namespace: string;
  readonly selector: string;
  /** Selectors of two workloads may overlap. */
  readonly isOwn: (pod: Pod) => boolean;
}

const gone = 410;
/** The server closes the stream after so long; a bookmark comes about every minute, so silence for longer is a broken connection. */
const followSeconds = 300;
const silenceMs = 75_000;
const listMs = 10_000;
const firstRestMs = 100;
const mostRestMs = 5000;

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

export interface PodList {
  readonly pods: readonly Pod[];
  readonly version: string;
}

/** All pods as they are now, by asking; not from what is kept. */
export async function listPods(options: PodWatchOptions, signal: AbortSignal): Promise<PodList> {
  try {
    return await listPages(options, signal);
  } catch (error) {
    // Its next page had been forgotten: from the first one again, once.
    if (error instanceof ApiError && error.status === gone) return listPages(options, signal);
    throw error;
  }
}

async function listPages(options: PodWatchOptions, signal: AbortSignal): Promise<PodList> {
  const pods: Pod[] = [];
  for (let next = ''; ; ) {
    const query = {
      labelSelector: options.selector,
      limit: String(serverLimits.scalerPage),
      ...(next === '' ? {} : { continue: next }),
    };
    const list = await options.client.call(podListSchema, { method: 'GET', path: pathOf(options), query, signal });
    pods.push(...(list.items ?? []).filter(options.isOwn));
    if (pods.length > serverLimits.scalerMachines)
      throw new ApiError(-1, `more than ${serverLimits.scalerMachines} pods of one workload`);
    next = list.metadata.continue ?? '';
    if (next === '') return { pods, version: list.metadata.resourceVersion };
  }
}

export class PodWatch {
  readonly #options: PodWatchOptions;
  readonly #ended = new AbortController();
  /** By uid: a StatefulSet uses names again. */
  readonly #pods = new Map<string, Pod>();
  readonly #done: Promise<void>;
  #version: string | null = null;
  #follows = false;
  #waiters = new Set<Waiter>();
  #failures = 0;
  /** Since it was last followed, because the version was too old. */
  #listedAnew = false;

  constructor(options: PodWatchOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** As followed. Rejects with an ApiError when that is not possible. */
  async current(signal: AbortSignal): Promise<readonly Pod[]> {
    if (!this.#follows) await this.#nextAttempt(signal);
    return [...this.#pods.values()];
  }

  async end(): Promise<void> {
    this.#ended.abort(new Error('the watch was ended'));
    await this.#done;
  }

  #nextAttempt(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiters.add(waiter);
      const onAbort = (): void => {
        this.#waiters.delete(waiter);
        const reason: unknown = signal.reason;
        reject(
          new ApiError(0, `${pathOf(this.#options)}: ${reason instanceof Error ? reason.message : String(reason)}`),
        );
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #tell(error: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const { resolve, reject } of waiters)
      if (error === null) resolve();
      else reject(error);
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list();
        await this.#follow(this.#version);
        // Closed as agreed, or by a server that closes at once: then not in a circle.
        await this.#pause(0);
      } catch (error) {
        if (signal.aborted) break;
        await this.#recover(error);
      }
    }
    this.#follows = false;
    this.#tell(new ApiError(-1, 'this master is stopping'));
  }

  async #recover(error: unknown): Promise<void> {
    this.#follows = false;
    if (error instanceof ApiError && error.status === gone) {
      const seen = this.#version;
      this.#version = null;
      // The first time at once, also when the connection was cut before: nothing is wrong, this client was only too slow.
      if (seen !== null && !this.#listedAnew) {
        this.#listedAnew = true;
        return;
      }
    }
    this.#tell(error);
    await this.#pause(error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0);
  }

  /** Full jitter over a bound that doubles for as long as nothing is heard. */
  async #pause(leastMs: number): Promise<void> {
    const { clock, identity } = this.#options;
    const most = Math.min(mostRestMs, firstRestMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    await rest(clock, leastMs + identity.fraction() * most, this.#ended.signal);
  }

  async #list(): Promise<string> {
    const { clock } = this.#options;
    const bound = new AbortController();
    const timer = clock.timer(listMs, () => bound.abort(new Error(`no list within ${listMs} ms`)), {
      background: true,
    });
    try {
      const signal = AbortSignal.any([bound.signal, this.#ended.signal]);
      const { pods, version } = await listPods(this.#options, signal);
      this.#pods.clear();
      for (const pod of pods) this.#pods.set(pod.metadata.uid, pod);
      return version;
    } finally {
      timer.cancel();
    }
  }

  async #follow(version: string): Promise<void> {
    const { client, clock } = this.#options;
    const silent = new AbortController();
    const listen = () =>
      clock.timer(silenceMs, () => silent.abort(new Error(`nothing heard for ${silenceMs} ms`)), { background: true });
    let timer = listen();
    try {
      const answer = await client.send({
        method: 'GET',
        path: pathOf(this.#options),
        query: {
          labelSelector: this.#options.selector,
          watch: 'true',
          resourceVersion: version,
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(followSeconds),
        },
        signal: AbortSignal.any([silent.signal, this.#ended.signal]),
      });
      this.#follows = true;
      this.#tell(null);
      for await (const line of linesOf(answer.body, serverLimits.scalerLineBytes)) {
        timer.cancel();
        timer = listen();
        this.#hear(line);
      }
    } finally {
      timer.cancel();
    }
  }

  #hear(line: string): void {
    const read = watchEventSchema.safeParse(parsed(line));
    if (!read.success) throw new ApiError(0, `${pathOf(this.#options)}: the watch sent what is no event`);
    const { type, object } = read.data;
    if (type === 'ERROR')
      throw new ApiError(object.code ?? 0, `the watch ended: ${object.message ?? object.reason ?? ''}`);
    this.#failures = 0;
    this.#listedAnew = false;
    this.#version = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED' || !this.#options.isOwn(object)) this.#pods.delete(object.metadata.uid);
    else this.#pods.set(object.metadata.uid, object);
  }
}

function pathOf({ namespace }: PodWatchOptions): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
