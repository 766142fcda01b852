// Who may do what: every permission of the API with the roles that hold it. A route names one permission; what is not in this
// table is denied. viewer < operator < admin; a worker may only work, and declare the tasks that it brings.

import type { Role } from '@tidewheel/protocol';

export interface Access {
  readonly roles: readonly Role[];
  /** `always`: no credentials are asked for. `loopback`: not from the same machine without a proxy between. */
  readonly open?: 'always' | 'loopback';
  /** What it shows concerns the whole cell, so the credentials must be valid in all namespaces. */
  readonly wholeCell?: true;
  /** It changes nothing, so it is permitted in the system's own namespace too. */
  readonly reads?: true;
}

const viewers: readonly Role[] = ['viewer', 'operator', 'admin'];
const operators: readonly Role[] = ['operator', 'admin'];
const admins: readonly Role[] = ['admin'];

export const permissionTable = {
  open: { roles: [], open: 'always' },
  'metrics.read': { roles: viewers, open: 'loopback', wholeCell: true },
  'cluster.read': { roles: viewers },
  'server.read': { roles: [...viewers, 'worker'] },
  'session.own': { roles: [...viewers, 'worker'] },
  'namespaces.list': { roles: viewers },
  'namespace.read': { roles: viewers, reads: true },
  'definitions.apply': { roles: [...operators, 'worker'] },
  'definitions.write': { roles: operators },
  'schedules.control': { roles: operators },
  'runs.trigger': { roles: operators },
  'runs.control': { roles: operators },
  'workers.control': { roles: operators },
  'cluster.control': { roles: admins, wholeCell: true },
  'locks.read': { roles: [...viewers, 'worker'], reads: true },
  'locks.use': { roles: [...operators, 'worker'] },
  'locks.force': { roles: operators },
  'retention.control': { roles: admins },
  'worker.connect': { roles: ['worker'] },
  'events.read': { roles: admins, reads: true },
  'tokens.manage': { roles: admins },
} as const satisfies Record<string, Access>;

export type Permission = keyof typeof permissionTable;

export function accessOf(permission: Permission): Access {
  return permissionTable[permission];
}

export function isPermission(value: unknown): value is Permission {
  return typeof value === 'string' && Object.hasOwn(permissionTable, value);
}

/** Whether credentials of `namespace` (a name, or `*`) reach into `wanted`. */
export function reaches(namespace: string, wanted: string): boolean {
  return namespace === '*' || namespace === wanted;
}
