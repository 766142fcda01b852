// What resources the workers of a pool should ask for, and what its jobs take, by peaks that were measured.

import { z } from 'zod';
import { timeSchema } from './names.ts';

/** Percentiles with the margin, and the most that was seen, without. */
export const resourceAdviceSchema = z.object({
  lower: z.number(),
  target: z.number(),
  upper: z.number(),
  peak: z.number(),
});
export type ResourceAdvice = z.infer<typeof resourceAdviceSchema>;

export const poolAdviceSchema = z.object({
  at: timeSchema,
  /** Workers of the last day that told of their peaks. */
  workers: z.number().int(),
  /** Of those, workers that ended for want of memory or had processes killed for it; their peaks count for more. */
  starved: z.number().int(),
  /** In cores; null when no worker told. */
  cpu: resourceAdviceSchema.nullable(),
  memoryBytes: resourceAdviceSchema.nullable(),
  /** For a worker's container; null when no worker told. A limit of the processor would only slow down, so there is none. */
  resources: z
    .object({
      requests: z.object({ cpu: z.string(), memory: z.string() }),
      limits: z.object({ memory: z.string() }),
    })
    .nullable(),
  /** Of one attempt, of jobs whose workers can tell: those that take most memory first. */
  jobs: z.array(
    z.object({
      job: z.string(),
      attempts: z.number().int(),
      cpu: resourceAdviceSchema,
      memoryBytes: resourceAdviceSchema,
    }),
  ),
  explanation: z.string(),
});
export type PoolAdvice = z.infer<typeof poolAdviceSchema>;
