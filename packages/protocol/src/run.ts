// A run and its attempts, as the API shows them, and the requests that make, stop and repeat runs.

import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { limits } from './limits.ts';
import { nameSchema, timeSchema } from './names.ts';
import { attemptOutcomes, reportedOutcomes, runStates, triggerKinds } from './states.ts';

/**
 * The kind of error with which a worker answers when it is given an attempt that is over for it already. A store that lost its newest
 * commits may take such an attempt for running; nobody will ever know its outcome, so it counts as lost.
 */
export const forgottenKind = 'forgotten';

export const runErrorSchema = z.object({
  /** A short stable word such as `exit`, `signal`, `http-status`, `timeout`, `thrown`, `worker-lost`. */
  kind: z.string(),
  message: z.string(),
  stack: z.string().optional(),
});
export type RunError = z.infer<typeof runErrorSchema>;

/** Of the processes of an attempt: the most memory at once, and the time of the processor, as far as its worker has seen. */
export const attemptUsageSchema = z.object({
  memoryBytes: z.number().int().min(0),
  cpuMs: z.number().int().min(0),
});
export type AttemptUsage = z.infer<typeof attemptUsageSchema>;

/** One try. `attemptId` fences it: whoever reports must bring it. */
export const attemptViewSchema = z.object({
  attempt: z.number().int(),
  attemptId: z.string(),
  worker: z.string(),
  sessionId: z.string(),
  claimedAt: timeSchema,
  startedAt: timeSchema.nullable(),
  endedAt: timeSchema.nullable(),
  outcome: z.enum(attemptOutcomes).nullable(),
  error: runErrorSchema.nullable(),
  /** Where its worker could tell. */
  usage: attemptUsageSchema.optional(),
  /** What its worker reported after the attempt had been given away: refused, and kept for the record. */
  refusedReport: z
    .object({ outcome: z.enum(reportedOutcomes), receivedAt: timeSchema, error: runErrorSchema.nullable() })
    .optional(),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

const runFields = {
  id: z.string(),
  namespace: z.string(),
  job: z.string(),
  jobVersion: z.number().int(),
  queue: z.string(),
  kind: z.string(),
  state: z.enum(runStates),
  trigger: z.enum(triggerKinds),
  schedule: z.string().nullable(),
  /** The nominal time, for runs of a schedule. */
  fireAt: timeSchema.nullable(),
  priority: z.number().int(),
  attempt: z.number().int(),
  attemptsMax: z.number().int(),
  worker: z.string().nullable(),
  createdAt: timeSchema,
  dueAt: timeSchema,
  startedAt: timeSchema.nullable(),
  finishedAt: timeSchema.nullable(),
  cancelRequestedAt: timeSchema.nullable(),
  error: runErrorSchema.nullable(),
};

export const runSummarySchema = z.object(runFields);
export type RunSummary = z.infer<typeof runSummarySchema>;

export const runViewSchema = z.object({
  ...runFields,
  payload: z.unknown(),
  output: z.unknown(),
  attempts: z.array(attemptViewSchema),
  retryOf: z.string().nullable(),
  /** For an unfinished run: one sentence on what it waits for. */
  waitingFor: z.string().nullable(),
});
export type RunView = z.infer<typeof runViewSchema>;

export const triggerRequestSchema = z.strictObject({
  job: nameSchema,
  payload: z.unknown().optional(),
  /** Run this long after now. */
  delay: durationSchema.optional(),
  priority: z.number().int().min(-100).max(100).optional(),
  /** The same key within 24 hours answers with the run that it made first. */
  idempotencyKey: z.string().min(1).max(limits.idempotencyKeyChars).optional(),
});
export type TriggerRequest = z.input<typeof triggerRequestSchema>;

export const batchTriggerRequestSchema = z.strictObject({
  runs: z.array(triggerRequestSchema).min(1).max(limits.batchRuns),
});

/** `created` is false when the idempotency key named an existing run. */
export const triggerResultSchema = z.object({ runId: z.string(), created: z.boolean() });
export type TriggerResult = z.infer<typeof triggerResultSchema>;
export const batchTriggerResultSchema = z.object({ runs: z.array(triggerResultSchema) });

export const cancelRequestSchema = z.strictObject({ reason: z.string().max(limits.reasonChars).default('') });
export const retryRequestSchema = z.strictObject({ payload: z.unknown().optional() });

export const logStreams = ['stdout', 'stderr', 'log', 'system'] as const;
export type LogStream = (typeof logStreams)[number];
export const logChunkViewSchema = z.object({
  attempt: z.number().int(),
  attemptId: z.string(),
  seq: z.number().int(),
  at: timeSchema,
  stream: z.enum(logStreams),
  text: z.string(),
});
export type LogChunkView = z.infer<typeof logChunkViewSchema>;
