// What tests of backfills stand on: the services over a store, a schedule with a past, and runs that end when the test says so.
// Test code only.

import assert from 'node:assert/strict';
import {
  applyRequestSchema,
  backfillRequestSchema,
  type BackfillRequest,
  type BackfillView,
  type FinalState,
  type JobInput,
} from '@tidewheel/protocol';
import { backfillView } from '../../store/backfills.ts';
import { DefinitionCache } from '../../store/definition-cache.ts';
import { runsFinish } from '../../store/runs-finish.ts';
import { Backfilling } from '../backfilling.ts';
import { Backfills } from '../backfills.ts';
import { Changes } from '../changes.ts';
import { Definitions } from '../definitions.ts';
import type { MasterContext } from '../deps.ts';
import { hello } from './definitions-bench.ts';

export interface BackfillRunRow {
  id: string;
  state: string;
  fire_at: number;
  previous_fire_at: number | null;
  next_fire_at: number | null;
  priority: number;
  payload: string | null;
  created_at: number;
}

export const minute = 60_000;
/** A whole hour, long before the tests run. */
export const past = Date.parse('2024-03-01T10:00:00Z');

/** A store that is never full. */
const room = { assertRoom: () => undefined, hasRoom: true };

export class BackfillBench {
  readonly context: MasterContext;
  readonly namespace: string;
  readonly backfills: Backfills;
  readonly definitions: Definitions;
  readonly #services: Backfilling[] = [];

  constructor(context: MasterContext, namespace: string) {
    this.context = context;
    this.namespace = namespace;
    this.backfills = new Backfills(context, room);
    this.definitions = new Definitions(context, { submit: () => Promise.reject(new Error('nobody submits here')) });
  }

  async apply(
    schedule: Partial<NonNullable<JobInput['schedules']>[number]>,
    job: Partial<JobInput> = {},
  ): Promise<void> {
    const jobs = [{ name: 'a', ...hello, schedules: [{ name: 's', cron: '* * * * *', ...schedule }], ...job }];
    const order = applyRequestSchema.parse({ jobs: job.schedules === undefined ? jobs : [{ ...jobs[0], ...job }] });
    await this.definitions.apply(this.namespace, 'ann', order, { role: 'operator' });
  }

  begin(request: Partial<BackfillRequest>, key: string | null = null): Promise<BackfillView> {
    return this.backfills.begin(this.namespace, 'ann', 's', this.order(request), key);
  }

  order(request: Partial<BackfillRequest>) {
    return backfillRequestSchema.parse({ from: past, to: past + 10 * minute, ...request });
  }

  /** A master of its own, with nothing in memory. */
  master(changes: Partial<MasterContext> = {}): Backfilling {
    const context = { ...this.context, definitions: new DefinitionCache(), ...changes };
    const service = new Backfilling(context, new Changes(context.clock, context.signals), room);
    this.#services.push(service);
    return service;
  }

  /** Looks until nothing is due at once. */
  async settle(master = this.master()): Promise<void> {
    for (let round = 0; round < 100; round += 1) {
      const before = await this.state();
      await master.look();
      if ((await this.state()) === before) return;
    }
    throw new Error('the backfill does not come to rest');
  }

  async state(): Promise<string> {
    const rows = await this.context.db.query('select * from backfill where namespace = $1 order by id', [
      this.namespace,
    ]);
    const [fires] = await this.context.db.query<{ rows: number }>('select count(*) as rows from backfill_fire');
    return JSON.stringify([rows, fires]);
  }

  async view(id: string): Promise<BackfillView> {
    const view = await backfillView(this.context.db, this.namespace, id);
    assert.ok(view);
    return view;
  }

  /** `[state, decided, left out, unfinished, succeeded, unsuccessful]`. */
  async progress(id: string): Promise<unknown[]> {
    const { state, decided, leftOut, unfinished, succeeded, unsuccessful } = await this.view(id);
    return [state, decided, leftOut, unfinished, succeeded, unsuccessful];
  }

  /** Unfinished runs of backfills, in the order in which they were made. */
  unfinished(): Promise<BackfillRunRow[]> {
    return this.context.db.query<BackfillRunRow>(
      `select id, state, fire_at, previous_fire_at, next_fire_at, priority, payload, created_at from run
       where namespace = $1 and trigger_kind = 'backfill' order by id`,
      [this.namespace],
    );
  }

  /** Nominal times of all runs that backfills made, finished ones too, in the order in which they were made. */
  async madeFor(): Promise<number[]> {
    const rows = await this.context.db.query<{ fire_at: number }>(
      `select fire_at from any_run where namespace = $1 and trigger_kind = 'backfill' order by id`,
      [this.namespace],
    );
    return rows.map((row) => row.fire_at);
  }

  /** Ends the oldest unfinished runs. */
  async end(state: FinalState, most = Number.POSITIVE_INFINITY): Promise<number> {
    const rows = (await this.unfinished()).slice(0, most);
    await this.context.db.transaction(async (tx) => {
      await runsFinish(
        tx,
        this.context.masterId,
        rows.map(({ id }) => ({
          id,
          namespace: this.namespace,
          state,
          attemptId: null,
          startedAt: null,
          attempts: '[]',
          output: null,
          error: null,
        })),
      );
    });
    return rows.length;
  }

  /** Until it is done or canceled with nothing unfinished; every run succeeds. Answers the most that were unfinished at once. */
  async complete(id: string, masters: readonly Backfilling[] = [this.master()]): Promise<number> {
    let most = 0;
    for (let round = 0; round < 5000; round += 1) {
      await Promise.all(masters.map((master) => master.look()));
      const { state, unfinished } = await this.view(id);
      most = Math.max(most, unfinished);
      if (state !== 'running' && unfinished === 0) return most;
      await this.end('succeeded');
    }
    throw new Error('the backfill does not end');
  }
}
