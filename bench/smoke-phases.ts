// What the smoke benchmark does to a system, and what it asks the store afterwards.

import type { JobInput } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import type { OpenStore } from '../packages/server/src/compose.ts';
import { percentile, rate } from './numbers.ts';
import { nowMs } from './wall-clock.ts';

const batch = 1000;
/** Batches on their way at the same time. */
const submitters = 4;

export async function declareJobs(client: Client): Promise<void> {
  const job = (name: string, task: string): JobInput => ({ name, task });
  const jobs = [job('backlog', 'noop'), job('stream', 'noop'), job('latency', 'stopwatch')];
  await client.apply({ jobs, source: 'bench' });
}

/** Submits in batches through the HTTP API. */
export async function submit(client: Client, job: string, runs: number): Promise<{ ids: string[]; perSecond: number }> {
  const ids: string[] = [];
  const started = nowMs();
  let left = runs;
  const submitter = async (): Promise<void> => {
    while (left > 0) {
      const size = Math.min(batch, left);
      left -= size;
      const made = await client.runs.triggerBatch(Array.from({ length: size }, () => ({ job })));
      for (const { runId } of made) ids.push(runId);
    }
  };
  await Promise.all(Array.from({ length: submitters }, submitter));
  return { ids, perSecond: rate(runs, nowMs() - started) };
}

/** Resolves when nothing waits and nothing runs. */
export async function untilIdle(client: Client, withinMs: number): Promise<void> {
  const until = nowMs() + withinMs;
  for (;;) {
    const { waiting, running, scheduled } = await client.overview();
    if (waiting + running + scheduled === 0) return;
    if (nowMs() > until) throw new Error(`not idle after ${withinMs} ms: ${waiting} wait, ${running} run`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Single runs at a low, steady rate; each tells how long it took from the caller's hand to the first line of the task. */
export async function trickle(client: Client, runs: number, perSecond: number): Promise<number[]> {
  const ids: Promise<string>[] = [];
  const started = nowMs();
  for (let index = 0; index < runs; index += 1) {
    const waitMs = started + (index * 1000) / perSecond - nowMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    ids.push(client.runs.trigger({ job: 'latency', payload: { sentAt: nowMs() } }).then(({ runId }) => runId));
  }
  await untilIdle(client, 30_000);
  const latencies: number[] = [];
  for (const id of await Promise.all(ids)) latencies.push(Number((await client.runs.get(id)).output));
  return latencies;
}

/** As many schedules that fire every second, for so long; then they are gone, and their ledger is audited. */
export async function everySecond(client: Client, schedules: number, seconds: number): Promise<FireFacts> {
  const perJob = 100;
  const jobs = Array.from(
    { length: Math.ceil(schedules / perJob) },
    (_, job): JobInput => ({
      name: `ticker-${job}`,
      task: 'noop',
      schedules: Array.from({ length: Math.min(perJob, schedules - job * perJob) }, (_, index) => ({
        name: `tick-${job}-${index}`,
        cron: '* * * * * *',
        misfire: { policy: 'all' as const },
      })),
    }),
  );
  await client.apply({ jobs, source: 'bench-ticker' });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  // Deleting decides what is due until then, so the ledger is complete.
  await client.apply({ jobs: [], source: 'bench-ticker', prune: true });
  await untilIdle(client, 60_000);
  // The audit leaves out the last few seconds, which a busy master may still be deciding.
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const audit = await client.audit.fires();
  const sum = (pick: (row: (typeof audit.schedules)[number]) => number): number =>
    audit.schedules.reduce((total, row) => total + pick(row), 0);
  return {
    expected: sum((row) => row.expected),
    fired: sum((row) => row.fired),
    skipped: sum((row) => row.skipped),
    missing: sum((row) => row.missing),
    doubled: sum((row) => row.doubled),
    unexpected: sum((row) => row.unexpected),
  };
}

export interface FireFacts {
  readonly expected: number;
  readonly fired: number;
  readonly skipped: number;
  readonly missing: number;
  readonly doubled: number;
  readonly unexpected: number;
}

/** What is wrong with the record of these runs; empty when each is archived once and succeeded. */
export async function faultsOfRecord(store: OpenStore, ids: readonly string[]): Promise<string[]> {
  const rows = await store.db.query<{ id: string; state: string; attempt: number }>(
    `select r.id, r.state, r.attempt from run_archive r join job j on j.id = r.job_id where j.name in ('backlog', 'stream')`,
  );
  const seen = new Map<string, number>();
  for (const { id } of rows) seen.set(id, (seen.get(id) ?? 0) + 1);
  const [hot] = await store.db.query<{ runs: number }>('select count(*) as runs from run');
  const faults = {
    'submitted twice': ids.length - new Set(ids).size,
    'not archived': ids.filter((id) => !seen.has(id)).length,
    'archived more than once': [...seen.values()].filter((times) => times > 1).length,
    'never submitted': rows.length - ids.length,
    'not succeeded': rows.filter(({ state }) => state !== 'succeeded').length,
    'tried again': rows.filter(({ attempt }) => attempt !== 1).length,
    'left unfinished': hot?.runs ?? 0,
  };
  return Object.entries(faults).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
}

/** Between the first of `from` and the last finish of the job's runs, by the store's clock. */
export async function spanMs(store: OpenStore, job: string, from: 'created_at' | 'started_at'): Promise<number> {
  const [row] = await store.db.query<{ span: number }>(
    `select max(r.finished_at) - min(r.${from}) as span from run_archive r join job j on j.id = r.job_id where j.name = $1`,
    [job],
  );
  return Number(row?.span ?? 0);
}

/** From nominal time to decision, of the schedules that fired each second. */
export async function lateness(store: OpenStore): Promise<{ p50: number; p99: number; max: number }> {
  const rows = await store.db.query<{ late: number }>('select decided_at - fire_at as late from fire');
  const values = rows.map(({ late }) => late);
  return {
    p50: percentile(values, 0.5),
    p99: percentile(values, 0.99),
    max: values.reduce((a, b) => Math.max(a, b), 0),
  };
}
