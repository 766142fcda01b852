// A user of the API that writes down what it was told: each request with what it asked, and whether it was acknowledged, refused
// (nothing happened) or neither (anything may have happened, once). Requests with an idempotency key are asked again until
// they are answered; requests without one are asked once.

import { pause } from './processes.ts';

export type Outcome = 'acknowledged' | 'refused' | 'unknown';

export interface TriggerRecord {
  /** In the payload of the run, so that runs can be counted whose answer never came. */
  readonly mark: string;
  readonly key: string | null;
  readonly job: string;
  readonly at: number;
  outcome: Outcome;
  runId: string | null;
  tries: number;
  /** From the first request to the answer. */
  tookMs: number;
}

export interface CancelRecord {
  readonly runId: string;
  /** Host time of the answer. */
  answeredAt: number;
  outcome: Outcome;
  /** What the API said: canceled, requested, finished. */
  said: string | null;
}

interface Answer {
  readonly outcome: Outcome;
  readonly body: Record<string, unknown>;
}

export interface CallerOptions {
  readonly addresses: readonly string[];
  readonly token: string;
  readonly jobs: readonly string[];
  readonly everyMs: number;
}

const requestMs = 4000;
const keyedTries = 40;
const keyedPauseMs = 250;
/** Requests of one caller that may be under way: a cluster that hangs must not be answered with a flood. */
const underWayMost = 200;
/** Codes that say: nothing was done. Everything else that is no success says nothing about it. */
const nothingDone = new Set(['UNAVAILABLE', 'SHUTTING_DOWN', 'TOO_MANY_REQUESTS', 'UNKNOWN_JOB', 'VALIDATION_FAILED']);

export class ApiCaller {
  readonly triggers: TriggerRecord[] = [];
  readonly cancels: CancelRecord[] = [];
  readonly #options: CallerOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#underWay.size < underWayMost) this.#follow(this.#next());
    }, this.#options.everyMs);
  }

  /** No more requests; resolves when all are answered or given up. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  trigger(job: string, options: { keyed?: boolean; payload?: object; delayMs?: number } = {}): Promise<TriggerRecord> {
    const mark = crypto.randomUUID();
    const key = options.keyed === false ? null : crypto.randomUUID();
    const record: TriggerRecord = {
      mark,
      key,
      job,
      at: Date.now(),
      outcome: 'unknown',
      runId: null,
      tries: 0,
      tookMs: 0,
    };
    this.triggers.push(record);
    const body = {
      job,
      payload: { ...options.payload, mark },
      ...(key === null ? {} : { idempotencyKey: key }),
      ...(options.delayMs === undefined ? {} : { delay: options.delayMs }),
    };
    return this.#tracked(this.#ask(record, body));
  }

  cancel(runId: string): Promise<CancelRecord> {
    return this.#tracked(this.#cancel(runId));
  }

  #next(): Promise<unknown> {
    const turn = this.#turn++;
    const job = this.#options.jobs[turn % this.#options.jobs.length] ?? 'short';
    if (turn % 10 === 3) return this.trigger('short', { delayMs: 700 });
    if (turn % 10 === 7) return this.#cancelOne();
    return this.trigger(job, { keyed: turn % 3 !== 0 });
  }

  /** Some are canceled while they run, some before they could. */
  async #cancelOne(): Promise<void> {
    const record = await this.trigger('endless');
    if (record.runId === null) return;
    await pause(this.#turn % 20 === 8 ? 0 : 800);
    await this.#cancel(record.runId);
  }

  async #ask(record: TriggerRecord, body: object): Promise<TriggerRecord> {
    const began = performance.now();
    const tries = record.key === null ? 1 : keyedTries;
    let unknown = false;
    while (record.tries < tries) {
      record.tries += 1;
      const answer = await this.#request('/runs', body);
      unknown ||= answer.outcome === 'unknown';
      record.outcome = answer.outcome === 'refused' && unknown ? 'unknown' : answer.outcome;
      if (answer.outcome === 'acknowledged') {
        record.runId = String(answer.body['runId']);
        break;
      }
      if (record.tries < tries) await pause(keyedPauseMs);
    }
    record.tookMs = performance.now() - began;
    return record;
  }

  async #cancel(runId: string): Promise<CancelRecord> {
    const record: CancelRecord = { runId, answeredAt: 0, outcome: 'unknown', said: null };
    this.cancels.push(record);
    for (let tries = 0; tries < keyedTries && record.outcome !== 'acknowledged'; tries += 1) {
      if (tries > 0) await pause(keyedPauseMs);
      const answer = await this.#request(`/runs/${runId}/cancel`, { reason: 'not wanted any more' });
      record.outcome = answer.outcome;
      if (answer.outcome === 'acknowledged') record.said = String(answer.body['outcome']);
    }
    record.answeredAt = Date.now();
    return record;
  }

  async #request(path: string, body: object): Promise<Answer> {
    const { addresses, token } = this.#options;
    const address = addresses[Math.floor(Math.random() * addresses.length)] ?? '';
    try {
      const response = await fetch(`${address}/v1/namespaces/default${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(requestMs),
      });
      const text = (await response.json()) as Record<string, unknown>;
      if (response.ok) return { outcome: 'acknowledged', body: text };
      return { outcome: nothingDone.has(String(text['code'])) ? 'refused' : 'unknown', body: text };
    } catch (error) {
      const cause: unknown = error instanceof Error ? error.cause : undefined;
      const refused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
      return { outcome: refused ? 'refused' : 'unknown', body: {} };
    }
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    this.#follow(work);
    return work;
  }

  #follow(work: Promise<unknown>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work)).catch(() => undefined);
  }
}
