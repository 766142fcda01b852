// A pool: workers that one scaling policy governs. It is declared in files like jobs, belongs to a namespace, and says which waiting
// work counts for it (its queues), which workers are its own (its labels), and how many there may be.

import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { limits } from './limits.ts';
import { labelsSchema, nameSchema, timeSchema } from './names.ts';

const count = z.number().int().min(0).max(limits.poolWorkers);

/** How far the number of workers may move in one decision: so many workers, or so many percent of those there are. */
export const stepSchema = z.union([
  z.number().int().min(1).max(limits.poolWorkers),
  z.string().regex(/^[1-9]\d{0,3}%$/, 'a number of workers, or a share such as 50%'),
]);
export type Step = z.infer<typeof stepSchema>;

export const poolPolicySchema = z.strictObject({
  /** What is held: this share of the runs waits no longer than `wait`. */
  wait: durationSchema.refine((ms) => ms >= 100, 'at least 100ms').default(10_000),
  share: z.number().min(0.5).max(0.999).default(0.95),
  /** No more than this share of the slots is planned to be busy. */
  utilisation: z.number().min(0.1).max(1).default(0.8),
  /** No more than so many cores of each worker are planned to be used, its runs included. What workers use is not looked at when absent. */
  cpu: z.number().min(0.01).max(1024).optional(),
  out: z
    .strictObject({
      /** At most this much in one step; no bound when absent. */
      step: stepSchema.optional(),
      /** The wish must have held for so long. */
      stabilize: durationSchema.default(0),
      cooldown: durationSchema.default(0),
    })
    .prefault({}),
  in: z
    .strictObject({
      step: stepSchema.optional(),
      stabilize: durationSchema.default(120_000),
      cooldown: durationSchema.default(30_000),
    })
    .prefault({}),
  /** Fewer workers are wanted only when those that would be left could do this share more than is asked for. */
  hysteresis: z.number().min(0).max(0.9).default(0.1),
  forecast: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** How far ahead; by default the measured start-up time of a worker and a decision's period. */
      horizon: durationSchema.optional(),
    })
    .prefault({}),
  /** How long a worker that is to go may go on with what it runs. One that runs longer is kept, never killed. */
  drain: durationSchema.default(600_000),
});
export type PoolPolicy = z.infer<typeof poolPolicySchema>;

const argv = z.array(z.string().min(1)).min(1).max(100);

export const poolDriverSchema = z.discriminatedUnion('kind', [
  /** Advice only: somebody else changes the number. */
  z.strictObject({ kind: z.literal('none') }),
  /** Worker processes beside the leading master, each `tidewheel worker` with these words added. */
  z.strictObject({ kind: z.literal('process'), arguments: z.array(z.string()).max(100).default([]) }),
  z.strictObject({
    kind: z.literal('kubernetes'),
    /** Of the workload, not of Tidewheel. */
    namespace: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
    workload: z.enum(['Deployment', 'StatefulSet']).default('Deployment'),
    name: z.string().regex(/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/),
  }),
  /** A program of the operator, spoken to in JSON over its standard input and output. It must be allowed by the server's configuration. */
  z.strictObject({ kind: z.literal('command'), command: argv, timeout: durationSchema.default(30_000) }),
  z.strictObject({
    kind: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/, message: 'an http or https address' }),
    timeout: durationSchema.default(10_000),
  }),
]);
export type PoolDriver = z.infer<typeof poolDriverSchema>;

export const poolDefinitionSchema = z
  .strictObject({
    name: nameSchema,
    description: z.string().max(2000).default(''),
    /** Queues whose lanes count for this pool, where the lane's selector is met by `labels`. */
    queues: z.array(nameSchema).min(1).max(limits.poolQueues).default(['default']),
    /** A worker that carries all of these is of this pool. Two pools of a namespace must differ in the value of one of them. */
    labels: labelsSchema.refine((labels) => Object.keys(labels).length > 0, 'name at least one label'),
    /** Of each worker. */
    slots: z.number().int().min(1).max(limits.poolSlots).default(8),
    min: count.default(0),
    max: count,
    policy: poolPolicySchema.prefault({}),
    driver: poolDriverSchema.default({ kind: 'none' }),
    /** A larger number is served first where a lane or a shared maximum is of several pools. */
    priority: z.number().int().min(-100).max(100).default(0),
    /** Pools that name the same share have this many workers together. All of them must name the same number. */
    shared: z.strictObject({ name: nameSchema, max: count }).optional(),
    cost: z
      .strictObject({
        /** Of one worker for an hour, in `unit`. */
        perWorkerHour: z.number().min(0).max(1e9),
        unit: z.string().min(1).max(20).default('USD'),
        /** Not exceeded by decisions of the policy: so much in one hour. */
        budgetPerHour: z.number().min(0).max(1e12).optional(),
      })
      .optional(),
    enabled: z.boolean().default(true),
  })
  .superRefine(({ min, max, shared }, context) => {
    if (min > max)
      context.addIssue({ code: 'custom', message: `the min of ${min} is above the max of ${max}`, path: ['min'] });
    if (shared !== undefined && min > shared.max)
      context.addIssue({
        code: 'custom',
        message: `the min of ${min} is above the ${shared.max} of "${shared.name}", which it shares`,
        path: ['min'],
      });
  });
export type PoolDefinition = z.infer<typeof poolDefinitionSchema>;
export type PoolInput = z.input<typeof poolDefinitionSchema>;

/** What bound a decision, by a word that programs may look for. */
export const scalingBounds = [
  'min',
  'max',
  'shared',
  'budget',
  'step',
  'stabilize',
  'cooldown',
  'hysteresis',
  'manual',
  'frozen',
  'maintenance',
  'driver',
] as const;
export type ScalingBound = (typeof scalingBounds)[number];

/** One decision: what was seen, what is wanted, and why in a sentence. */
export const scalingDecisionSchema = z.object({
  at: timeSchema,
  /** Workers of the pool when it was made: able to work, still starting, and going. */
  workers: z.object({ live: z.number().int(), starting: z.number().int(), draining: z.number().int() }),
  /** What the signals ask for, before any bound. */
  desired: z.number().int(),
  /** What is ordered. */
  wanted: z.number().int(),
  bounds: z.array(z.enum(scalingBounds)),
  explanation: z.string(),
  /** The signals, as they were counted. */
  inputs: z.record(z.string(), z.unknown()),
});
export type ScalingDecisionRow = z.infer<typeof scalingDecisionSchema>;
