// The API user of a simulation: triggers runs with and without idempotency keys, cancels, repeats. Writes down what it asked
// and what it was told; checkers hold the masters to their answers.

import type { ApiClient } from './api-client.ts';
import type { Answer, GroundTruth, TriggerRecord } from './ground-truth.ts';
import type { JobPlan } from './job-plans.ts';
import type { SimOptions } from './options.ts';
import type { Random } from './random.ts';
import type { Master } from '../master/master.ts';
import type { SimMaster } from './sim-master.ts';

export interface CallerWorld {
  options: SimOptions;
  random: Random;
  client: ApiClient;
  masters: readonly SimMaster[];
  truth: GroundTruth;
  jobs: readonly JobPlan[];
  now: () => number;
}

const actor = 'caller';
const againMs = 700;
/** Tries of a request with a key; the last answer may well be `unknown`. */
const triesMost = 6;

export class Caller {
  readonly #world: CallerWorld;
  /** Runs that were answered, newest last, to cancel or repeat. */
  readonly #known: { namespace: string; runId: string }[] = [];
  #count = 0;
  #stopped = false;

  constructor(world: CallerWorld) {
    this.#world = world;
  }

  begin(): void {
    const { client, random, options } = this.#world;
    client.process.after(random.between(1, 2 * options.callMs), 'a call', () => {
      if (this.#stopped) return;
      this.#callSomething();
      this.begin();
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Asks for the end of a run until a master has answered. */
  cancelUntilAnswered(namespace: string, runId: string): void {
    this.#cancel(namespace, runId, true);
  }

  #callSomething(): void {
    const { random, jobs } = this.#world;
    const draw = random.fraction();
    const known = this.#known.length === 0 ? null : random.pick(this.#known.slice(-40));
    if (known !== null && draw < 0.1) this.#cancel(known.namespace, known.runId, false);
    else if (known !== null && draw < 0.15) this.#retry(known.namespace, known.runId);
    else if (draw < 0.25) this.#trigger(random.pick(jobs), random.between(2, 12));
    else this.#trigger(random.pick(jobs), 1);
  }

  #trigger(job: JobPlan, count: number): void {
    const { random, truth, now } = this.#world;
    const keyed = random.chance(0.5);
    // A request of several may have one key for all of them.
    const whole = keyed && count > 1 && this.#count % 2 === 0;
    const request = `key-t${this.#count + 1}`;
    const records = Array.from({ length: count }, (): TriggerRecord => {
      this.#count += 1;
      const tag = `t${this.#count}`;
      const delayMs = random.chance(0.2) ? random.between(1, 15_000) : 0;
      return {
        tag,
        namespace: job.namespace,
        job: job.name,
        key: keyed ? `key-${tag}` : null,
        requestKey: whole ? request : null,
        delayMs,
        sentAt: now(),
        answers: [],
      };
    });
    truth.triggers.push(...records);
    this.#submit(job.namespace, records);
    // Now and then somebody presses twice.
    if (keyed && random.chance(0.1)) this.#submit(job.namespace, records);
  }

  #submit(namespace: string, records: readonly TriggerRecord[], tries = 1): void {
    const { client, masters, random } = this.#world;
    const work = (master: Master): Promise<{ runId: string; created: boolean }[]> =>
      master.intake.submit(
        namespace,
        records.map((record) => ({
          job: record.job,
          payload: { tag: record.tag },
          ...(record.delayMs === 0 ? {} : { delayMs: record.delayMs }),
          ...(record.key === null || record.requestKey !== null ? {} : { idempotencyKey: record.key }),
        })),
        { key: records[0]?.requestKey ?? null },
      );
    client.call(random.pick(masters), `trigger ${records[0]?.tag} ×${records.length}`, work, (answer) => {
      records.forEach((record, index) => record.answers.push(partOf(answer, index)));
      if (answer.kind === 'done') this.#known.push(...answer.value.map(({ runId }) => ({ namespace, runId })));
      // Without a key, repeating an unknown request could double it.
      else if (records[0]?.key !== null && tries < triesMost) {
        client.process.after(againMs, 'again', () => this.#submit(namespace, records, tries + 1));
      }
    });
  }

  #cancel(namespace: string, runId: string, untilAnswered: boolean): void {
    const { client, masters, random, truth, now } = this.#world;
    const record: GroundTruth['cancels'][number] = { runId, sentAt: now(), answeredAt: null, answer: null };
    truth.cancels.push(record);
    const work = async (master: Master): Promise<'canceled' | 'requested' | 'finished'> =>
      (await master.control.cancel(namespace, actor, runId, 'not wanted')).outcome;
    client.call(random.pick(masters), `cancel ${runId}`, work, (answer) => {
      record.answer = answer;
      record.answeredAt = now();
      if (untilAnswered && answer.kind !== 'done')
        client.process.after(againMs, 'again', () => this.#cancel(namespace, runId, true));
    });
  }

  #retry(namespace: string, runId: string): void {
    const { client, masters, random, truth, now } = this.#world;
    const record: GroundTruth['retries'][number] = { runId, sentAt: now(), answer: null };
    truth.retries.push(record);
    client.call(
      random.pick(masters),
      `repeat ${runId}`,
      (master) => master.control.retry(namespace, actor, runId),
      (answer) => {
        record.answer = answer;
        if (answer.kind === 'done') this.#known.push({ namespace, runId: answer.value.runId });
      },
    );
  }
}

function partOf(
  answer: Answer<{ runId: string; created: boolean }[]>,
  index: number,
): TriggerRecord['answers'][number] {
  if (answer.kind !== 'done') return answer;
  const value = answer.value[index];
  return value === undefined ? { kind: 'unknown', why: 'the answer is too short' } : { kind: 'done', value };
}
