// Backups of the whole store, and the gap that a restore leaves.

import {
  backupPrunedSchema,
  backupRequestSchema,
  backupStartedSchema,
  backupViewSchema,
  gapCloseSchema,
  gapViewSchema,
  pageQuerySchema,
  pageSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { backupsPage } from '../store/backups.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { route, type Route } from './route.ts';

const tag = 'Backups';
const startedCursor = z.number().int().nonnegative();

export function backupRoutes({ master }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/backups',
      permission: 'cluster.read',
      tag,
      summary:
        'Lists backups, newest first. One counts when it is verified: restored into a scratch instance and found whole.',
      query: pageQuerySchema,
      response: pageSchema(backupViewSchema),
      stale: 'replica',
      handler: async ({ reads, query: { cursor, limit } }) =>
        pageOf(await backupsPage(reads, decodeCursor(startedCursor, cursor), limit)),
    }),
    route({
      method: 'POST',
      url: '/v1/backups',
      permission: 'cluster.control',
      tag,
      summary: 'Begins a backup, which this master makes and verifies.',
      body: backupRequestSchema,
      response: backupStartedSchema,
      handler: async ({ body: { kind }, caller }) => ({ id: await master.backups.begin({ kind, by: caller.name }) }),
    }),
    route({
      method: 'POST',
      url: '/v1/backups/prune',
      permission: 'cluster.control',
      tag,
      summary: 'Forgets the backups that the retention does not keep, and frees what only they held.',
      response: backupPrunedSchema,
      handler: () => master.backups.prune(),
    }),
    route({
      method: 'GET',
      url: '/v1/restore-gap',
      permission: 'cluster.read',
      tag,
      summary: 'Shows what a restored store does not know, while nobody has chosen what becomes of it.',
      response: gapViewSchema,
      handler: () => master.restoreGap.view(),
    }),
    route({
      method: 'POST',
      url: '/v1/restore-gap/close',
      permission: 'cluster.control',
      tag,
      summary: 'Chooses what becomes of nominal times and runs since the backup. Then schedules fire again.',
      body: gapCloseSchema,
      response: gapViewSchema,
      handler: ({ body, caller }) => master.restoreGap.choose({ ...body, by: caller.name }),
    }),
  ];
}
