// What a cluster says of itself: its masters, who leads, and what it stands on.

import { z } from 'zod';
import { limits } from './limits.ts';
import { idSchema } from './names.ts';

const time = z.number().int();
const ms = z.number().nonnegative();

export const masterRoles = ['leader', 'follower'] as const;
export const leaderStandings = ['trusted', 'until-fenced'] as const;

export const masterViewSchema = z.object({
  id: z.string(),
  address: z.string(),
  version: z.string(),
  /** The release of the time zone database that it computes with, such as 2026a; null when it does not say. */
  zoneDataVersion: z.string().nullable(),
  startedAt: time,
  role: z.enum(masterRoles),
  /** Of a leader: whether its coordinator confirms it, or it goes on until the store says that another one leads. */
  standing: z.enum(leaderStandings).nullable(),
  /** Since it last renewed its own row. */
  silentMs: ms,
  /** Round trips, as it measured them; null while there is no answer. */
  storeMs: ms.nullable(),
  coordinatorMs: ms.nullable(),
  /** What an operator wants of it: `cordoned` takes no new workers, `draining` hands all over and rests. */
  wanted: z.enum(['active', 'cordoned', 'draining']),
  wantedReason: z.string().nullable(),
  /** It has no workers left, fires nothing and claims nothing. */
  drained: z.boolean(),
  /** Workers connected to it. */
  sessions: z.number().int(),
  firesPerSecond: z.number(),
  claimsPerSecond: z.number(),
});
export type MasterView = z.infer<typeof masterViewSchema>;

export const electionViewSchema = z.object({
  term: z.number().int(),
  masterId: z.string(),
  address: z.string(),
  /** What granted the lease. */
  coordinator: z.enum(['store', 'etcd']),
  /** Which store or etcd cluster its token is from: tokens of different origins cannot be compared. */
  origin: z.string(),
  /** Of the store, in which the term was recorded: it ends with it. Null where there is none. */
  timeline: z.number().int().nullable(),
  from: time,
  until: time.nullable(),
  /** Why it ended, by a word; null while it goes on. */
  reason: z.string().nullable(),
});
export type ElectionView = z.infer<typeof electionViewSchema>;

/** What is not as it should be, by a word that programs may look for. */
export const degradations = [
  'no-leader',
  'leader-untrusted',
  'master-silent',
  'versions-differ',
  'coordinator-unreachable',
  'coordinator-member',
  'store-replica',
  'store-durability',
  'store-connections',
  'zone-data-differs',
  'zone-data-changed',
  'fires-amiss',
  'store-filling',
  'store-full',
  'restore-gap',
  'backup-failed',
  'backup-overdue',
  'pool-driver-failing',
  'pool-workers-failing',
  'pool-at-maximum',
] as const;
export type Degradation = (typeof degradations)[number];

/** What an operator may demand of the store. */
export const durabilities = ['none', 'local', 'synchronous'] as const;
export type Durability = (typeof durabilities)[number];

/**
 * What the store does before it confirms a commit. `unsafe`: not even a crash is survived; `local`: written to its own disk, and to no
 * standby; `asynchronous`: standbys follow behind; `synchronous`: a standby has it; `blocked`: a standby should have it, and none is there, so
 * that commits wait; `unknown`: the role in use may not see it.
 */
export const replicationModes = ['unsafe', 'local', 'asynchronous', 'synchronous', 'blocked', 'unknown'] as const;
export type ReplicationMode = (typeof replicationModes)[number];

export const clusterStatusSchema = z.object({
  now: time,
  /** Zero before the first election. */
  term: z.number().int(),
  masters: z.array(masterViewSchema),
  store: z.object({
    engine: z.enum(['sqlite', 'postgres']),
    role: z.enum(['single', 'primary', 'replica']),
    /** Round trip of the master that answers. */
    latencyMs: ms,
    replicas: z.array(
      z.object({
        name: z.string(),
        state: z.string(),
        sync: z.string(),
        /** Of what it has on its disk; null where the role in use may not see it. */
        lagMs: ms.nullable(),
        lagBytes: z.number().int().nonnegative().nullable(),
      }),
    ),
    /** What would be lost with the primary, now. */
    durability: z.object({
      mode: z.enum(replicationModes),
      /** How old what is lost could be; null: everything since the last backup, or not known. */
      rpoMs: ms.nullable(),
      rpoBytes: z.number().int().nonnegative().nullable(),
      /** Standbys that confirm commits. */
      synchronous: z.number().int().nonnegative(),
      /** By the configuration of the master that answers. */
      demanded: z.enum(durabilities),
    }),
    /** Grows with each promotion of a standby; null where there is none to promote. */
    timeline: z.number().int().nullable(),
    /** What all masters together may open at most, and what the server allows; null where there is no server. */
    connections: z.object({ most: z.number().int(), allowed: z.number().int() }).nullable(),
  }),
  coordinator: z.object({
    kind: z.enum(['store', 'etcd']),
    latencyMs: ms.nullable(),
    members: z.array(
      z.object({
        endpoint: z.string(),
        version: z.string().nullable(),
        leads: z.boolean().nullable(),
        trouble: z.string().nullable(),
      }),
    ),
  }),
  /** Newest first. */
  elections: z.array(electionViewSchema),
  degraded: z.array(z.object({ what: z.enum(degradations), detail: z.string() })),
});
export type ClusterStatus = z.infer<typeof clusterStatusSchema>;

/** Why, for those who wonder later. */
export const clusterOrderSchema = z.strictObject({ reason: z.string().trim().min(1).max(limits.reasonChars) });
export const stepDownSchema = clusterOrderSchema.extend({
  /** The master that shall lead next; any when absent. */
  to: idSchema.optional(),
});
export const orderedSchema = z.object({ masterId: z.string() });
