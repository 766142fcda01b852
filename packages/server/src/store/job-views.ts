// What people read of jobs and namespaces. A definition is shown whole, with its schedules: what was read can be changed and put back.

import type { HandlerKind, JobSpec, JobView } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';
import { schedulesOfJobs } from './schedules.ts';

interface JobRow {
  id: string;
  namespace: string;
  name: string;
  version: number;
  kind: HandlerKind;
  spec: string;
  created_at: number;
  updated_at: number;
}

const jobSelect = `select j.id, j.namespace, j.name, j.version, v.kind, v.spec, j.created_at, j.updated_at
  from job j join job_version v on v.id = j.version_id
  where j.namespace = $1 and j.deleted_at is null`;

export interface JobsAsked {
  namespace: string;
  /** Part of the name, in any case. */
  contains?: string | undefined;
  /** The last name of the page before. */
  after: string | null;
  limit: number;
}

/** By name. */
export async function jobsPage(tx: Tx, asked: JobsAsked): Promise<Slice<JobView, string>> {
  const params: (string | number)[] = [asked.namespace, asked.limit + 1];
  let where = '';
  if (asked.after !== null) where += ` and j.name > $${params.push(asked.after)}`;
  if (asked.contains !== undefined)
    where += ` and ${containsText(tx, 'j.name')}$${params.push(asked.contains.toLowerCase())}) > 0`;
  const rows = await tx.query<JobRow>(`${jobSelect}${where} order by j.name limit $2`, params);
  const { items, next } = cutPage(rows, asked.limit, (row) => row.name);
  return { items: await viewsOf(tx, items), next };
}

export async function jobView(tx: Tx, namespace: string, name: string): Promise<JobView | null> {
  const rows = await tx.query<JobRow>(`${jobSelect} and j.name = $2`, [namespace, name]);
  return (await viewsOf(tx, rows))[0] ?? null;
}

/** The beginning of a search in any case; the caller adds the parameter and `) > 0`. */
export function containsText(tx: Tx, column: string): string {
  return `${tx.dialect.engine === 'sqlite' ? 'instr' : 'strpos'}(lower(${column}), `;
}

async function viewsOf(tx: Tx, rows: readonly JobRow[]): Promise<JobView[]> {
  if (rows.length === 0) return [];
  const jobIds = rows.map((row) => row.id);
  const byJob = Map.groupBy(await schedulesOfJobs(tx, jobIds), (schedule) => schedule.jobId);
  return rows.map((row) => {
    const own = byJob.get(row.id) ?? [];
    return {
      id: row.id,
      namespace: row.namespace,
      name: row.name,
      version: row.version,
      kind: row.kind,
      definition: { ...(JSON.parse(row.spec) as JobSpec), schedules: own.map((schedule) => schedule.spec) },
      scheduleCount: own.length,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  });
}

/** Names of all namespaces that exist, in order, up to a bound. */
export async function namespaceNames(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ name: string }>('select name from namespace order by name limit $1', [
    serverLimits.namespacesListed,
  ]);
  return rows.map((row) => row.name);
}
