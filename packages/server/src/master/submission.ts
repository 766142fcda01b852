// What a caller of the intake wants, and how it travels through the group commit.

import type { TriggerResult } from '@tidewheel/protocol';
import type { NewEvent } from '../store/events.ts';

/**
 * The key of a request as a whole is kept as that of its first run. Masters of 0.1 kept one for each run, under these names: one that meets
 * the other's key refuses it as another request's, and never makes the runs again.
 */
export const batchKeySuffix = '/0';

/** One run that a caller wants. Durations in ms; `payload` undefined means the job's own. */
export interface RunRequest {
  job: string;
  payload?: unknown;
  delayMs?: number;
  priority?: number;
  idempotencyKey?: string;
  trigger?: 'api' | 'retry' | 'schedule';
  scheduleId?: string | null;
  retryOf?: string | null;
}

/** `runIds` are made before the commit, so that an unknown outcome can be read back; they count on from the first. */
export interface Submission {
  namespace: string;
  requests: readonly RunRequest[];
  /** The idempotency key of all of it: repeated, the runs without a key of their own are the first ones again. */
  key: string | null;
  runIds: readonly string[];
  payloads: readonly (string | null)[];
  /** What goes into the audit log with the runs, in their transaction; null for nothing. */
  record: ((results: readonly TriggerResult[]) => NewEvent[]) | null;
}
