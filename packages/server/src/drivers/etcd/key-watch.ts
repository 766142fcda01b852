// Watches one key and says when it may have changed. The stream is opened again wherever it breaks: at the next endpoint, from the
// revision after the last one seen, or from what is kept when that one has been compacted away. Whoever listens reads the key itself,
// so what is missed while the stream is down costs one reading, not correctness.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Clock } from '../../ports/clock.ts';
import type { Identity } from '../../ports/identity.ts';
import type { EtcdClient } from './etcd-client.ts';
import type { WatchRequestSchema, WatchResponse } from './rpc_pb.ts';

const firstRestMs = 100;
const mostRestMs = 3000;

export interface KeyWatchDeps {
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
}

/** Returns the way to end it. `changed` is also called when the watch begins, and begins again. */
export function watchKey(deps: KeyWatchDeps, key: Uint8Array, changed: () => void): () => void {
  const watch = new KeyWatch(deps, key, changed);
  void watch.run();
  return () => watch.end();
}

class KeyWatch {
  readonly #deps: KeyWatchDeps;
  readonly #key: Uint8Array;
  readonly #changed: () => void;
  /** Where to go on; zero: from now. */
  #revision = 0n;
  #restMs = firstRestMs;
  #ended = false;
  /** Of the stream or the rest that is going on. */
  #step = new AbortController();

  constructor(deps: KeyWatchDeps, key: Uint8Array, changed: () => void) {
    this.#deps = deps;
    this.#key = key;
    this.#changed = changed;
  }

  end(): void {
    this.#ended = true;
    this.#step.abort();
  }

  async run(): Promise<void> {
    while (!this.#ended) {
      // However it ended, it is opened again.
      await this.#follow().catch(() => undefined);
      if (this.#ended) return;
      await this.#rest();
    }
  }

  async #follow(): Promise<void> {
    const { client } = this.#deps;
    const endpoint = client.current;
    const step = new AbortController();
    this.#step = step;
    const { signal } = step;
    try {
      await client.withToken(endpoint, async (headers) => {
        const stream = endpoint.watch.watch(requests(this.#key, this.#revision, signal), { headers, signal });
        for await (const response of stream) this.#hear(response);
      });
    } finally {
      step.abort();
      if (!this.#ended) client.moveOn(endpoint);
    }
  }

  #hear(response: WatchResponse): void {
    if (response.canceled) {
      // The oldest revision that is left; zero when it was canceled for another reason.
      if (response.compactRevision > 0n) this.#revision = response.compactRevision;
      throw new Error(`etcd ended the watch: ${response.cancelReason}`);
    }
    this.#restMs = firstRestMs;
    const { header, created, events } = response;
    if (header !== undefined && (created ? this.#revision === 0n : events.length > 0))
      this.#revision = header.revision + 1n;
    if (created || events.length > 0) this.#changed();
  }

  #rest(): Promise<void> {
    const { clock, identity } = this.#deps;
    const step = new AbortController();
    this.#step = step;
    const restMs = this.#restMs * (0.5 + identity.fraction() / 2);
    this.#restMs = Math.min(this.#restMs * 2, mostRestMs);
    return new Promise((resolve) => {
      const timer = clock.timer(restMs, resolve, { background: true });
      step.signal.addEventListener('abort', () => {
        timer.cancel();
        resolve();
      });
    });
  }
}

/** The request, and then nothing until the end: the stream lives as long as its requests do. */
async function* requests(
  key: Uint8Array,
  startRevision: bigint,
  signal: AbortSignal,
): AsyncGenerator<MessageInitShape<typeof WatchRequestSchema>> {
  yield { requestUnion: { case: 'createRequest', value: { key, startRevision } } };
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
