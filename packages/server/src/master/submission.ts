// What a caller of the intake wants, and how it travels through the group commit.

import type { TriggerResult } from '@tidewheel/protocol';
import type { NewEvent } from '../store/events.ts';

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

/** `runIds` are made before the commit, so that an unknown outcome can be read back. */
export interface Submission {
  namespace: string;
  requests: readonly RunRequest[];
  runIds: readonly string[];
  payloads: readonly (string | null)[];
  /** What goes into the audit log with the runs, in their transaction; null for nothing. */
  record: ((results: readonly TriggerResult[]) => NewEvent[]) | null;
}
