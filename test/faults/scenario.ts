// One scenario from its start to its verdict: a cluster under the mixed workload, a quiet while, the faults and their healing, another
// quiet while, the end of the workload, and then the checker and the scenario's own pass criteria.

import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { StoreUnavailable } from '../../packages/server/src/ports/database.ts';
import { ApiCaller } from './api-caller.ts';
import { judge } from './checker.ts';
import { type Evidence, gatherEvidence } from './evidence.ts';
import { type ClusterOptions, FaultyCluster, type WorkerStart } from './faulty-cluster.ts';
import { namespacesWork } from './isolated-links.ts';
import { measure, type Measures } from './measures.ts';
import { pause, until } from './processes.ts';
import type { Verdict } from './rule.ts';
import { definitions, plannedSchedules, source } from './workload.ts';
import { backfillPace, plannedBackfill, type PlannedSchedule, timedSchedules } from './workload-times.ts';

export interface Criterion {
  readonly name: string;
  readonly measured: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Stage {
  readonly cluster: FaultyCluster;
  readonly caller: ApiCaller;
  /** Notes the moment in the timeline of the report. */
  mark(what: string): number;
  /** Something that only the scenario knows how to measure. */
  note(name: string, value: number): void;
}

export interface Setting {
  readonly cluster?: ClusterOptions;
  readonly workers?: readonly WorkerStart[];
  remove(): Promise<void>;
}

export interface Scenario {
  /** The row of the table of faults in the project's notes on reliability, where it has one. */
  readonly id: string;
  readonly title: string;
  readonly expects: string;
  readonly cluster?: ClusterOptions;
  readonly workers?: readonly WorkerStart[];
  readonly schedules?: number;
  /** Without the few schedules whose rules compare what one worker wrote with what another did. */
  readonly untimed?: boolean;
  readonly moreSchedules?: readonly PlannedSchedule[];
  readonly callEveryMs?: number;
  readonly jobs?: readonly string[];
  readonly needsNamespaces?: boolean;
  /** Why it cannot be played here. */
  readonly missing?: () => string | undefined;
  /** Makes what must be there before the cluster starts, and says with what it starts. */
  readonly prepare?: () => Promise<Setting>;
  /** Rules of the checker whose violations are what this fault costs: counted and told, not failed. */
  readonly costs?: ReadonlySet<string>;
  /** Played only when it is asked for by its id. */
  readonly onDemand?: boolean;
  readonly warmMs?: number;
  readonly restMs?: number;
  /** After the workload has ended. */
  readonly drainMs?: number;
  play(stage: Stage): Promise<void>;
  criteria(measures: Measures, evidence: Evidence, noted: ReadonlyMap<string, number>): Criterion[];
}

export interface Report {
  readonly id: string;
  readonly title: string;
  readonly expects: string;
  readonly passed: boolean;
  readonly skipped?: string;
  readonly failure?: string;
  readonly tookMs: number;
  readonly loadAverage: number;
  readonly criteria: readonly (Criterion & { readonly passed: boolean })[];
  readonly verdicts: readonly Verdict[];
  readonly measures?: Measures;
  readonly noted: Readonly<Record<string, number>>;
  readonly timeline: readonly { readonly atMs: number; readonly what: string }[];
}

/** A flow of quiet time that a long run stretches. */
export interface Pace {
  readonly factor: number;
}

export async function playScenario(scenario: Scenario, pace: Pace = { factor: 1 }): Promise<Report> {
  const began = performance.now();
  const { id, title, expects } = scenario;
  const timeline: { atMs: number; what: string }[] = [];
  const noted = new Map<string, number>();
  const mark = (what: string): number => {
    timeline.push({ atMs: Math.round(performance.now() - began), what });
    return Date.now();
  };
  const end = (rest: Pick<Report, 'passed'> & Partial<Report>): Report => ({
    id,
    title,
    expects,
    timeline,
    criteria: [],
    verdicts: [],
    tookMs: Math.round(performance.now() - began),
    loadAverage: loadavg()[0] ?? 0,
    noted: Object.fromEntries(noted),
    ...rest,
  });
  if (scenario.needsNamespaces === true && !namespacesWork()) {
    return end({ passed: true, skipped: 'needs the right to make network namespaces' });
  }
  const missing = scenario.missing?.();
  if (missing !== undefined) return end({ passed: true, skipped: missing });
  let setting: Setting | undefined;
  try {
    setting = await scenario.prepare?.();
    const { evidence, measures } = await run({ ...scenario, ...setting }, pace, mark, noted);
    const verdicts = judge(evidence);
    const criteria = scenario.criteria(measures, evidence, noted).map((one) => ({ ...one, passed: holds(one) }));
    const held = (one: Verdict): boolean => one.violations === 0 || scenario.costs?.has(one.rule) === true;
    const passed = verdicts.every(held) && criteria.every((one) => one.passed);
    return end({ passed, verdicts, criteria, measures });
  } catch (error) {
    return end({ passed: false, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  } finally {
    await setting?.remove();
  }
}

function holds({ measured, atMost, atLeast }: Criterion): boolean {
  return measured <= (atMost ?? Number.POSITIVE_INFINITY) && measured >= (atLeast ?? Number.NEGATIVE_INFINITY);
}

async function run(
  scenario: Scenario,
  pace: Pace,
  mark: Stage['mark'],
  noted: Map<string, number>,
): Promise<{ evidence: Evidence; measures: Measures }> {
  const cluster = await FaultyCluster.start(scenario.cluster);
  try {
    for (const worker of scenario.workers ?? [{}, {}]) await cluster.startWorker(worker);
    const timed = scenario.untimed !== true;
    const more = [...(timed ? timedSchedules : []), ...(scenario.moreSchedules ?? [])];
    const planned = [...plannedSchedules(scenario.schedules), ...more];
    const backfill = timed ? plannedBackfill(Date.now()) : null;
    const caller = new ApiCaller({
      // Half of its requests go around the links that fail.
      addresses: [...cluster.addresses, ...cluster.masters.map(({ port }) => `http://127.0.0.1:${port}`)],
      token: cluster.adminToken,
      jobs: scenario.jobs ?? ['short', 'short', 'long', 'flaky', 'once', 'shell', 'short', 'shell-long'],
      everyMs: scenario.callEveryMs ?? 150,
    });
    await cluster.api('POST', '/apply', definitions(cluster.truth, planned));
    if (backfill !== null) {
      const { schedule, ...range } = backfill;
      await cluster.api('POST', `/schedules/${schedule}/backfills`, { ...range, ...backfillPace });
    }
    const from = mark('the workload begins') + 1000;
    caller.start();
    await pause((scenario.warmMs ?? 5000) * pace.factor);
    const stage = { cluster, caller, mark, note: (name: string, value: number) => void noted.set(name, value) };
    await scenario.play(stage);
    mark('all faults are healed');
    await pause((scenario.restMs ?? 6000) * pace.factor);
    const to = mark('the workload ends');
    await drain(scenario, cluster, caller, mark);
    const what = { planned, backfill, workedUntil: to };
    // The store may have another primary by now than the connections of the harness lead to.
    const evidence = await until(
      'the evidence is read',
      () =>
        gatherEvidence(cluster, what, caller).catch((error: unknown) => {
          if (error instanceof StoreUnavailable) return undefined;
          throw error;
        }),
      60_000,
    );
    if (process.env['FAULTS_KEEP'] !== undefined)
      writeFileSync(join(cluster.home, 'evidence.json'), JSON.stringify(evidence));
    return { evidence, measures: measure(evidence, from, to) };
  } finally {
    await cluster.stop();
  }
}

/** Deleting the schedules decides what is due; then every run that is there must come to its end. */
async function drain(
  scenario: Scenario,
  cluster: FaultyCluster,
  caller: ApiCaller,
  mark: Stage['mark'],
): Promise<void> {
  await caller.stop();
  await until(
    'the schedules are deleted',
    () => ended(cluster.api('POST', '/apply', { jobs: [], prune: true, source })),
    30_000,
  );
  const endless = await cluster.store.db.query<{ id: string }>(
    `select r.id from run r join job j on j.id = r.job_id where j.name in ('endless', 'stubborn') and r.cancel_requested_at is null`,
  );
  for (const { id } of endless) await cluster.api('POST', `/runs/${id}/cancel`, {});
  const left = async (): Promise<number> => {
    const [row] = await cluster.store.db.query<{ n: number }>('select count(*) as n from run');
    return row?.n ?? 0;
  };
  // Runs that never end are the checker's to find, with their names.
  await until('every run has ended', async () => (await left()) === 0, scenario.drainMs ?? 60_000).catch(() => false);
  mark('every run has ended');
}

async function ended(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
}
