// The remaining shapes of the HTTP API: pages, workers, apply, audit, tokens, server information, live events.

import { z } from 'zod';
import { calendarDefinitionSchema } from './calendar.ts';
import { limits } from './limits.ts';
import { labelsSchema, nameSchema, namespaceSchema, timeSchema } from './names.ts';
import { jobDefinitionSchema } from './job.ts';
import { poolDefinitionSchema } from './pool.ts';
import { workerStatsSchema } from './wire.ts';
import { roles, runStates, sessionStates } from './states.ts';

export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export const pageQuerySchema = z.strictObject({
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageItems).default(limits.pageItemsDefault),
});

/** `state` may be several, separated by commas. Newest first. */
export const runQuerySchema = pageQuerySchema.extend({
  state: z
    .string()
    .optional()
    .transform((text) => (text ? text.split(',') : undefined))
    .pipe(z.array(z.enum(runStates)).optional()),
  job: nameSchema.optional(),
  schedule: nameSchema.optional(),
  worker: nameSchema.optional(),
  queue: nameSchema.optional(),
  createdAfter: z.coerce.number().int().optional(),
  createdBefore: z.coerce.number().int().optional(),
});
export type RunQuery = z.output<typeof runQuerySchema>;

export const workerViewSchema = z.object({
  sessionId: z.string(),
  worker: z.string(),
  state: z.enum(sessionStates),
  host: z.string(),
  pid: z.number().int(),
  version: z.string(),
  slots: z.number().int(),
  running: z.number().int(),
  queues: z.array(z.string()),
  handlers: z.array(z.string()),
  labels: labelsSchema,
  master: z.string().nullable(),
  stats: workerStatsSchema,
  createdAt: timeSchema,
  lastSeenAt: timeSchema,
  expiresAt: timeSchema,
});
export type WorkerView = z.infer<typeof workerViewSchema>;

/** What a supervisor says of a worker process that it has seen end, when the worker could not say goodbye itself. */
export const workerGoneSchema = z.strictObject({
  /** hung: its main loop stood still, so it was killed. silent: nothing came from it any more. crashed: it ended by itself. */
  reason: z.enum(['hung', 'silent', 'crashed']),
  /** For people: the stack where it hung, the exit code. */
  detail: z.string().max(limits.workerGoneChars).nullable().default(null),
});
export type WorkerGone = z.output<typeof workerGoneSchema>;

/** Declares jobs with their schedules. `prune`: jobs of the namespace that earlier applies made and that are not named here are removed. */
export const applyRequestSchema = z.strictObject({
  jobs: z.array(jobDefinitionSchema).max(limits.applyJobs),
  /** Made so in the same transaction, before the jobs: a schedule may name one of them. With `prune`, absent means that calendars stay. */
  calendars: z.array(calendarDefinitionSchema).max(limits.calendarsPerNamespace).optional(),
  /** With `prune`, absent means that pools stay. */
  pools: z.array(poolDefinitionSchema).max(limits.poolsPerNamespace).optional(),
  prune: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  /** Jobs applied under one source are pruned together, and no other. */
  source: nameSchema.default('file'),
  /** Take jobs that another source declares; without it they are refused (OTHER_SOURCE). */
  takeOver: z.boolean().default(false),
});
export type ApplyRequest = z.input<typeof applyRequestSchema>;
/** Checked, with all defaults filled in. */
export type ApplyOrder = z.output<typeof applyRequestSchema>;

export const changeSchema = z.object({
  kind: z.enum(['job', 'schedule', 'calendar', 'pool']),
  name: z.string(),
  action: z.enum(['create', 'update', 'delete', 'unchanged']),
  /** For updates: JSON pointers of what differs, with both values. */
  differences: z.array(z.object({ pointer: z.string(), before: z.unknown(), after: z.unknown() })),
});
export type Change = z.infer<typeof changeSchema>;
export const applyResultSchema = z.object({ applied: z.boolean(), changes: z.array(changeSchema) });
export type ApplyResult = z.infer<typeof applyResultSchema>;

/** Per schedule: the nominal fires recomputed from the versions valid then, matched with the ledger. */
export const fireAuditRowSchema = z.object({
  schedule: z.string(),
  job: z.string(),
  expected: z.number().int(),
  fired: z.number().int(),
  skipped: z.number().int(),
  missing: z.number().int(),
  doubled: z.number().int(),
  /** Ledger rows that no version of the schedule accounts for, and runs of times that the ledger does not tell as fired. */
  unexpected: z.number().int(),
  /** Of those fired: made up for after they had been missed. */
  caughtUp: z.number().int(),
  /** Of those skipped: why, and how many. */
  skippedBy: z.record(z.string(), z.number().int()),
  /** From the nominal time to the decision, of those fired: the largest, and what 99 of 100 were not over (up to a fifth too high). */
  lateMaxMs: z.number().int(),
  lateP99Ms: z.number().int(),
  /** The first few nominal times that are missing, doubled or unexpected. */
  samples: z.array(z.object({ fireAt: timeSchema, finding: z.enum(['missing', 'doubled', 'unexpected']) })),
});
export type FireAuditRow = z.infer<typeof fireAuditRowSchema>;
export const fireAuditSchema = z.object({
  from: timeSchema,
  to: timeSchema,
  /** Fires before this are no longer kept, so the audit begins there at the earliest; 0: all are kept. */
  keptFrom: timeSchema,
  clean: z.boolean(),
  schedules: z.array(fireAuditRowSchema),
});
export type FireAudit = z.infer<typeof fireAuditSchema>;

/** What the standing audit found of a schedule, until somebody acknowledges it or the ledger is whole again. */
export const fireFindingSchema = fireAuditRowSchema
  .pick({ schedule: true, job: true, missing: true, doubled: true, unexpected: true, samples: true })
  .extend({ foundAt: timeSchema });
export type FireFinding = z.infer<typeof fireFindingSchema>;
export const acknowledgeRequestSchema = z.strictObject({
  reason: z.string().trim().min(1).max(limits.reasonChars),
  /** One schedule by name instead of all. */
  schedule: nameSchema.optional(),
});
export const acknowledgedSchema = z.object({ schedules: z.array(z.string()) });

export const tokenRequestSchema = z.strictObject({
  name: nameSchema,
  role: z.enum(roles),
  /** A namespace, or `*` for all. */
  namespace: z.union([namespaceSchema, z.literal('*')]),
  expiresIn: z.number().int().min(60_000).max(limits.durationMs).optional(),
});
export const tokenViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  namespace: z.string(),
  /** The first characters, to recognise it by. */
  prefix: z.string(),
  createdAt: timeSchema,
  expiresAt: timeSchema.nullable(),
  lastUsedAt: timeSchema.nullable(),
});
export type TokenView = z.infer<typeof tokenViewSchema>;
/** `secret` is shown once. */
export const tokenCreatedSchema = tokenViewSchema.extend({ secret: z.string() });
export const signInLinkSchema = z.object({ path: z.string(), expiresAt: timeSchema });

export const sessionInfoSchema = z.object({ name: z.string(), role: z.enum(roles), namespace: z.string() });
export type SessionInfo = z.infer<typeof sessionInfoSchema>;

export const serverInfoSchema = z.object({
  name: z.literal('tidewheel'),
  version: z.string(),
  masterId: z.string(),
  store: z.enum(['sqlite', 'postgres']),
  startedAt: timeSchema,
  /** The store's clock now. */
  now: timeSchema,
  zoneDataVersion: z.string(),
});
export type ServerInfo = z.infer<typeof serverInfoSchema>;

/** Counts for the overview; `recent` is of the last hour, `series` one point a minute, oldest first. */
export const overviewSchema = z.object({
  now: timeSchema,
  waiting: z.number().int(),
  scheduled: z.number().int(),
  running: z.number().int(),
  oldestWaitingMs: z.number().int().nullable(),
  recent: z.object({
    succeeded: z.number().int(),
    failed: z.number().int(),
    canceled: z.number().int(),
    lost: z.number().int(),
  }),
  series: z.array(z.object({ at: timeSchema, succeeded: z.number().int(), failed: z.number().int() })),
  workers: z.object({ live: z.number().int(), slots: z.number().int(), busy: z.number().int() }),
  schedules: z.object({ enabled: z.number().int(), paused: z.number().int() }),
  nextFires: z.array(z.object({ schedule: z.string(), job: z.string(), at: timeSchema })),
  attention: z.array(
    z.object({
      kind: z.enum(['fires-amiss', 'failed-run', 'no-worker', 'paused-schedule']),
      subject: z.string(),
      /** For runs: the id. */
      id: z.string().nullable(),
      at: timeSchema.nullable(),
    }),
  ),
});
export type Overview = z.infer<typeof overviewSchema>;

/** One line of `/v1/namespaces/{ns}/events` (SSE): what kind of thing changed; the page then asks again. */
export const liveTopics = ['runs', 'schedules', 'jobs', 'workers', 'locks', 'cluster', 'pools'] as const;
export type LiveTopic = (typeof liveTopics)[number];

export const auditEventSchema = z.object({
  id: z.string(),
  at: timeSchema,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.unknown(),
});
export type AuditEvent = z.infer<typeof auditEventSchema>;
