// What really happened, written down by those to whom it happened: the simulated workers and the simulated API client.
// Times are true times of the world. Checkers compare it with what the store says.

import type { GapChoice } from '@tidewheel/protocol';
import type { Timing } from './nominal-times.ts';
import type { StoreLossKind } from './options.ts';
import type { SchedulePlan } from './schedule-plans.ts';

/** One execution on a worker. `end` is null when it was cut off: by a crash, by fencing, or by the end of the simulation. */
export interface Execution {
  readonly runId: string;
  readonly attemptId: string;
  readonly attempt: number;
  readonly job: string;
  readonly schedule: string | null;
  readonly fireAt: number | null;
  readonly namespace: string;
  readonly worker: string;
  /** The worker's process life. */
  readonly life: number;
  readonly startedAt: number;
  readonly payload: string | null;
  end: { at: number; outcome: 'succeeded' | 'failed' | 'timed-out' | 'canceled' } | null;
  /** Stopped without a report: fenced, or its process died. */
  cutOffAt: number | null;
  /** Lines of output that it wrote. */
  logLines: number;
}

export type Answer<T> =
  | { kind: 'done'; value: T }
  /** The master says that nothing was done. */
  | { kind: 'refused'; code: string; detail: string }
  /** No answer, or one that says that nobody knows. */
  | { kind: 'unknown'; why: string };

export interface TriggerRecord {
  /** Stands in the payload, so that an execution names its request. */
  readonly tag: string;
  readonly namespace: string;
  readonly job: string;
  readonly key: string | null;
  /** When the request has one key for all of its runs, instead of theirs. */
  readonly requestKey: string | null;
  readonly delayMs: number;
  readonly sentAt: number;
  /** Each try of the same request. Requests without a key are tried once. */
  readonly answers: Answer<{ runId: string; created: boolean }>[];
}

export interface CancelRecord {
  readonly runId: string;
  readonly sentAt: number;
  answeredAt: number | null;
  answer: Answer<'canceled' | 'requested' | 'finished'> | null;
}

export interface RetryRecord {
  readonly runId: string;
  readonly sentAt: number;
  answer: Answer<{ runId: string; created: boolean }> | null;
}

/** One try of a change of definitions. */
export interface ChangeRecord {
  readonly namespace: string;
  /** The job and its schedules: what events of this change are about. */
  readonly subjects: readonly string[];
  readonly sentAt: number;
  /** A try of the same change before this one was answered with nothing, so it may still be carried out. */
  readonly afterUnknown: boolean;
  readonly answeredAt: number;
  readonly answer: Answer<unknown>;
}

/** One version of a schedule: surely in force from `doneAt` until the next one's `sentAt`, possibly from `sentAt` until the next one's `doneAt`. */
export interface Era {
  readonly timing: Timing;
  readonly overlap: SchedulePlan['overlap'];
  readonly misfire: SchedulePlan['misfire'];
  readonly enabled: boolean;
  readonly jobEnabled: boolean;
  readonly sentAt: number;
  /** Infinity until a master has answered. */
  doneAt: number;
}

/** One acquisition of a lock of users, as who asked for it sees it. */
export interface HoldRecord {
  readonly holder: string;
  readonly namespace: string;
  readonly name: string;
  readonly hold: string;
  /** The lock goes with the worker that executes this attempt. */
  readonly attemptId: string | null;
  /** When the token came; null when none came. */
  heldFrom: number | null;
  token: number | null;
  /** Until when the holder trusts in it: by its lease, or because it gave it back, learned of its loss, or died. */
  heldTo: number;
}

/** The last one to ask for a lock, when all who had it are gone. */
export interface LastAskRecord {
  readonly namespace: string;
  readonly name: string;
  readonly hold: string;
  readonly askedAt: number;
  /** Null when it was given up without having got it. */
  gotAt: number | null;
  gaveUpAt: number | null;
}

/** A request for a backfill; each try of it has the same key. */
export interface BackfillRecord {
  /** Stands in the payload of its runs. */
  readonly tag: string;
  readonly namespace: string;
  readonly schedule: string;
  readonly from: number;
  readonly to: number;
  readonly newestFirst: boolean;
  readonly active: number;
  readonly sentAt: number;
  readonly answers: Answer<{ id: string }>[];
}

/** Another server of the store has taken over, or a backup. */
export interface StoreLossRecord {
  readonly kind: StoreLossKind;
  /** Changes of the history after the first number, up to the second, are of no store any more; none with synchronous replication. */
  readonly keptSeq: number;
  readonly lostSeq: number;
  /** True times: from when on what was confirmed may be lost, and when the other took over. */
  readonly from: number;
  readonly to: number;
  /** Connections between workers and masters which had just asked the store, and until when they were whole, as far as that was watched. */
  readonly links: { readonly worker: string; readonly master: string; readonly since: number; wholeUntil: number }[];
  /** Of a restore: the choice of the operator. */
  readonly choice: { readonly gap: GapChoice; readonly unfinished: 'again' | 'lost' } | null;
}

export class GroundTruth {
  /** By namespace and name of the schedule. */
  readonly eras = new Map<string, Era[]>();
  readonly executions: Execution[] = [];
  readonly triggers: TriggerRecord[] = [];
  readonly cancels: CancelRecord[] = [];
  readonly retries: RetryRecord[] = [];
  readonly changes: ChangeRecord[] = [];
  readonly holds: HoldRecord[] = [];
  readonly lastAsks: LastAskRecord[] = [];
  readonly backfills: BackfillRecord[] = [];
  readonly losses: StoreLossRecord[] = [];
  /** Assignments that reached a worker, whatever it did with them. */
  readonly received: { worker: string; namespace: string; job: string; runId: string }[] = [];
  /** Defects that showed themselves: a broken invariant, an unexpected error, a promise that failed with nobody waiting. */
  readonly defects: { at: number; who: string; what: string }[] = [];

  erasOf(namespace: string, schedule: string): Era[] {
    const key = `${namespace} ${schedule}`;
    const eras = this.eras.get(key) ?? [];
    this.eras.set(key, eras);
    return eras;
  }
}
