// Locks that users take: a lease with a token that only grows. Whoever writes under a lock gives the token along, and what is
// written to refuses a token smaller than the largest it has seen; without that, no lease excludes anybody across a pause.

import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { limits } from './limits.ts';
import { idSchema, timeSchema } from './names.ts';

const ttlSchema = durationSchema.pipe(z.number().min(limits.lockTtlMinMs).max(limits.lockTtlMs));

export const lockAcquireSchema = z.strictObject({
  /** Names this acquisition; chosen at random by who asks. The same one again answers with the same token while it is held. */
  hold: idSchema,
  ttl: ttlSchema.default(limits.lockTtlDefaultMs),
  /** How long to wait for it in this request; whoever wants to wait longer asks again. */
  wait: durationSchema.pipe(z.number().max(limits.lockWaitMs)).default(0),
  /** For people: what it is held for. */
  label: z.string().max(limits.reasonChars).optional(),
  /** Free when the worker that executes this attempt is lost, without waiting for the lock's own end. */
  attempt: z.strictObject({ runId: idSchema, attemptId: idSchema }).optional(),
});
export type LockAcquire = z.input<typeof lockAcquireSchema>;
export type LockOrder = z.output<typeof lockAcquireSchema>;

export const lockRenewSchema = z.strictObject({ hold: idSchema, token: z.number().int().min(1) });
export const lockReleaseSchema = z.strictObject({ hold: idSchema });
export const lockForceSchema = z.strictObject({ reason: z.string().trim().min(1).max(limits.reasonChars) });

export const lockViewSchema = z.object({
  name: z.string(),
  state: z.enum(['held', 'free']),
  /** Of the present holder, or of the last one. */
  token: z.number().int(),
  /** Whose credentials took it. */
  owner: z.string().nullable(),
  label: z.string().nullable(),
  /** The worker session whose death frees it. */
  sessionId: z.string().nullable(),
  ttlMs: z.number().int(),
  acquiredAt: timeSchema,
  renewedAt: timeSchema,
  /** When it ends unless it is renewed; null when it is free. */
  expiresAt: timeSchema.nullable(),
});
export type LockView = z.infer<typeof lockViewSchema>;

/** A lock that somebody took away from its holder, as the holder hears of it. */
export const lockTakenSchema = z.object({
  name: z.string(),
  /** Of the holder that lost it. */
  token: z.number().int(),
  by: z.string(),
  reason: z.string(),
});
export type LockTaken = z.infer<typeof lockTakenSchema>;

export function lockTakenText({ name, by, reason }: LockTaken): string {
  return `the lock "${name}" was released by ${by}: ${reason}`;
}
