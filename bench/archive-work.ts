// The hot path of the store without anything around it: insert a batch of runs, claim them, complete them. Rates in turns, by the median.

import { systemIdentity } from '../packages/server/src/drivers/system/identity.ts';
import type { Database } from '../packages/server/src/ports/database.ts';
import { DefinitionCache } from '../packages/server/src/store/definition-cache.ts';
import { type ClaimedRun, runsClaim } from '../packages/server/src/store/runs-claim.ts';
import { resultsAccept } from '../packages/server/src/store/runs-report.ts';
import { runsInsert } from '../packages/server/src/store/runs-submit.ts';
import { newRun, seedJob, type SeededJob, seedSession } from '../packages/server/src/store/testing/seed.ts';

const batchRuns = 500;

export class Work {
  readonly #db: Database;
  readonly #job: SeededJob;
  readonly #sessionId: string;
  readonly #deps = { masterId: systemIdentity.next(), definitions: new DefinitionCache(), fraction: () => 0.5 };

  private constructor(db: Database, job: SeededJob, sessionId: string) {
    this.#db = db;
    this.#job = job;
    this.#sessionId = sessionId;
  }

  static async begin(db: Database): Promise<Work> {
    const job = await seedJob(db, { name: 'work' });
    return new Work(db, job, await seedSession(db, systemIdentity.next(), 86_400_000));
  }

  /** Milliseconds of the claims and of the completions. */
  async batches(count: number, runs = batchRuns): Promise<{ claimMs: number; completeMs: number }> {
    let [claimMs, completeMs] = [0, 0];
    for (let batch = 0; batch < count; batch += 1) {
      const { claimed, tookMs } = await this.claim(runs);
      claimMs += tookMs;
      completeMs += await this.complete(claimed);
    }
    return { claimMs, completeMs };
  }

  async claim(runs: number): Promise<{ claimed: ClaimedRun[]; tookMs: number }> {
    const made = Array.from({ length: runs }, () => newRun(this.#job, { id: systemIdentity.next() }));
    await this.#db.transaction((tx) => runsInsert(tx, made));
    const slots = made.map(() => ({ sessionId: this.#sessionId, attemptId: systemIdentity.random() }));
    const started = performance.now();
    const claimed = await this.#db.transaction((tx) => runsClaim(tx, this.#job.laneId, slots));
    const tookMs = performance.now() - started;
    if (claimed.length !== runs) throw new Error(`claimed ${claimed.length} of ${runs}`);
    return { claimed, tookMs };
  }

  async complete(claimed: readonly ClaimedRun[]): Promise<number> {
    const results = claimed.map((run) => ({
      type: 'result' as const,
      runId: run.id,
      attemptId: run.attemptId,
      sessionId: this.#sessionId,
      outcome: 'succeeded' as const,
      durationMs: 10,
      output: null,
      error: null,
    }));
    const started = performance.now();
    const { finished } = await this.#db.transaction((tx) => resultsAccept(tx, this.#deps, results));
    const tookMs = performance.now() - started;
    if (finished.length !== claimed.length) throw new Error(`finished ${finished.length} of ${claimed.length}`);
    return tookMs;
  }
}

/** One line for each store: rates a second, and their ratio to those of the empty store, round by round. */
export async function ratesOf(works: ReadonlyMap<string, Work>, rounds: number, batches: number): Promise<string[]> {
  const found = new Map([...works.keys()].map((name) => [name, { claim: [] as number[], complete: [] as number[] }]));
  for (const work of works.values()) await work.batches(5);
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [...works] : [...works].toReversed();
    for (const [name, work] of order) {
      const { claimMs, completeMs } = await work.batches(batches);
      found.get(name)?.claim.push((batches * batchRuns * 1000) / claimMs);
      found.get(name)?.complete.push((batches * batchRuns * 1000) / completeMs);
    }
  }
  const base = found.get('empty');
  return [...found].map(([name, rates]) => {
    const told = (['claim', 'complete'] as const).map((kind) => {
      const ratio = median(rates[kind].map((rate, index) => rate / (base?.[kind][index] ?? rate)));
      return `${kind} ${Math.round(median(rates[kind])).toLocaleString('en')}/s (${(ratio * 100).toFixed(0)} % of empty)`;
    });
    return `${name}: ${told.join(', ')}`;
  });
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
