// Backups: what a manifest says, how they are shown, and what an operator chooses after a restore.

import { z } from 'zod';
import { limits } from './limits.ts';
import { idSchema } from './names.ts';

const time = z.number().int();
const bytes = z.number().int().nonnegative();

/** `sqlite`: the file. `postgres`: a base backup of the server. `logical`: rows, for a store of either engine. */
export const backupKinds = ['sqlite', 'postgres', 'logical'] as const;
export type BackupKind = (typeof backupKinds)[number];

export const backupStates = ['running', 'verifying', 'verified', 'failed', 'pruned'] as const;
export type BackupState = (typeof backupStates)[number];

/** Manifests of a later format are refused. */
export const backupFormat = 1;

const chunkIdSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A path is relative, with `/`; one that ends with it is a directory. */
export const backupFileSchema = z.object({
  path: z
    .string()
    .min(1)
    .max(1000)
    .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'a path below the backup'),
  mode: z.number().int(),
  bytes,
  chunks: z.array(chunkIdSchema),
});
export type BackupFile = z.infer<typeof backupFileSchema>;

/** Where in the history of its source a backup stands. */
export const backupPositionSchema = z.object({
  /** By the store's clock: nothing later is in it, whatever was acknowledged before is. */
  at: time,
  postgres: z
    .object({
      systemId: z.string(),
      timeline: z.number().int(),
      startLsn: z.string(),
      endLsn: z.string(),
      /** The first segment of the archive that is needed to go on from it. */
      startWal: z.string(),
      database: z.string(),
      user: z.string(),
    })
    .optional(),
});
export type BackupPosition = z.infer<typeof backupPositionSchema>;

export const backupManifestSchema = z.object({
  format: z.number().int(),
  id: idSchema,
  kind: z.enum(backupKinds),
  clusterId: z.string(),
  /** The newest migration, and the oldest one that a binary must know. */
  schemaVersion: z.number().int(),
  schemaUsableFrom: z.number().int(),
  version: z.string(),
  startedAt: time,
  position: backupPositionSchema,
  /** Null: not encrypted. */
  keyId: z.string().nullable(),
  files: z.array(backupFileSchema),
});
export type BackupManifest = z.infer<typeof backupManifestSchema>;

export const backupViewSchema = z.object({
  id: z.string(),
  kind: z.enum(backupKinds),
  state: z.enum(backupStates),
  target: z.string(),
  startedAt: time,
  finishedAt: time.nullable(),
  /** When it was restored into a scratch instance and found whole: before, it does not count. */
  verifiedAt: time.nullable(),
  /** What it holds; what of that was not in the target already. */
  bytes,
  storedBytes: bytes,
  doneBytes: bytes,
  /** The moment that it holds, by the store's clock. */
  at: time.nullable(),
  error: z.string().nullable(),
  createdBy: z.string(),
});
export type BackupView = z.infer<typeof backupViewSchema>;

export const backupRequestSchema = z.strictObject({
  /** The file or server as it is, or rows that a store of either engine can take. */
  kind: z.enum(['physical', 'logical']).default('physical'),
});
export const backupStartedSchema = z.object({ id: z.string() });
export const backupPrunedSchema = z.object({ pruned: z.array(z.string()), freedObjects: z.number().int() });

export const gapChoices = ['skip', 'last', 'all'] as const;
export type GapChoice = (typeof gapChoices)[number];

export const gapViewSchema = z.object({
  backupId: z.string(),
  /** The newest moment that the store knows of, and when it was restored. */
  from: time,
  restoredAt: time,
  now: time,
  schedules: z.array(
    z.object({
      namespace: z.string(),
      schedule: z.string(),
      /** The last nominal time that is decided. */
      decidedUpTo: time,
      /** Nominal times since then, counted up to a bound. */
      missed: z.number().int(),
      newest: time.nullable(),
    }),
  ),
  /** Runs that were not finished at that moment, by state. They may have ended since. */
  unfinished: z.record(z.string(), z.number().int()),
  /** Attempts that workers held when they came back: begun before the restore. The run is known when the store knows the attempt. */
  reports: z.array(z.object({ worker: z.string(), attemptId: z.string(), runId: z.string().nullable() })),
  /** What was chosen and is being carried out; null: nothing yet. */
  choice: z.object({ gap: z.enum(gapChoices), unfinished: z.enum(['again', 'lost']), by: z.string() }).nullable(),
});
export type GapView = z.infer<typeof gapViewSchema>;

export const gapCloseSchema = z.strictObject({
  /** Of nominal times since: none, the newest of each schedule, or all of them are made up for. */
  gap: z.enum(gapChoices),
  /** Runs that were not finished: again (those of at-most-once jobs end as lost), or all end as lost. */
  unfinished: z.enum(['again', 'lost']).default('again'),
  reason: z.string().trim().min(1).max(limits.reasonChars),
});
