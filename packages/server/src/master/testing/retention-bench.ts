// A store of either engine with history of many days, and the duties that take it away again, driven by hand. Test code only.

import { type FinalState, limits } from '@tidewheel/protocol';
import { dayMs } from '../../core/archive-days.ts';
import type { RetentionSettings } from '../../core/retention.ts';
import { systemIdentity } from '../../drivers/system/identity.ts';
import type { Database } from '../../ports/database.ts';
import { silentLog } from '../../ports/log.ts';
import { ManualClock } from '../../ports/testing/manual-clock.ts';
import { partsOf } from '../../store/archive-parts.ts';
import { firstIdAt } from '../../store/audit.ts';
import type { VirtualStore } from '../../store/testing/virtual-store.ts';
import { type SeededJob, seedJob } from '../../store/testing/seed.ts';
import { archiveDays } from '../archive-days.ts';
import { masterDefaults } from '../deps.ts';
import type { Duty, Leader } from '../duty.ts';
import { retention, type RetentionContext } from '../retention.ts';

export interface ArchivedRun {
  job: SeededJob;
  state?: FinalState;
  madeAt: number;
  /** A second after it was made, when absent. */
  finishedAt?: number;
  logs?: number;
  schedule?: { id: string; fireAt: number };
}

let made = 0;

export class RetentionBench {
  readonly store: VirtualStore;
  readonly db: Database;
  readonly removed: Record<string, number> = {};
  readonly #settings: RetentionSettings;

  constructor(store: VirtualStore, changes: Partial<RetentionSettings> = {}) {
    this.store = store;
    this.db = store.db;
    this.#settings = { ...masterDefaults.retention, ...changes };
  }

  get context(): RetentionContext {
    return {
      db: this.db,
      clock: new ManualClock(),
      identity: systemIdentity,
      log: silentLog,
      metrics: {
        add: (_, value, labels = {}) => {
          const what = labels['what'] ?? '';
          this.removed[what] = (this.removed[what] ?? 0) + value;
        },
        set: () => undefined,
        observe: () => undefined,
      },
      settings: { ...masterDefaults, address: '', version: 'test', retention: this.#settings },
    };
  }

  job(namespace = 'default'): Promise<SeededJob> {
    return seedJob(this.db).then(async (job) => {
      await this.db.query('update job set namespace = $1 where id = $2', [namespace, job.jobId]);
      await this.db.query('insert into namespace (name, created_at) values ($1, 0) on conflict do nothing', [
        namespace,
      ]);
      return { ...job, namespace };
    });
  }

  /** Answers the ids. */
  async archive(runs: readonly ArchivedRun[]): Promise<string[]> {
    const rows = runs.map(({ job, state = 'succeeded', madeAt, finishedAt = madeAt + 1000, schedule }) => {
      made += 1;
      const id = `${firstIdAt(madeAt).slice(0, 14)}7000-8000-${made.toString(16).padStart(12, '0')}`;
      const of = { namespace: job.namespace, job_id: job.jobId, job_version_id: job.versionId, lane_id: job.laneId };
      const fired = { schedule_id: schedule?.id ?? null, fire_at: schedule?.fireAt ?? null };
      return { id, ...of, state, made: madeAt, finished: finishedAt, ...fired, kind: schedule ? 'schedule' : 'api' };
    });
    await this.db.query(
      `insert into run_archive (id, namespace, job_id, job_version_id, lane_id, state, priority, due_at, created_at, trigger_kind,
         schedule_id, fire_at, attempt, finished_at, attempts)
       select x.id, x.namespace, x.job_id, x.job_version_id, x.lane_id, x.state, 0, x.made, x.made, x.kind, x.schedule_id, x.fire_at,
         1, x.finished, '[]'
       from ${this.db.dialect.rows('$1', 'x', {
         id: 'uuid',
         namespace: 'text',
         job_id: 'uuid',
         job_version_id: 'uuid',
         lane_id: 'uuid',
         state: 'text',
         made: 'bigint',
         finished: 'bigint',
         kind: 'text',
         schedule_id: 'uuid',
         fire_at: 'bigint',
       })}`,
      [JSON.stringify(rows)],
    );
    for (const [index, { id }] of rows.entries()) await this.log(id, runs[index]?.logs ?? 0);
    return rows.map(({ id }) => id);
  }

  async log(runId: string, chunks: number): Promise<void> {
    const rows = Array.from({ length: chunks }, (_, seq) => ({ seq: seq + 1 }));
    await this.db.query(
      `insert into log_chunk (run_id, attempt_id, seq, attempt, at, stream, text)
       select $2, $2, x.seq, 1, 0, 'out', 'line' from ${this.db.dialect.rows('$1', 'x', { seq: 'int' })}`,
      [JSON.stringify(rows), runId],
    );
  }

  async rule(job: SeededJob | string, outcome: 'succeeded' | 'failed' | 'canceled', keepMs: number): Promise<void> {
    const [namespace, id] =
      typeof job === 'string' ? [job, '00000000-0000-0000-0000-000000000000'] : [job.namespace, job.jobId];
    await this.db.query('insert into retention_rule (namespace, job_id, outcome, keep_ms) values ($1, $2, $3, $4)', [
      namespace,
      id,
      outcome,
      keepMs,
    ]);
  }

  readonly leader: Leader = {
    term: 1,
    trusted: () => true,
    transaction: (work) => this.db.transaction(work),
    prepared: (work) => this.db.transaction((tx) => work(tx, () => Promise.resolve()), { patient: true }),
  };

  /** Until the duty wants to rest for long. */
  async #through(duty: Duty): Promise<number> {
    const work = duty.begin(this.leader);
    let steps = 0;
    for (let delay = 0, first = true; first || delay < 600_000; first = false) {
      delay = await work();
      steps += 1;
    }
    return steps;
  }

  days(): Promise<number> {
    return this.#through(archiveDays(this.context));
  }

  pass(): Promise<number> {
    return this.#through(retention(this.context));
  }

  async left(): Promise<string[]> {
    return (await this.db.query<{ id: string }>('select id from run_archive order by id')).map(({ id }) => id);
  }

  async count(table: string): Promise<number> {
    const [row] = await this.db.query<{ n: number }>(`select count(*) as n from ${table}`);
    return row?.n ?? 0;
  }

  async parts(): Promise<string[]> {
    return (await partsOf(this.db, 'run_archive')).map(({ name }) => name);
  }

  /** Days before the store's now. */
  ago(days: number): number {
    return this.store.now - days * dayMs;
  }
}

export const forever = limits.keepForeverMs;
