// Whoever fills in the past in a simulation: asks for backfills of schedules with a cron expression, repeats a request whose answer was
// lost under the same key, and gives some of them up. What was asked and answered is written down.

import { backfillRequestSchema } from '@tidewheel/protocol';
import type { Master } from '../master/master.ts';
import type { ApiClient } from './api-client.ts';
import type { BackfillRecord, GroundTruth } from './ground-truth.ts';
import type { JobPlan } from './job-plans.ts';
import { nominalTimes, type Timing } from './nominal-times.ts';
import type { SimOptions } from './options.ts';
import type { Random } from './random.ts';
import type { SchedulePlan } from './schedule-plans.ts';
import type { SimMaster } from './sim-master.ts';

export interface BackfillerWorld {
  options: SimOptions;
  random: Random;
  client: ApiClient;
  masters: readonly SimMaster[];
  truth: GroundTruth;
  jobs: readonly JobPlan[];
  now: () => number;
}

const actor = 'backfiller';
const againMs = 900;
const triesMost = 6;
/** Lengths of ranges, the first that holds some times. */
const lengthsMs = [60_000, 900_000, 86_400_000];
const timesMost = 12;

export class Backfiller {
  readonly #world: BackfillerWorld;
  #count = 0;
  #open = 0;
  #stopped = false;
  readonly #givenUp = new Set<string>();

  constructor(world: BackfillerWorld) {
    this.#world = world;
  }

  /** Nothing is on its way. */
  get idle(): boolean {
    return this.#open === 0;
  }

  begin(): void {
    const { client, random, options } = this.#world;
    if (options.backfillMs === 0) return;
    client.process.after(random.between(1, 2 * options.backfillMs), 'a backfill', () => {
      if (this.#stopped) return;
      this.#ask();
      this.begin();
    });
  }

  /** Asks for no more, and gives some of them up. */
  stop(): void {
    const { truth, random } = this.#world;
    this.#stopped = true;
    for (const { namespace, answers } of truth.backfills) {
      if (!random.chance(0.3)) continue;
      for (const answer of answers) if (answer.kind === 'done') this.giveUp(namespace, answer.value.id);
    }
  }

  /** Asks until that is answered. */
  giveUp(namespace: string, id: string): void {
    if (this.#givenUp.has(id)) return;
    this.#givenUp.add(id);
    this.#cancel(namespace, id, this.#world.random.chance(0.5));
  }

  #ask(): void {
    const { random, jobs, options, truth, now } = this.#world;
    const plans = jobs.flatMap((job) => job.schedules.map((schedule) => ({ job, schedule })));
    const fitting = plans.filter(({ schedule }) => reachesBack(schedule.timing));
    if (fitting.length === 0) return;
    const { job, schedule } = random.pick(fitting);
    const range = this.#range(schedule, options.epochMs - random.between(3_600_000, 5 * 86_400_000));
    if (range === null) return;
    this.#count += 1;
    const record: BackfillRecord = {
      tag: `b${this.#count}`,
      namespace: job.namespace,
      schedule: schedule.name,
      ...range,
      newestFirst: random.chance(0.4),
      active: random.between(1, 4),
      sentAt: now(),
      answers: [],
    };
    truth.backfills.push(record);
    this.#send(record, random.chance(0.3) ? random.pick([120, 600]) : null);
  }

  #range(schedule: SchedulePlan, from: number): { from: number; to: number } | null {
    for (const length of lengthsMs) {
      const times = nominalTimes(schedule.timing, 0, from - 1, from + length);
      const last = times[Math.min(times.length, timesMost) - 1];
      if (times.length >= 3 && last !== undefined) return { from, to: last + 1 };
    }
    return null;
  }

  #send(record: BackfillRecord, rate: number | null, tries = 1): void {
    const { client, masters, random } = this.#world;
    const { namespace, schedule, tag, from, to, active, newestFirst } = record;
    const order = newestFirst ? 'newest' : 'oldest';
    const request = { from, to, active, order, payload: { tag }, ...(rate === null ? {} : { rate }) };
    const work = async (master: Master): Promise<{ id: string }> => {
      const parsed = backfillRequestSchema.parse(request);
      return { id: (await master.backfills.begin(namespace, actor, schedule, parsed, tag)).id };
    };
    this.#open += 1;
    client.call(random.pick(masters), `backfill ${tag}`, work, (answer) => {
      this.#open -= 1;
      record.answers.push(answer);
      if (answer.kind === 'done' || tries >= triesMost || this.#stopped) return;
      client.process.after(againMs, 'again', () => this.#send(record, rate, tries + 1));
    });
  }

  #cancel(namespace: string, id: string, runs: boolean): void {
    const { client, masters, random } = this.#world;
    const work = async (master: Master): Promise<string> =>
      (await master.backfills.cancel(namespace, actor, id, { reason: 'given up', runs })).state;
    this.#open += 1;
    client.call(random.pick(masters), `give up ${id}`, work, (answer) => {
      this.#open -= 1;
      const done = answer.kind === 'done' || (answer.kind === 'refused' && answer.code === 'CONFLICT');
      if (!done) client.process.after(againMs, 'again', () => this.#cancel(namespace, id, runs));
    });
  }
}

/** Has times long before it was made. */
function reachesBack({ kind, within, ...rest }: Timing): boolean {
  const isRule = 'shape' in rest && rest.shape.asRule === true;
  return kind === 'cron' && !isRule && within?.start === undefined && within?.count === undefined;
}
