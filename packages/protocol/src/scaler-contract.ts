// What Tidewheel and the platform of a pool say to each other in JSON, when the platform is spoken to by a program or over HTTP:
// one request, one answer. docs/reference/scaler-contract.md explains it; the JSON Schema beside it is made of these.

import { z } from 'zod';
import { limits } from './limits.ts';
import { labelsSchema, nameSchema, timeSchema } from './names.ts';

export const scalerContractVersion = 1;

const version = z.literal(scalerContractVersion);
const workerName = z.string().min(1).max(limits.nameChars);
const workerNames = z.array(workerName).max(limits.poolWorkers);

const pool = z.object({
  id: z.string(),
  namespace: nameSchema,
  name: nameSchema,
  queues: z.array(nameSchema),
  labels: labelsSchema,
  slots: z.number().int().min(1),
});

/** A request may gain fields: a program passes over those that it does not know. */
export const scalerRequestSchema = z.discriminatedUnion('action', [
  z.object({ version, action: z.literal('observe'), pool }),
  z.object({
    version,
    action: z.literal('apply'),
    pool,
    order: z.object({
      /** Machines there are to be, those of `release` not counted. */
      count: z.number().int().min(0).max(limits.poolWorkers),
      /** Workers that are empty: exactly these go. Some may be gone already. */
      release: workerNames,
      /** Workers that work. Where the platform ends others by itself, these are to be the last, in this order from the end. */
      keep: workerNames,
    }),
  }),
]);
export type ScalerRequest = z.infer<typeof scalerRequestSchema>;

const note = z.string().max(2000).nullable().default(null);

/** An answer has no field that is not known here: a misspelt `endsAt` would lose the notice of a preemption. */
export const scalerFleetSchema = z.strictObject({
  version,
  /** How many the platform has been told to have; absent when it cannot be asked. */
  ordered: z.number().int().min(0).nullable().default(null),
  machines: z
    .array(
      z.strictObject({
        /** Under which its worker registers. */
        worker: workerName,
        state: z.enum(['starting', 'ready', 'stopping', 'failing']),
        /** Milliseconds since 1970, by the platform's clock. */
        startedAt: timeSchema.nullable().default(null),
        /** When the platform ends it: a preemption, an eviction. */
        endsAt: timeSchema.nullable().default(null),
        note,
      }),
    )
    .max(limits.poolWorkers),
  note,
});
export type ScalerFleet = z.infer<typeof scalerFleetSchema>;

export const scalerDoneSchema = z.strictObject({ version });

/** In place of either: nothing was done, or not all of it. */
export const scalerErrorSchema = z.strictObject({ version, error: z.string().min(1).max(2000) });
