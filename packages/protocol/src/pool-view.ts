// What people order of a pool by hand, and how the API shows pools, their workers and their orders.

import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { limits } from './limits.ts';
import { nameSchema, timeSchema } from './names.ts';
import { scalingBounds } from './pool.ts';

const reason = z.string().trim().min(1).max(limits.reasonChars);
const forMs = durationSchema.refine((ms) => ms >= 1000, 'at least 1s').optional();

export const poolOrderKinds = ['scale', 'freeze', 'maintenance', 'reserve', 'rollout'] as const;
export type PoolOrderKind = (typeof poolOrderKinds)[number];

/** A newer `scale`, `freeze` or `rollout` takes the place of the one before. */
export const poolOrderSchema = z.discriminatedUnion('kind', [
  /** So many workers, whatever the policy says; until it is ended when `for` is absent. */
  z.strictObject({
    kind: z.literal('scale'),
    workers: z.number().int().min(0).max(limits.poolWorkers),
    for: forMs,
    reason,
  }),
  /** Nothing is changed. */
  z.strictObject({ kind: z.literal('freeze'), for: forMs, reason }),
  /** Nothing is let go from `from` until `to`. */
  z.strictObject({ kind: z.literal('maintenance'), from: timeSchema, to: timeSchema, reason }),
  /** So many runs will come at that time, spread over `over`, each taking as long as `each`. */
  z.strictObject({
    kind: z.literal('reserve'),
    queue: nameSchema,
    runs: z.number().int().min(1).max(10_000_000),
    each: durationSchema.refine((ms) => ms >= 1, 'at least 1ms'),
    at: timeSchema,
    over: durationSchema.default(0),
    reason,
  }),
  /** Every worker that is there now is replaced by a new one; `surge` more than wanted are there meanwhile. */
  z.strictObject({ kind: z.literal('rollout'), surge: z.number().int().min(1).max(1000).default(1), reason }),
]);
export type PoolOrder = z.output<typeof poolOrderSchema>;
export type PoolOrderInput = z.input<typeof poolOrderSchema>;

export const poolOrderViewSchema = z.object({
  id: z.string(),
  kind: z.enum(poolOrderKinds),
  /** As it was given; durations in milliseconds. */
  order: z.record(z.string(), z.unknown()),
  reason: z.string(),
  /** From when it holds. */
  from: timeSchema,
  /** Until when; null: until somebody ends it. */
  until: timeSchema.nullable(),
  createdBy: z.string(),
  createdAt: timeSchema,
  endedAt: timeSchema.nullable(),
  /** Why it ended: `ended` by somebody, `replaced`, `expired`, `done`; null while it holds. */
  ended: z.enum(['ended', 'replaced', 'expired', 'done']).nullable(),
});
export type PoolOrderView = z.infer<typeof poolOrderViewSchema>;

export const poolOrderEndSchema = z.strictObject({ reason });

/** How the driver of a pool fares: `paused` after failures in a row, until `retryAt`; `absent`: the leader does not have it. */
export const poolDriverStates = ['none', 'ok', 'failing', 'paused', 'absent'] as const;

/** What the leader knows of a pool, as it said last. */
export const poolStatusSchema = z.object({
  at: timeSchema,
  desired: z.number().int(),
  wanted: z.number().int(),
  bounds: z.array(z.enum(scalingBounds)),
  explanation: z.string(),
  /** Workers that the platform has begun to start and that have not registered. */
  starting: z.number().int(),
  /** What the platform was told last; null when it does not say. */
  ordered: z.number().int().nullable(),
  driver: z.object({
    state: z.enum(poolDriverStates),
    /** In a row. */
    failures: z.number().int(),
    error: z.string().nullable(),
    retryAt: timeSchema.nullable(),
  }),
  /** What the platform says of itself, such as a quota. */
  note: z.string().nullable(),
  /** Machines that fail to start or keep dying, and those that the platform is about to end; the first ones. */
  troubled: z.array(
    z.object({
      worker: z.string(),
      state: z.enum(['starting', 'ready', 'stopping', 'failing']),
      note: z.string().nullable(),
      endsAt: timeSchema.nullable(),
    }),
  ),
  /** When a maximum, a share or a budget holds it below what is wished for: how long new runs wait, and how long they would. */
  held: z.object({ waitMs: z.number(), wishedWaitMs: z.number() }).nullable(),
  /** Workers that a rolling replacement still has to replace, of how many, and how many were wanted when it began. */
  rollout: z.object({ left: z.number().int(), total: z.number().int(), base: z.number().int() }).nullable(),
});
export type PoolStatus = z.infer<typeof poolStatusSchema>;

export const poolViewSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  name: z.string(),
  version: z.number().int(),
  source: z.string(),
  definition: z.record(z.string(), z.unknown()),
  workers: z.object({
    live: z.number().int(),
    draining: z.number().int(),
    slots: z.number().int(),
    busy: z.number().int(),
  }),
  /** Null until the leader has looked at it. */
  status: poolStatusSchema.nullable(),
  /** Start-up of a worker as measured; null until there was one. */
  startupMs: z.number().nullable(),
  /** Those that hold or will. */
  orders: z.array(poolOrderViewSchema),
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type PoolView = z.infer<typeof poolViewSchema>;

export const poolWorkerSchema = z.object({
  worker: z.string(),
  sessionId: z.string(),
  state: z.enum(['live', 'draining']),
  slots: z.number().int(),
  busy: z.number().int(),
  createdAt: timeSchema,
  /** Since when the pool has it drain; null when it does not. */
  drainingSince: timeSchema.nullable(),
  /** It is empty and has been given up. */
  released: z.boolean(),
});
export type PoolWorker = z.infer<typeof poolWorkerSchema>;
export const poolWorkersSchema = z.object({ items: z.array(poolWorkerSchema) });
