// Finds the jobs that requests name: the current version of each, in one statement.

import type { Tx } from '../ports/database.ts';

export interface JobTarget {
  namespace: string;
  name: string;
  jobId: string;
  versionId: string;
  laneId: string;
  enabled: boolean;
}

export function jobKey(namespace: string, name: string): string {
  return `${namespace}\n${name}`;
}

/** By `jobKey`. Names that do not exist are absent. */
export async function jobsByName(
  tx: Tx,
  names: readonly { namespace: string; name: string }[],
): Promise<Map<string, JobTarget>> {
  const distinct = [...new Map(names.map((name) => [jobKey(name.namespace, name.name), name])).values()];
  const rows = await tx.query<{
    id: string;
    namespace: string;
    name: string;
    version_id: string;
    enabled: number;
    lane_id: string;
  }>(
    `select j.id, j.namespace, j.name, j.version_id, j.enabled, v.lane_id
     from ${tx.dialect.rows('$1', 'x', { namespace: 'text', name: 'text' })}
     join job j on j.namespace = x.namespace and j.name = x.name and j.deleted_at is null
     join job_version v on v.id = j.version_id`,
    [JSON.stringify(distinct.map(({ namespace, name }) => ({ namespace, name })))],
  );
  return new Map(
    rows.map((row) => [
      jobKey(row.namespace, row.name),
      {
        namespace: row.namespace,
        name: row.name,
        jobId: row.id,
        versionId: row.version_id,
        laneId: row.lane_id,
        enabled: row.enabled === 1,
      },
    ]),
  );
}

export async function jobNameById(tx: Tx, jobId: string): Promise<string | null> {
  const rows = await tx.query<{ name: string }>('select name from job where id = $1 and deleted_at is null', [jobId]);
  return rows[0]?.name ?? null;
}
