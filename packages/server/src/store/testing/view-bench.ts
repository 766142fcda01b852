// What tests of the read models share: a store, and runs brought to each of their states. Test code only.

import assert from 'node:assert/strict';
import type { Database } from '../../ports/database.ts';
import { DefinitionCache } from '../definition-cache.ts';
import type { RunFilter } from '../run-filters.ts';
import { runsPage } from '../run-views.ts';
import { runsClaim, type ClaimedRun } from '../runs-claim.ts';
import { runCancel } from '../runs-control.ts';
import { resultsAccept, type SessionResult } from '../runs-report.ts';
import { runsInsert } from '../runs-submit.ts';
import type { RunsSetup } from './runs.ts';
import { newRun, seedId, seedJob, seedSession, type SeededJob } from './seed.ts';

export class ViewBench {
  readonly setup: RunsSetup;
  readonly db: Database;
  readonly masterId = seedId();
  readonly definitions = new DefinitionCache();

  constructor(setup: RunsSetup) {
    this.setup = setup;
    this.db = setup.db;
  }

  list(filter: Partial<RunFilter>, before: string | null = null, limit = 50) {
    return runsPage(this.db, this.definitions, { namespace: 'default', ...filter }, before, limit);
  }

  async idsOf(filter: Partial<RunFilter>): Promise<string[]> {
    return (await this.list(filter)).items.map((run) => run.id);
  }

  async claim(job: SeededJob, sessionId: string): Promise<ClaimedRun> {
    const [claimed] = await runsClaim(this.db, job.laneId, [{ sessionId, attemptId: seedId() }]);
    assert.ok(claimed);
    return claimed;
  }

  report(run: ClaimedRun, changes: Partial<SessionResult> = {}) {
    const { attemptId, sessionId } = run;
    const result: SessionResult = {
      type: 'result',
      runId: run.id,
      attemptId,
      sessionId,
      outcome: 'succeeded',
      output: '{"done":true}',
      error: null,
      durationMs: 5,
      ...changes,
    };
    const { masterId, definitions } = this;
    return this.db.transaction((tx) => resultsAccept(tx, { masterId, definitions, fraction: () => 0.5 }, [result]));
  }

  cancel(runId: string) {
    return this.db.transaction((tx) => runCancel(tx, this.masterId, 'default', runId, ''));
  }

  /** One run each: ready, running, succeeded, failed, canceled, newest last. */
  async oneOfEach() {
    const { db } = this;
    const job = await seedJob(db);
    const sessionId = await seedSession(db, this.masterId, 60_000, { worker: `w_${seedId()}` });
    const runs = [newRun(job), newRun(job), newRun(job), newRun(job), newRun(job)] as const;
    const [succeeded, failed, canceled, running, ready] = runs;
    await runsInsert(db, [succeeded]);
    await this.report(await this.claim(job, sessionId));
    await runsInsert(db, [failed]);
    const error = { kind: 'exit', message: 'exit code 1' };
    await this.report(await this.claim(job, sessionId), { outcome: 'failed', output: null, error });
    await runsInsert(db, [canceled]);
    await this.cancel(canceled.id);
    await runsInsert(db, [running]);
    await this.claim(job, sessionId);
    await runsInsert(db, [ready]);
    return { job, sessionId, succeeded, failed, canceled, running, ready };
  }
}
