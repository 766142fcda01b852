// Everything that a finished scenario left behind, read once: the ledger and the runs as the store has them at the end, what the
// workers wrote, what the caller of the API was told, and what the harness did to which process.

import { auditFires } from '../../packages/server/src/master/fire-audit.ts';
import type { FireAudit } from '@tidewheel/protocol';
import type { CancelRecord, TriggerRecord } from './api-caller.ts';
import type { FaultyCluster } from './faulty-cluster.ts';
import { type Execution, readTruth } from './truth.ts';
import type { PlannedBackfill, PlannedSchedule } from './workload-times.ts';

export interface LedgerRow {
  readonly scheduleId: string;
  readonly fireAt: number;
  readonly outcome: 'fired' | 'skipped';
  readonly reason: string | null;
  readonly runId: string | null;
  readonly decidedAt: number;
}

export interface ScheduleLife {
  readonly id: string;
  readonly name: string;
  readonly anchorAt: number;
  /** Fires are due in (from, until]. */
  readonly from: number;
  readonly until: number;
}

export interface PastAttempt {
  readonly attempt: number;
  readonly attemptId: string;
  readonly outcome: string;
  readonly claimedAt: number;
  readonly endedAt: number;
  readonly sessionId: string;
  readonly worker: string;
}

export interface RunRow {
  readonly id: string;
  readonly job: string;
  readonly state: string;
  readonly trigger: string;
  readonly scheduleId: string | null;
  readonly fireAt: number | null;
  readonly mark: string | null;
  readonly attemptId: string | null;
  readonly attempts: readonly PastAttempt[];
  readonly createdAt: number;
  readonly cancelRequestedAt: number | null;
}

export interface Evidence {
  readonly planned: readonly PlannedSchedule[];
  readonly backfill: PlannedBackfill | null;
  /** When the workload had ended and nothing was deleted yet. */
  readonly workedUntil: number;
  readonly schedules: readonly ScheduleLife[];
  readonly ledger: readonly LedgerRow[];
  readonly runs: readonly RunRow[];
  readonly orphans: number;
  readonly audit: FireAudit;
  readonly executions: readonly Execution[];
  readonly triggers: readonly TriggerRecord[];
  readonly cancels: readonly CancelRecord[];
  /** Worker processes: when they were frozen and let go on. */
  readonly freezes: readonly { readonly pid: number; readonly from: number; readonly to: number }[];
  /** Masters that ended by themselves. */
  readonly defects: readonly string[];
}

/** The masters' own probes run in another namespace, and their worker keeps no record of them. */
const workload = 'default';

export async function gatherEvidence(
  cluster: FaultyCluster,
  { planned, backfill, workedUntil }: Pick<Evidence, 'planned' | 'backfill' | 'workedUntil'>,
  caller: { readonly triggers: readonly TriggerRecord[]; readonly cancels: readonly CancelRecord[] },
): Promise<Evidence> {
  const { db } = cluster.store;
  const schedules = await db.query<ScheduleLife>(
    `select s.id, s.name, min(v.anchor_at) as "anchorAt", min(v.valid_from) as "from", max(v.valid_from) as until
     from schedule s join schedule_version v on v.schedule_id = s.id where s.namespace = $1 group by s.id, s.name`,
    [workload],
  );
  const ledger = await db.query<LedgerRow>(
    `select schedule_id as "scheduleId", fire_at as "fireAt", outcome, reason, run_id as "runId", decided_at as "decidedAt"
     from fire where schedule_id in (select id from schedule where namespace = $1) order by schedule_id, fire_at`,
    [workload],
  );
  const rows = await db.query<Omit<RunRow, 'attempts' | 'mark'> & { attempts: string; payload: string | null }>(
    `select r.id, j.name as job, r.state, r.trigger_kind as trigger, r.schedule_id as "scheduleId", r.fire_at as "fireAt",
       r.payload, r.attempt_id as "attemptId", r.attempts, r.created_at as "createdAt",
       r.cancel_requested_at as "cancelRequestedAt"
     from any_run r join job j on j.id = r.job_id where r.namespace = $1`,
    [workload],
  );
  const [orphans] = await db.query<{ n: number }>('select count(*) as n from orphan');
  const from = Math.min(...schedules.map((schedule) => schedule.from));
  return {
    planned,
    backfill,
    workedUntil,
    schedules,
    ledger,
    runs: rows.map(({ payload, attempts, ...row }) => ({
      ...row,
      mark: markOf(payload),
      attempts: JSON.parse(attempts) as PastAttempt[],
    })),
    orphans: orphans?.n ?? 0,
    audit: await auditFires(db, { namespace: workload, from, graceMs: 0 }),
    executions: readTruth(cluster.truth),
    triggers: caller.triggers,
    cancels: caller.cancels,
    freezes: freezesOf(cluster),
    defects: defectsOf(cluster),
  };
}

function markOf(payload: string | null): string | null {
  if (payload === null) return null;
  const mark = (JSON.parse(payload) as { mark?: unknown }).mark;
  return typeof mark === 'string' ? mark : null;
}

function freezesOf(cluster: FaultyCluster): Evidence['freezes'] {
  return cluster.workers.flatMap(({ pid, deeds }) =>
    deeds.flatMap((deed, index) => {
      if (deed.signal !== 'SIGSTOP') return [];
      const to = deeds[index + 1]?.at ?? Number.POSITIVE_INFINITY;
      return (deed.pids ?? [pid]).map((one) => ({ pid: one, from: deed.at, to }));
    }),
  );
}

function defectsOf(cluster: FaultyCluster): string[] {
  const defects: string[] = [];
  for (const seat of cluster.masters) {
    for (const program of seat.programs) {
      const line = program.output.split('\n').find((text) => text.includes('stopped by a defect'));
      if (line !== undefined) defects.push(`${seat.name}: ${line.slice(0, 1500)}`);
      else if (program.over && program.deeds.length === 0 && !program.expectedToDie)
        defects.push(`${seat.name} ended by itself: ${program.output.slice(-500)}`);
    }
  }
  return defects;
}
