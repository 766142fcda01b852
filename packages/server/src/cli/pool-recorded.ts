// Reads from the API what a pool's lanes did, into columns for replaying. Bounded in memory: over the bound the range must be made smaller.

import type { ReplayRuns } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import type { ReplayLane, ReplayWork } from '../core/scaling/replay-work.ts';
import { UsageError } from './failure.ts';

/** Some 50 bytes each, and twice that while they are put in order. */
const runsMost = 2_000_000;

export interface RecordedRuns {
  readonly work: ReplayWork;
  readonly waitsMs: Float32Array;
  /** Ids, by the places that the column `job` has. */
  readonly jobs: readonly string[];
}

export interface Recording {
  readonly client: Client;
  readonly pool: string;
  readonly from: number;
  readonly to: number;
  /** Told after each page. */
  readonly onRuns: (runs: number) => void;
}

export async function recordedRuns({ client, pool, from, to, onRuns }: Recording): Promise<RecordedRuns> {
  const columns = new Columns();
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: ReplayRuns = await client.pools.replayRuns(pool, { from, to, cursor });
    columns.add(page);
    if (columns.runs > runsMost)
      throw new UsageError(`more than ${runsMost} runs lie in this range: replay a shorter one`);
    onRuns(columns.runs);
    cursor = page.nextCursor;
  }
  return columns.byTime();
}

class Columns {
  readonly #lanes: ReplayLane[] = [];
  readonly #lanePlaces = new Map<string, number>();
  readonly #jobPlaces = new Map<string, number>();
  readonly #at: number[] = [];
  readonly #lane: number[] = [];
  readonly #job: number[] = [];
  readonly #waitMs: number[] = [];
  readonly #durationMs: number[] = [];
  readonly #foreseen: number[] = [];

  get runs(): number {
    return this.#at.length;
  }

  add(page: ReplayRuns): void {
    const lanes = page.lanes.map(({ id, queue, handler, selector }) =>
      this.#placeOf(this.#lanePlaces, id, () => this.#lanes.push({ queue, handler, selector })),
    );
    const jobs = page.jobs.map((id) => this.#placeOf(this.#jobPlaces, id, () => undefined));
    for (const [index, at] of page.dueAt.entries()) {
      this.#at.push(at);
      this.#lane.push(lanes[page.lane[index] ?? 0] ?? 0);
      this.#job.push(jobs[page.job[index] ?? 0] ?? 0);
      this.#waitMs.push(page.waitMs[index] ?? 0);
      this.#durationMs.push(page.durationMs[index] ?? 0);
      this.#foreseen.push(page.foreseen[index] ?? 0);
    }
  }

  byTime(): RecordedRuns {
    // Pages come in the order in which runs were made; when they were due differs a little, or by the whole of a delay.
    const order = Uint32Array.from(this.#at, (_, index) => index).sort(
      (a, b) => (this.#at[a] ?? 0) - (this.#at[b] ?? 0) || a - b,
    );
    const sorted = (column: readonly number[]) => Array.from(order, (index) => column[index] ?? 0);
    return {
      work: {
        lanes: this.#lanes,
        at: Float64Array.from(sorted(this.#at)),
        lane: Uint16Array.from(sorted(this.#lane)),
        job: Uint32Array.from(sorted(this.#job)),
        durationMs: Float32Array.from(sorted(this.#durationMs)),
        foreseen: Uint8Array.from(sorted(this.#foreseen)),
      },
      waitsMs: Float32Array.from(sorted(this.#waitMs)),
      jobs: [...this.#jobPlaces.keys()],
    };
  }

  #placeOf(places: Map<string, number>, id: string, added: () => unknown): number {
    const known = places.get(id);
    if (known !== undefined) return known;
    added();
    places.set(id, places.size);
    return places.size - 1;
  }
}
