// The leader's duty to remove history that has run out: at first whole days of the archive, where the engine has partitions, then whatever
// is left, page by page. Each step is a transaction of a few milliseconds, and rests for as long as it took, so that at most half of
// SQLite's one writer is its own. A pass is one walk over all; the next one follows an hour later.

import { outcomes, type RetentionPass } from '@tidewheel/protocol';
import { nextStepRows, type RetentionSettings, type RunWalk, runWalks } from '../core/retention.ts';
import type { Tx } from '../ports/database.ts';
import { eventsAppend, wholeCell } from '../store/events.ts';
import { storeNow } from '../store/jobs.ts';
import { firstId, passRecord, retentionHold, type RunsRemoved, runsRemove, shortRules } from '../store/retention.ts';
import {
  backfillsRemove,
  countsRemove,
  eventsRemove,
  firesMayPrecede,
  firesRemove,
  orphansRemove,
  type Removed,
} from '../store/retention-others.ts';
import { dayOf } from '../core/archive-days.ts';
import { compactDays, dropEmptied } from './archive-days.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';

/** A leader that has just begun has better things to do. */
const firstRestMs = 120_000;
const restMostMs = 3_600_000;
/** Of the shortest default. */
const restShare = 10;
/** A step of SQLite holds the event loop. */
const targetMs = { sqlite: 8, postgres: 25 };
const pauseLeastMs = 5;
const firstStepRows = 100;

export type RetentionContext = Pick<MasterContext, 'db' | 'clock' | 'identity' | 'log' | 'metrics' | 'settings'>;

type Counts = Omit<RetentionPass, 'at'>;
type Told = 'runs' | 'logChunks' | 'fires' | 'others' | 'partitions';

export function retention(context: RetentionContext): Duty {
  return {
    name: 'retention',
    begin: (leader) => {
      const least = Math.min(...outcomes.map((outcome) => context.settings.retention.runs[outcome]));
      const restMs = Math.min(restMostMs, least / restShare);
      let pass: AsyncGenerator<number> | null = null;
      let rested = false;
      return async () => {
        if (!rested) {
          rested = true;
          return Math.min(firstRestMs, restMs);
        }
        pass ??= new Pass(context, leader).steps();
        try {
          const step = await pass.next();
          if (step.done !== true) return step.value;
        } catch (error) {
          // A generator that has thrown is over: the next call begins a new pass.
          pass = null;
          throw error;
        }
        pass = null;
        return restMs;
      };
    },
  };
}

/** One walk over all history; yields how long to rest after each step. */
class Pass {
  readonly #context: RetentionContext;
  readonly #leader: Leader;
  readonly #settings: RetentionSettings;
  readonly #counts: Counts = { runs: 0, logChunks: 0, fires: 0, others: 0, partitions: 0 };
  #rows = firstStepRows;

  constructor(context: RetentionContext, leader: Leader) {
    this.#context = context;
    this.#leader = leader;
    this.#settings = context.settings.retention;
  }

  async *steps(): AsyncGenerator<number> {
    const { db } = this.#context;
    const now = await storeNow(db);
    const { runs: keep, ledgerMs, eventsMs, statisticsMs, orphansMs } = this.#settings;
    const wholeDays = db.dialect.engine === 'postgres';
    const rules = await shortRules(db, Math.max(...outcomes.map((outcome) => keep[outcome])));
    const { walks, horizon } = runWalks(keep, rules, now, wholeDays);
    if (wholeDays)
      for await (const { runs, logChunks } of compactDays(this.#context, this.#leader, keep, horizon)) {
        this.#note({ runs, logChunks, partitions: 1 });
        yield pauseLeastMs;
      }
    for (const walk of walks) yield* this.#walk(walk);
    if (wholeDays) this.#note({ partitions: await dropEmptied(this.#context, this.#leader) });
    const ledgerFrom = dayOf(now - ledgerMs);
    const old = await firesMayPrecede(db, ledgerFrom);
    yield* this.#removing('fires', (tx, after) => firesRemove(tx, ledgerFrom, after), old);
    yield* this.#removing('others', (tx, after) => eventsRemove(tx, now - eventsMs, after));
    yield* this.#removing('others', (tx) => countsRemove(tx, now - statisticsMs));
    yield* this.#removing('others', (tx) => orphansRemove(tx, now - orphansMs));
    yield* this.#removing('others', (tx) => backfillsRemove(tx, now - ledgerMs));
    await this.#record(now);
  }

  async *#walk(walk: RunWalk): AsyncGenerator<number> {
    const { runs: keep } = this.#settings;
    for (let after: string | null = firstId; after !== null; ) {
      const place: { after: string; rows: number } = { after, rows: this.#rows };
      const step = await this.#timed<RunsRemoved>((tx) => runsRemove(tx, keep, walk, place));
      this.#note({ runs: step.done.runs, logChunks: step.done.logChunks });
      after = step.done.next;
      yield step.pauseMs;
    }
  }

  async *#removing(
    what: Told,
    remove: (tx: Tx, after: string) => Promise<Removed>,
    wanted = true,
  ): AsyncGenerator<number> {
    for (let after: string | null = wanted ? firstId : null; after !== null; ) {
      const from: string = after;
      const step = await this.#timed<Removed>((tx) => remove(tx, from));
      this.#note({ [what]: step.done.rows });
      after = step.done.next;
      yield step.pauseMs;
    }
  }

  async #timed<T>(work: (tx: Tx) => Promise<T>): Promise<{ done: T; pauseMs: number }> {
    const { clock, db } = this.#context;
    const startedMs = clock.monotonicMs();
    const done = await this.#leader.transaction(async (tx) => {
      await retentionHold(tx);
      return work(tx);
    });
    const tookMs = clock.monotonicMs() - startedMs;
    this.#rows = nextStepRows(this.#rows, tookMs, targetMs[db.dialect.engine]);
    return { done, pauseMs: Math.max(pauseLeastMs, tookMs) };
  }

  #note(removed: Partial<Counts>): void {
    for (const [what, count] of Object.entries(removed) as [Told, number][]) {
      this.#counts[what] += count;
      if (count > 0) this.#context.metrics.add('tidewheel_retention_removed_total', count, { what });
    }
  }

  async #record(at: number): Promise<void> {
    const { identity, log } = this.#context;
    if (Object.values(this.#counts).every((count) => count === 0)) return;
    await this.#leader.transaction(async (tx) => {
      await passRecord(tx, { at, ...this.#counts });
      const event = { namespace: wholeCell, actor: 'retention', action: 'retention.remove', subject: 'history' };
      await eventsAppend(tx, identity, [{ ...event, detail: this.#counts }]);
    });
    log.info('history that had run out was removed', { ...this.#counts });
  }
}
