// Runs over the API: make them, list them, stop and repeat them, read and follow their logs.

import {
  limits,
  type LogChunkView,
  type RunState,
  type RunSummary,
  type RunView,
  type TriggerRequest,
  type TriggerResult,
} from '@tidewheel/protocol';
import type { ClientPorts } from './client-ports.ts';
import { followEvents } from './event-stream.ts';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export interface RunFilter extends PageOptions {
  state?: RunState | readonly RunState[] | undefined;
  job?: string | undefined;
  schedule?: string | undefined;
  worker?: string | undefined;
  queue?: string | undefined;
  /** ms since 1970. */
  createdAfter?: number | undefined;
  createdBefore?: number | undefined;
}

/** A chunk with the cursor that goes on after it. */
export interface FollowedLog {
  readonly chunk: LogChunkView;
  readonly cursor: string;
}

export interface CancelAnswer {
  readonly outcome: 'canceled' | 'requested' | 'finished';
  readonly state: RunState;
}

export interface FollowLogs {
  /** Goes on after this cursor. */
  after?: string | undefined;
  signal?: AbortSignal | undefined;
}

export class RunsApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = `${namespaceBase}/runs`;
  }

  get ports(): ClientPorts {
    return this.#requests.ports;
  }

  list(filter: RunFilter = {}): Listing<RunSummary> {
    const { cursor, limit, ...query } = filter;
    return new Listing((page) => this.#requests.json('GET', this.#base, { query: { ...query, ...page } }), {
      cursor,
      limit,
    });
  }

  get(id: string): Promise<RunView> {
    return this.#requests.json('GET', this.#of(id));
  }

  /** A key of our own makes it safe to ask again when the answer was lost. */
  trigger(request: TriggerRequest): Promise<TriggerResult> {
    const { idempotencyKey = this.ports.uuid() } = request;
    return this.#requests.json('POST', this.#base, { body: { ...request, idempotencyKey }, repeatable: true });
  }

  /** Any number of runs, in as many requests as the limits ask for; all of one request or none of it. Each request has a key of our own. */
  async triggerBatch(requests: readonly TriggerRequest[]): Promise<TriggerResult[]> {
    const results: TriggerResult[] = [];
    for (const body of batchesOf(requests)) {
      const answer = await this.#requests.json<{ runs: TriggerResult[] }>('POST', `${this.#base}/batch`, {
        body,
        headers: { 'idempotency-key': this.ports.uuid() },
        repeatable: true,
      });
      for (const result of answer.runs) results.push(result);
    }
    return results;
  }

  /** `requested`: the worker has been asked; the run is final when it has obeyed. */
  cancel(id: string, reason = ''): Promise<CancelAnswer> {
    return this.#requests.json('POST', `${this.#of(id)}/cancel`, { body: { reason }, repeatable: true });
  }

  /** Another run of the same job, with the same payload unless another is given. */
  retry(id: string, options: { payload?: unknown } = {}): Promise<TriggerResult> {
    const body = options.payload === undefined ? {} : { payload: options.payload };
    return this.#requests.json('POST', `${this.#of(id)}/retry`, { body });
  }

  logs(id: string, page: PageOptions = {}): Listing<LogChunkView> {
    return new Listing((query) => this.#requests.json('GET', `${this.#of(id)}/logs`, { query: { ...query } }), page);
  }

  /** What is there and what comes, until the run is final. */
  async *follow(id: string, options: FollowLogs = {}): AsyncGenerator<FollowedLog> {
    const path = `${this.#of(id)}/logs/stream`;
    const { after: lastEventId, signal } = options;
    for await (const event of followEvents(this.#requests, path, { lastEventId, signal })) {
      if (event.event === 'log') yield { chunk: JSON.parse(event.data) as LogChunkView, cursor: event.id };
    }
  }

  #of(id: string): string {
    return `${this.#base}/${encodeURIComponent(id)}`;
  }
}

/** Bodies of at most so many runs and so many bytes; a single run that is too large is for the master to refuse. */
function* batchesOf(requests: readonly TriggerRequest[]): Generator<string> {
  // UTF-8 has at most three bytes for each unit of a string.
  const mostChars = limits.bodyBytes / 3 - 100;
  let batch: string[] = [];
  let chars = 0;
  for (const request of requests) {
    const text = JSON.stringify(request);
    if (batch.length >= limits.batchRuns || (batch.length > 0 && chars + text.length + 1 > mostChars)) {
      yield `{"runs":[${batch.join(',')}]}`;
      batch = [];
      chars = 0;
    }
    batch.push(text);
    chars += text.length + 1;
  }
  if (batch.length > 0) yield `{"runs":[${batch.join(',')}]}`;
}
