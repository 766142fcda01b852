// Jobs and schedules over the API: what runs, and when.

import type {
  ComingFires,
  ApplyRequest,
  ApplyResult,
  FireView,
  JobInput,
  JobView,
  Page,
  Preview,
  PreviewRequest,
  ScheduleView,
  TriggerResult,
} from '@tidewheel/protocol';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export interface JobFilter extends PageOptions {
  q?: string | undefined;
}

export interface ScheduleFilter extends PageOptions {
  job?: string | undefined;
  state?: ScheduleView['state'] | undefined;
  q?: string | undefined;
}

/** The version that the change was made from, `none` when there must not be one yet, `any` to overwrite whatever is there. */
export type IfVersion = number | 'none' | 'any';

export class JobsApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = `${namespaceBase}/jobs`;
  }

  list(filter: JobFilter = {}): Listing<JobView> {
    const { cursor, limit, ...query } = filter;
    return new Listing((page) => this.#requests.json('GET', this.#base, { query: { ...query, ...page } }), {
      cursor,
      limit,
    });
  }

  get(name: string): Promise<JobView> {
    return this.#requests.json('GET', this.#of(name));
  }

  /** Without `schedules` those of the job stay as they are. */
  put(job: JobInput, ifVersion: IfVersion): Promise<JobView> {
    return this.#requests.json('PUT', this.#of(job.name), { body: job, headers: conditionOf(ifVersion) });
  }

  /** With its schedules. Runs that are there go on. */
  async delete(name: string, ifVersion: number | 'any'): Promise<void> {
    await this.#requests.json('DELETE', this.#of(name), { headers: conditionOf(ifVersion) });
  }

  #of(name: string): string {
    return `${this.#base}/${encodeURIComponent(name)}`;
  }
}

export class SchedulesApi {
  readonly #requests: Requests;
  readonly #base: string;

  constructor(requests: Requests, namespaceBase: string) {
    this.#requests = requests;
    this.#base = `${namespaceBase}/schedules`;
  }

  list(filter: ScheduleFilter = {}): Listing<ScheduleView> {
    const { cursor, limit, ...query } = filter;
    return new Listing((page) => this.#requests.json('GET', this.#base, { query: { ...query, ...page } }), {
      cursor,
      limit,
    });
  }

  get(name: string): Promise<ScheduleView> {
    return this.#requests.json('GET', this.#of(name));
  }

  /** The ledger, newest first. */
  fires(name: string, page: PageOptions = {}): Listing<FireView> {
    return new Listing((query) => this.#requests.json('GET', `${this.#of(name)}/fires`, { query: { ...query } }), page);
  }

  /** The calendar of coming fires of all schedules. Times in ms since 1970; `to` a day after `from`, `bucket` chosen when absent. */
  coming(
    range: { from?: number | undefined; to?: number | undefined; bucket?: number | undefined } = {},
  ): Promise<ComingFires> {
    const path = `${this.#base.slice(0, -'schedules'.length)}coming-fires`;
    return this.#requests.json('GET', path, { query: { ...range } });
  }

  /** The next nominal times, ms since 1970. */
  async upcoming(name: string, count: number): Promise<number[]> {
    const query = { limit: 1, next: count };
    const answer = await this.#requests.json<Page<FireView> & { upcoming?: number[] }>(
      'GET',
      `${this.#of(name)}/fires`,
      { query },
    );
    return answer.upcoming ?? [];
  }

  pause(name: string, reason: string): Promise<ScheduleView> {
    return this.#requests.json('POST', `${this.#of(name)}/pause`, { body: { reason }, repeatable: true });
  }

  /** Times that passed meanwhile are not made up for. */
  resume(name: string): Promise<ScheduleView> {
    return this.#requests.json('POST', `${this.#of(name)}/resume`, { repeatable: true });
  }

  /** A run now, beside the times of the schedule. */
  trigger(name: string): Promise<TriggerResult> {
    return this.#requests.json('POST', `${this.#of(name)}/trigger`);
  }

  /** Of an expression, or of a whole schedule that is only thought of; nothing is stored. */
  preview(
    what: string | Pick<PreviewRequest, 'schedule' | 'calendars'>,
    options: { timezone?: string | undefined; count?: number | undefined; after?: number | undefined } = {},
  ): Promise<Preview> {
    const asked: PreviewRequest = typeof what === 'string' ? { cron: what, ...options } : { ...what, ...options };
    return this.#requests.json('POST', `${this.#base}/preview`, { body: asked, repeatable: true });
  }

  /** The next fires of a stored schedule, with what clock changes and calendars do to them. */
  previewOf(name: string, options: { count?: number | undefined; after?: number | undefined } = {}): Promise<Preview> {
    return this.#requests.json('GET', `${this.#of(name)}/preview`, { query: { ...options } });
  }

  #of(name: string): string {
    return `${this.#base}/${encodeURIComponent(name)}`;
  }
}

/** Makes definitions as they are given; a second time it changes nothing. With `dryRun` it only says what would change. */
export function applyDefinitions(
  requests: Requests,
  namespaceBase: string,
  request: ApplyRequest,
): Promise<ApplyResult> {
  return requests.json('POST', `${namespaceBase}/apply`, { body: request, repeatable: true });
}

export function conditionOf(ifVersion: IfVersion): Record<string, string> {
  if (ifVersion === 'any') return { 'if-match': '*' };
  return ifVersion === 'none' ? { 'if-none-match': '*' } : { 'if-match': `"${ifVersion}"` };
}
