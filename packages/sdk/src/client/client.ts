// The client of one namespace: trigger tasks by their type, and everything else that the API offers.

import {
  Refusal,
  type ApplyRequest,
  type ApplyResult,
  type LiveTopic,
  type Overview,
  type ServerInfo,
  type SessionInfo,
  type TriggerRequest,
} from '@tidewheel/protocol';
import { check, describeFaults } from '../schema.ts';
import type { Task, TaskInput, TaskOutput } from '../task.ts';
import { BackfillsApi, CalendarsApi } from './calendars-api.ts';
import { applyDefinitions, JobsApi, SchedulesApi } from './definitions-api.ts';
import { BackupsApi } from './backups-api.ts';
import { ClusterApi } from './cluster-api.ts';
import { followEvents } from './event-stream.ts';
import { LocksApi } from './locks-api.ts';
import { AuditApi, TokensApi, WorkersApi } from './operations-api.ts';
import { PoolsApi } from './pools-api.ts';
import type { Requests } from './requests.ts';
import { RetentionApi } from './retention-api.ts';
import { RunHandle } from './run-handle.ts';
import { RunsApi } from './runs-api.ts';

export interface TriggerOptions {
  /** The same key within 24 hours answers with the run that it made first. */
  idempotencyKey?: string | undefined;
  /** `'10m'`, or milliseconds. */
  delay?: string | number | undefined;
  priority?: number | undefined;
}

/** A task's input may be left out where its type allows undefined. */
export type InputArguments<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options];

export type BatchItem<Input> = TriggerOptions & (undefined extends Input ? { input?: Input } : { input: Input });

export class Client {
  readonly namespace: string;
  readonly jobs: JobsApi;
  readonly schedules: SchedulesApi;
  readonly calendars: CalendarsApi;
  readonly backfills: BackfillsApi;
  readonly runs: RunsApi;
  readonly workers: WorkersApi;
  readonly locks: LocksApi;
  readonly cluster: ClusterApi;
  readonly backups: BackupsApi;
  readonly tokens: TokensApi;
  readonly audit: AuditApi;
  readonly retention: RetentionApi;
  readonly pools: PoolsApi;
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespace: string) {
    this.#requests = requests;
    this.namespace = namespace;
    this.#base = `/v1/namespaces/${encodeURIComponent(namespace)}`;
    this.jobs = new JobsApi(requests, this.#base);
    this.schedules = new SchedulesApi(requests, this.#base);
    this.calendars = new CalendarsApi(requests, this.#base);
    this.backfills = new BackfillsApi(requests, this.#base);
    this.runs = new RunsApi(requests, this.#base);
    this.workers = new WorkersApi(requests, this.#base);
    this.cluster = new ClusterApi(requests);
    this.backups = new BackupsApi(requests);
    this.locks = new LocksApi(requests, this.#base);
    this.tokens = new TokensApi(requests);
    this.audit = new AuditApi(requests, this.#base);
    this.retention = new RetentionApi(requests, this.#base);
    this.pools = new PoolsApi(requests, this.#base);
  }

  /** Checks the input against the task's schema first. A name alone triggers a job whose task is not at hand. */
  trigger<T extends Task>(
    task: T,
    ...rest: InputArguments<TaskInput<T>, TriggerOptions>
  ): Promise<RunHandle<TaskOutput<T>>>;
  trigger<T extends Task = Task>(
    job: string,
    ...rest: InputArguments<TaskInput<T>, TriggerOptions>
  ): Promise<RunHandle<TaskOutput<T>>>;
  async trigger(target: Task | string, input?: unknown, options: TriggerOptions = {}): Promise<RunHandle> {
    const result = await this.runs.trigger(await requestOf(target, input, options));
    return new RunHandle(result.runId, result.created, this.runs);
  }

  /** In as few requests as the limits allow. When one of several is refused, those before it have been made. */
  triggerBatch<T extends Task>(task: T, items: readonly BatchItem<TaskInput<T>>[]): Promise<RunHandle<TaskOutput<T>>[]>;
  triggerBatch<T extends Task = Task>(
    job: string,
    items: readonly BatchItem<TaskInput<T>>[],
  ): Promise<RunHandle<TaskOutput<T>>[]>;
  async triggerBatch(target: Task | string, items: readonly BatchItem<unknown>[]): Promise<RunHandle[]> {
    const requests: TriggerRequest[] = [];
    for (const [index, { input, ...options }] of items.entries()) {
      requests.push(await requestOf(target, input, options, `/${index}`));
    }
    const results = await this.runs.triggerBatch(requests);
    return results.map(({ runId, created }) => new RunHandle(runId, created, this.runs));
  }

  /** A run that was triggered elsewhere. */
  run<T extends Task = Task>(id: string): RunHandle<TaskOutput<T>> {
    return new RunHandle(id, false, this.runs);
  }

  apply(request: ApplyRequest): Promise<ApplyResult> {
    return applyDefinitions(this.#requests, this.#base, request);
  }

  overview(): Promise<Overview> {
    return this.#requests.json('GET', `${this.#base}/overview`);
  }

  /** What kind of thing has changed, as it happens; the first answer comes with the first change. */
  async *live(options: { signal?: AbortSignal } = {}): AsyncGenerator<readonly LiveTopic[]> {
    for await (const event of followEvents(this.#requests, `${this.#base}/live`, options)) {
      if (event.event === 'changed') yield (JSON.parse(event.data) as { topics: LiveTopic[] }).topics;
    }
  }

  server(): Promise<ServerInfo> {
    return this.#requests.json('GET', '/v1/server');
  }

  async namespaces(): Promise<string[]> {
    const { items } = await this.#requests.json<{ items: string[] }>('GET', '/v1/namespaces');
    return items;
  }

  /** Whom the token speaks for. */
  whoAmI(): Promise<SessionInfo> {
    return this.#requests.json('GET', '/v1/session');
  }

  openApi(): Promise<Record<string, unknown>> {
    return this.#requests.json('GET', '/openapi.json');
  }

  /** Prometheus text. */
  metrics(): Promise<string> {
    return this.#requests.send('GET', '/metrics', { headers: { accept: 'text/plain' } }, (response) => response.text());
  }

  /** The master that is asked has its store and takes work. */
  async isReady(): Promise<boolean> {
    try {
      await this.#requests.send('GET', '/readyz', {}, (response) => response.text());
      return true;
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }
}

async function requestOf(
  target: Task | string,
  input: unknown,
  options: TriggerOptions,
  at = '',
): Promise<TriggerRequest> {
  const request: Record<string, unknown> = { job: typeof target === 'string' ? target : target.id };
  if (typeof target !== 'string' && target.input !== undefined) {
    const checked = await check(target.input, input);
    if (!checked.ok) {
      const faults = checked.faults.map((fault) => ({ ...fault, pointer: `${at}${fault.pointer}` }));
      throw new Refusal(
        'VALIDATION_FAILED',
        `the input of "${target.id}" is invalid: ${describeFaults(checked.faults)}`,
        { faults },
      );
    }
  }
  // The input as the caller gave it: defaults and transformations are the worker's.
  if (input !== undefined) request['payload'] = input;
  for (const [key, value] of Object.entries(options)) if (value !== undefined) request[key] = value;
  return request as unknown as TriggerRequest;
}
