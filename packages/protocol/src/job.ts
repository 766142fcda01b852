// A job: what to run, how often to try, how long to wait, and its schedules. The same shape in YAML, in the API and in code.
// Unknown fields are refused, so that a misspelt key cannot be silently without effect.

import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { limits } from './limits.ts';
import { labelsSchema, nameSchema, timeSchema } from './names.ts';
import { retentionSchema } from './retention.ts';
import { scheduleDefinitionSchema } from './schedule.ts';

const environmentSchema = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not a variable name'), z.string());

/** An SDK handler, found on the worker by its id. */
export const taskHandlerSchema = z.strictObject({ task: nameSchema });

/** A program (argv, no shell in between) or a script handed to an interpreter as a file. */
export const shellHandlerSchema = z.strictObject({
  shell: z
    .strictObject({
      argv: z.array(z.string()).min(1).max(1000).optional(),
      script: z.string().min(1).max(limits.payloadBytes).optional(),
      /** argv of the interpreter; the script's file name is appended. */
      interpreter: z.array(z.string()).min(1).max(20).default(['/bin/sh', '-e']),
      env: environmentSchema.default({}),
      cwd: z.string().min(1).max(4096).optional(),
    })
    .refine((shell) => (shell.argv === undefined) !== (shell.script === undefined), 'give either argv or script'),
});

export const httpHandlerSchema = z.strictObject({
  http: z.strictObject({
    url: z.url({ protocol: /^https?$/, message: 'an http or https address' }),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
    headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'not a header name'), z.string()).default({}),
    /** Sent as is when it is a string, else as JSON. Without a body, a run's payload is sent as JSON by methods that carry one. */
    body: z.unknown().optional(),
    /** Statuses that count as success: numbers and classes such as `2xx`. */
    expect: z
      .array(z.union([z.number().int().min(100).max(599), z.string().regex(/^[1-5]xx$/)]))
      .min(1)
      .default(['2xx']),
  }),
});

export const retrySchema = z.strictObject({
  /** All tries together, the first included. */
  attempts: z.number().int().min(1).max(limits.attemptsMax).default(1),
  /** Delay before try n+1: random between 0 and min(max, initial × factor^(n−1)) (full jitter), or that bound itself without jitter. */
  initial: durationSchema.default(1000),
  factor: z.number().min(1).max(10).default(2),
  max: durationSchema.default(300_000),
  jitter: z.enum(['full', 'none']).default('full'),
});

export const timeoutSchema = z.strictObject({
  /** From due to start; over it the run fails without having run. None when absent. */
  start: durationSchema.optional(),
  /** One attempt's running time. None when absent. */
  run: durationSchema.optional(),
  /** The longest an attempt may go without a sign of progress: `ctx.heartbeat()` of a task, output of a program. None when absent. */
  heartbeat: durationSchema.refine((ms) => ms >= limits.heartbeatTimeoutMs, 'at least one second').optional(),
  /** Between the polite stop (SIGTERM, abort signal) and the kill. */
  kill: durationSchema.default(5000),
});

const jobFields = {
  name: nameSchema,
  description: z.string().max(2000).default(''),
  queue: nameSchema.default('default'),
  /** A larger number is claimed first. */
  priority: z.number().int().min(-100).max(100).default(0),
  /** Labels that a worker must carry. */
  selector: labelsSchema.default({}),
  retry: retrySchema.prefault({}),
  timeout: timeoutSchema.prefault({}),
  /** at-least-once: a lost attempt is tried again. at-most-once: a run whose attempt is lost ends as `lost`. */
  delivery: z.enum(['at-least-once', 'at-most-once']).default('at-least-once'),
  enabled: z.boolean().default(true),
  /** JSON handed to each run that brings no payload of its own. */
  payload: z.unknown().optional(),
  /** JSON Schema of the payload, for forms; carried, not enforced. */
  inputSchema: z.record(z.string(), z.unknown()).optional(),
  /** How long its finished runs are kept, where that is not what the namespace or the server says. */
  retention: retentionSchema.optional(),
  schedules: z.array(scheduleDefinitionSchema).max(limits.schedulesPerJob).default([]),
};

const handlerSchema = z.union([taskHandlerSchema, shellHandlerSchema, httpHandlerSchema]);
export type Handler = z.infer<typeof handlerSchema>;

/** Handler fields stand beside the others: exactly one of `task`, `shell`, `http`. */
export const jobDefinitionSchema = z
  .strictObject({
    ...jobFields,
    task: taskHandlerSchema.shape.task.optional(),
    shell: shellHandlerSchema.shape.shell.optional(),
    http: httpHandlerSchema.shape.http.optional(),
  })
  .superRefine((job, context) => {
    const given = [job.task, job.shell, job.http].filter((handler) => handler !== undefined).length;
    if (given !== 1) context.addIssue({ code: 'custom', message: 'give exactly one of task, shell, http', path: [] });
    const { schedules, ...spec } = job;
    if (JSON.stringify(spec).length > limits.definitionChars) {
      context.addIssue({ code: 'custom', message: `over ${limits.definitionChars} characters of JSON`, path: [] });
    }
    if (job.http !== undefined && job.timeout.heartbeat !== undefined) {
      const message = 'an HTTP call gives no sign of progress; use timeout.run';
      context.addIssue({ code: 'custom', message, path: ['timeout', 'heartbeat'] });
    }
    const seen = new Set<string>();
    schedules.forEach((schedule, index) => {
      if (seen.has(schedule.name)) {
        context.addIssue({
          code: 'custom',
          message: `the schedule "${schedule.name}" stands twice`,
          path: ['schedules', index, 'name'],
        });
      }
      seen.add(schedule.name);
    });
  });

/** As written by people (defaults may be absent). */
export type JobInput = z.input<typeof jobDefinitionSchema>;
/** Complete: all defaults filled in, durations in milliseconds. This is what job_version stores, without `schedules`. */
export type JobDefinition = z.output<typeof jobDefinitionSchema>;
export type JobSpec = Omit<JobDefinition, 'schedules'>;

export const handlerKinds = ['task', 'shell', 'http'] as const;
export type HandlerKind = (typeof handlerKinds)[number];

/** The word a lane and a worker's handler list use: `shell`, `http`, or `task:<id>`. */
export function handlerKey(job: Pick<JobSpec, 'task' | 'shell' | 'http'>): string {
  if (job.task !== undefined) return `task:${job.task}`;
  return job.shell === undefined ? 'http' : 'shell';
}

/** A job as the API shows it. The ETag is `"<version>"`. */
export const jobViewSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  name: z.string(),
  version: z.number().int(),
  kind: z.enum(handlerKinds),
  definition: z.record(z.string(), z.unknown()),
  scheduleCount: z.number().int(),
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type JobView = z.infer<typeof jobViewSchema>;
