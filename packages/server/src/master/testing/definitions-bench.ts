// What tests of definitions stand on: a service over a store, a namespace of its own for each test, and what was announced.
// Time does not pass here: `rewind` moves schedules into the past instead, so the same tests run on an engine with a real clock.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  type ApplyRequest,
  applyRequestSchema,
  type ErrorCode,
  type FireAudit,
  type JobInput,
  type JobView,
  Refusal,
  type Role,
  type ScheduleView,
} from '@tidewheel/protocol';
import type { Database } from '../../ports/database.ts';
import type { Identity } from '../../ports/identity.ts';
import { firesDecide, firesLockDue } from '../../store/fires.ts';
import { jobView } from '../../store/job-views.ts';
import { scheduleView } from '../../store/schedule-views.ts';
import { seedId } from '../../store/testing/seed.ts';
import { Definitions, type DefinitionsDeps } from '../definitions.ts';
import { auditFires } from '../fire-audit.ts';
import { catchUpPiece } from '../../store/catch-up.ts';
import type { RunRequest } from '../submission.ts';

export interface DefinitionsSetup {
  /** Of an empty, migrated store. Identity and signals are replaced. */
  deps: DefinitionsDeps;
  close: () => Promise<void>;
}

/** Ids that grow, and ids of fires that begin with their time as real ones do. */
export const testIdentity: Identity = {
  next: seedId,
  random: seedId,
  ofFire: (scheduleId, fireAt) => {
    const time = fireAt.toString(16).padStart(12, '0');
    const rest = createHash('sha256').update(`${scheduleId}/${fireAt}`).digest('hex');
    return `${time.slice(0, 8)}-${time.slice(8)}-8${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
  },
  fraction: () => 0.5,
  secret: seedId,
  hash: (text) => text,
};

/** What the firing loop does when it looks. Answers in how many namespaces something was decided. */
export async function fireDue(deps: DefinitionsDeps): Promise<number> {
  const decided = await deps.db.transaction(async (tx) => firesDecide(tx, deps, await firesLockDue(tx, deps)));
  const caughtUp = await deps.db.transaction((tx) => catchUpPiece(tx, deps));
  return decided.namespaces.size + (caughtUp?.namespaces.size ?? 0);
}

export const hello = { shell: { argv: ['echo', 'hello'] } };
export const minutely = { name: 'minutely', every: '1m' };

const tables: Readonly<Record<string, string>> = {
  namespace: 'name = $1',
  job: 'namespace = $1',
  job_version: 'job_id in (select id from job where namespace = $1)',
  schedule: 'namespace = $1',
  schedule_version: 'schedule_id in (select id from schedule where namespace = $1)',
  lane: 'namespace = $1',
  fire: 'schedule_id in (select id from schedule where namespace = $1)',
  event: 'namespace = $1',
};

export class DefinitionsBench {
  readonly db: Database;
  readonly deps: DefinitionsDeps;
  readonly definitions: Definitions;
  readonly namespace: string;
  signals: string[] = [];
  readonly submitted: RunRequest[] = [];

  constructor({ deps }: DefinitionsSetup, namespace: string) {
    this.namespace = namespace;
    this.db = deps.db;
    this.deps = {
      ...deps,
      identity: testIdentity,
      signals: {
        publish: (topic) => void this.signals.push(topic),
        subscribe: () => () => undefined,
        close: () => Promise.resolve(),
      },
    };
    this.definitions = this.serviceOn(this.deps);
  }

  serviceOn(deps: DefinitionsDeps): Definitions {
    return new Definitions(deps, {
      submit: (_namespace, requests) => {
        this.submitted.push(...requests);
        return Promise.resolve(requests.map(() => ({ runId: seedId(), created: true })));
      },
    });
  }

  apply(jobs: JobInput[], options: Partial<ApplyRequest> = {}, role: Role = 'operator') {
    return this.definitions.apply(this.namespace, 'ann', applyRequestSchema.parse({ jobs, ...options }), { role });
  }

  /** As lines such as `job a create`. */
  async actions(result: ReturnType<Definitions['apply']>): Promise<string[]> {
    return (await result).changes.map((change) => `${change.kind} ${change.name} ${change.action}`);
  }

  async refused(code: ErrorCode, pointers: string[], work: Promise<unknown>): Promise<Refusal> {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Refusal, String(error));
    assert.deepEqual([error.code, error.faults.map((fault) => fault.pointer)], [code, pointers], error.message);
    return error;
  }

  async count(table: string): Promise<number> {
    const sql = `select count(*) as rows from ${table} where ${tables[table]}`;
    const [row] = await this.db.query<{ rows: number }>(sql, [this.namespace]);
    return row?.rows ?? -1;
  }

  /** Rows of this namespace in every table that definitions write. */
  async counts(): Promise<Record<string, number>> {
    const all: Record<string, number> = {};
    for (const table of Object.keys(tables)) all[table] = await this.count(table);
    return all;
  }

  job(name: string): Promise<JobView | null> {
    return jobView(this.db, this.namespace, name);
  }

  async schedule(name: string): Promise<ScheduleView> {
    const view = await scheduleView(this.db, this.namespace, name);
    assert.ok(view, `no schedule ${name}`);
    return view;
  }

  versionsOf(name: string) {
    return this.db.query<{ version: number; state: string; valid_from: number; cursor: number }>(
      `select v.version, v.state, v.valid_from, s.cursor from schedule_version v join schedule s on s.id = v.schedule_id
       where s.namespace = $1 and s.name = $2 order by v.schedule_id, v.version`,
      [this.namespace, name],
    );
  }

  async assertClean(): Promise<FireAudit> {
    const audit = await auditFires(this.db, { namespace: this.namespace, graceMs: 0, from: 0 });
    assert.ok(audit.clean, JSON.stringify(audit.schedules));
    return audit;
  }

  /** As if the schedule had been made, and last looked at, so much earlier. */
  async rewind(name: string, ms: number): Promise<void> {
    await this.db.query(
      `update schedule set cursor = cursor - $3, anchor_at = anchor_at - $3, created_at = created_at - $3,
         next_fire_at = case when next_fire_at is null then null else cursor - $3 + 1 end where namespace = $1 and name = $2`,
      [this.namespace, name, ms],
    );
    await this.db.query(
      `update schedule_version set valid_from = valid_from - $3, anchor_at = anchor_at - $3
       where schedule_id in (select id from schedule where namespace = $1 and name = $2)`,
      [this.namespace, name, ms],
    );
  }
}
