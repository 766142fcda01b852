// The worker protocol `tidewheel.v1`: frames are JSON arrays of these messages, flushed once per tick.
//
//   worker                                   master
//   hello {incarnation, handlers, slots} →
//                                          ← welcome {sessionId, ttl, nonce} and, on resume, the claims again
//   ready {slots}                        →    credits: free slots now
//                                          ← assign {attemptId, run …}
//   started · log · progress · result    →
//                                          ← ack {attemptIds} · logAck · stale {attemptId} · cancel {attemptId}
//   heartbeat {nonce}                    → ← heartbeatAck {nonce}   a round trip; without the fresh nonce nothing is renewed
//   drain · bye                          → ← drain · bye
//
// Results are re-sent until acknowledged; assignments are re-delivered on resume; so every message may arrive twice.

import { z } from 'zod';
import { limits } from './limits.ts';
import { idSchema, labelsSchema, nameSchema, timeSchema } from './names.ts';
import { attemptUsageSchema, logStreams, runErrorSchema } from './run.ts';
import { reportedOutcomes } from './states.ts';

export const wireProtocol = 'tidewheel.v1';
/**
 * Grows with every addition. Fields that the receiver does not know are ignored, in both directions; a new *kind* of message may only
 * be sent to a peer whose minor knows it (docs/decisions/compatibility.md). Absent: 0.
 */
export const wireMinor = 4;

export const workerStatsSchema = z.object({
  /** Share of one core used by the worker process since the last heartbeat, 0 to n cores. */
  cpu: z.number().optional(),
  memoryBytes: z.number().optional(),
  /** Longest delay of the main loop since the last heartbeat, ms. */
  loopLagMs: z.number().optional(),
  /** From sending a heartbeat to its answer, less the time for which the master held it. Since minor 2. */
  roundTripMs: z.number().min(0).optional(),
  /** Since the start of the process, with the processes of its attempts: the most memory at once, and of the processor the busiest minute, in
   *  cores. Since minor 4, as the next two. */
  peakMemoryBytes: z.number().int().min(0).optional(),
  peakCpu: z.number().min(0).optional(),
  /** Now, likewise with the processes of its attempts: memory, and of the processor the mean of the last minute, in cores. Since minor 4. */
  usedMemoryBytes: z.number().int().min(0).optional(),
  usedCpu: z.number().min(0).optional(),
  /** Of the container that it runs in: what it may have at most, and processes that were killed because that was not enough. */
  memoryLimitBytes: z.number().int().min(0).optional(),
  oomKills: z.number().int().min(0).optional(),
});
export type WorkerStats = z.infer<typeof workerStatsSchema>;

export const helloSchema = z.object({
  type: z.literal('hello'),
  /** Chosen at random by the worker process at its start; resuming means saying the same again. */
  incarnation: idSchema,
  worker: nameSchema,
  version: z.string().max(64),
  slots: z.number().int().min(1).max(limits.workerSlots),
  queues: z.array(nameSchema).min(1).max(limits.workerQueues),
  /** `shell`, `http`, `task:<id>`. */
  handlers: z
    .array(
      z
        .string()
        .min(1)
        .max(limits.nameChars + 5),
    )
    .min(1)
    .max(limits.workerHandlers),
  labels: labelsSchema,
  host: z.string().max(255),
  pid: z.number().int(),
  /** Attempts that the worker holds (running, or with a result not yet acknowledged). Empty on first contact. */
  holding: z.array(idSchema).max(limits.workerSlots * 2),
  /** True when this incarnation was welcomed before. */
  resume: z.boolean(),
  /** It comes because another master sent it here (`prefer`), so it should not be sent on. */
  moved: z.boolean().optional(),
  /** Of the first welcome that this process got; a master of another cluster refuses it. */
  cluster: z.string().max(64).optional(),
  minor: z.number().int().min(0).optional(),
});

export const readySchema = z.object({
  type: z.literal('ready'),
  free: z.number().int().min(0).max(limits.workerSlots),
});
export const heartbeatSchema = z.object({
  type: z.literal('heartbeat'),
  /** The nonce of the last reply. */
  nonce: z.string().max(64),
  /** Bumped by the main loop; a value that stands still means that the loop hangs. */
  mainSeq: z.number().int(),
  stats: workerStatsSchema,
});
export const startedSchema = z.object({ type: z.literal('started'), runId: idSchema, attemptId: idSchema });
export const logSchema = z.object({
  type: z.literal('log'),
  runId: idSchema,
  attemptId: idSchema,
  /** From 1, without gaps, per attempt. */
  seq: z.number().int().min(1),
  stream: z.enum(logStreams),
  /** Milliseconds since the attempt started, on the worker's monotonic clock. */
  offsetMs: z.number().int().min(0),
  text: z.string().max(limits.logChunkBytes),
});
export const resultSchema = z.object({
  type: z.literal('result'),
  runId: idSchema,
  attemptId: idSchema,
  outcome: z.enum(reportedOutcomes),
  /** JSON text, so that masters carry it without parsing. */
  output: z.string().max(limits.outputBytes).nullable(),
  error: runErrorSchema.nullable(),
  /** Milliseconds between start and end on the worker's monotonic clock. */
  durationMs: z.number().int().min(0),
  /** Since minor 4. */
  usage: attemptUsageSchema.optional(),
});
export const drainSchema = z.object({ type: z.literal('drain') });
export const byeSchema = z.object({ type: z.literal('bye'), reason: z.string().max(500) });

export const workerMessageSchema = z.discriminatedUnion('type', [
  helloSchema,
  readySchema,
  heartbeatSchema,
  startedSchema,
  logSchema,
  resultSchema,
  drainSchema,
  byeSchema,
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;
export type Hello = z.infer<typeof helloSchema>;
export type Result = z.infer<typeof resultSchema>;
export type LogMessage = z.infer<typeof logSchema>;

export const welcomeSchema = z.object({
  type: z.literal('welcome'),
  sessionId: idSchema,
  resumed: z.boolean(),
  leaseTtlMs: z.number().int(),
  heartbeatMs: z.number().int(),
  nonce: z.string(),
  masterId: z.string(),
  cluster: z.string().optional(),
  minor: z.number().int().optional(),
  /** Addresses of all masters, for reconnecting. */
  masters: z.array(z.string()),
  /** Attempts of `holding` that are no longer the worker's: stop them, drop their results. */
  stale: z.array(idSchema),
});
export const assignSchema = z.object({
  type: z.literal('assign'),
  runId: idSchema,
  attemptId: idSchema,
  attempt: z.number().int(),
  attemptsMax: z.number().int(),
  namespace: z.string(),
  job: z.string(),
  jobVersion: z.number().int(),
  /** What to do: the handler part of the job's definition. */
  handler: z.union([
    z.object({ kind: z.literal('task'), task: z.string() }),
    z.object({
      kind: z.literal('shell'),
      argv: z.array(z.string()).optional(),
      script: z.string().optional(),
      interpreter: z.array(z.string()),
      env: z.record(z.string(), z.string()),
      cwd: z.string().optional(),
    }),
    z.object({
      kind: z.literal('http'),
      url: z.string(),
      method: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.unknown().optional(),
      expect: z.array(z.union([z.number(), z.string()])),
    }),
  ]),
  /** JSON text, or null. */
  payload: z.string().nullable(),
  runTimeoutMs: z.number().int().nullable(),
  /** The longest silence (no heartbeat of a task, no output); masters before it was known leave it out. */
  heartbeatTimeoutMs: z.number().int().nullable().optional(),
  killGraceMs: z.number().int(),
  schedule: z.string().nullable(),
  fireAt: timeSchema.nullable(),
  /** The nominal times before and after it: the interval that the run is for. */
  previousFireAt: timeSchema.nullable().optional(),
  nextFireAt: timeSchema.nullable().optional(),
});
export const heartbeatAckSchema = z.object({
  type: z.literal('heartbeatAck'),
  nonce: z.string(),
  /** How long the master kept the heartbeat until its renewal was stored. Since minor 2. */
  heldMs: z.number().min(0).optional(),
  /** When they have changed: the addresses of all masters, as in `welcome`. */
  masters: z.array(z.string()).optional(),
});
/** Results that are settled: accepted, or refused as stale. Either way the worker forgets them. */
export const ackSchema = z.object({ type: z.literal('ack'), attemptIds: z.array(idSchema) });
/** Logs of the attempt up to `seq` are stored. */
export const logAckSchema = z.object({ type: z.literal('logAck'), attemptId: idSchema, seq: z.number().int() });
/** The attempt is no longer the worker's: stop it, report nothing. */
export const staleSchema = z.object({ type: z.literal('stale'), attemptIds: z.array(idSchema) });
/** A person or a rule wants the attempt to stop; its result is still wanted. */
export const cancelSchema = z.object({
  type: z.literal('cancel'),
  attemptId: idSchema,
  reason: z.string(),
  /** How long it may take to end, where that is less than `killGraceMs` of its assignment: 0 to kill it at once. */
  graceMs: z.number().int().min(0).optional(),
});
export type CancelMessage = z.infer<typeof cancelSchema>;

export const masterMessageSchema = z.discriminatedUnion('type', [
  welcomeSchema,
  assignSchema,
  heartbeatAckSchema,
  ackSchema,
  logAckSchema,
  staleSchema,
  cancelSchema,
  z.object({
    type: z.literal('drain'),
    /** The machine of the worker ends soon: what still runs then is to be abandoned, so that it can be given away. Since minor 3. */
    stopAfterMs: z.number().int().min(0).optional(),
  }),
  /** The master ends this connection. `code` is from the error catalogue; `retry` false means: do not come back as you are. */
  z.object({
    type: z.literal('bye'),
    code: z.string(),
    reason: z.string(),
    retry: z.boolean(),
    /** Addresses of masters that would rather have this worker; try one of them first. */
    prefer: z.array(z.string()).optional(),
  }),
]);
export type MasterMessage = z.infer<typeof masterMessageSchema>;
export type Welcome = z.infer<typeof welcomeSchema>;
export type Assign = z.infer<typeof assignSchema>;

/** Reads one frame; a value, because a bad frame from a peer is expected, not exceptional. */
export function readFrame<T>(
  schema: z.ZodType<T>,
  text: string,
): { ok: true; messages: T[] } | { ok: false; reason: string } {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'the frame is not JSON' };
  }
  const parsed = listOf(schema).safeParse(raw);
  if (parsed.success) return { ok: true, messages: parsed.data };
  const issue = parsed.error.issues[0];
  return { ok: false, reason: `at /${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'invalid'}` };
}

const lists = new WeakMap<z.ZodType, z.ZodType>();

/** Made once for each schema: when it was made for each frame, reading a short one took 6.3 µs instead of 0.5. */
function listOf<T>(schema: z.ZodType<T>): z.ZodType<T[]> {
  const list = lists.get(schema) ?? z.array(schema).max(limits.messagesPerFrame);
  lists.set(schema, list);
  // It is the list of this very schema.
  return list as z.ZodType<T[]>;
}
