// Jobs as people read them. The definition is whole, with its schedules, so that what was read can be changed and put back.

import type { HandlerKind, JobSpec, JobView } from '@tidewheel/protocol';
import type { Param, Tx } from '../ports/database.ts';
import { cutPage, type Slice } from './page.ts';
import { schedulesOfJobs } from './schedules.ts';

interface JobViewRow {
  id: string;
  namespace: string;
  name: string;
  version: number;
  kind: HandlerKind;
  spec: string;
  created_at: number;
  updated_at: number;
}

const select = `select j.id, j.namespace, j.name, j.version, v.kind, v.spec, j.created_at, j.updated_at
  from job j join job_version v on v.id = j.version_id where j.deleted_at is null and j.namespace = $1`;

export async function jobView(tx: Tx, namespace: string, name: string): Promise<JobView | null> {
  const rows = await tx.query<JobViewRow>(`${select} and j.name = $2`, [namespace, name]);
  return (await viewsOf(tx, rows))[0] ?? null;
}

export interface JobsAsked {
  namespace: string;
  /** Part of the name, in any case. */
  search?: string | undefined;
  /** Only names that sort after this one. */
  after: string | null;
  limit: number;
}

/** By name. */
export async function jobsPage(tx: Tx, asked: JobsAsked): Promise<Slice<JobView, string>> {
  const params: Param[] = [asked.namespace, asked.limit + 1];
  const conditions: string[] = [];
  if (asked.after !== null) conditions.push(`j.name > $${params.push(asked.after)}`);
  if (asked.search !== undefined) conditions.push(nameHolds(tx, 'j.name', params.push(asked.search)));
  const where = conditions.map((condition) => ` and ${condition}`).join('');
  const rows = await tx.query<JobViewRow>(`${select}${where} order by j.name limit $2`, params);
  const { items, next } = cutPage(rows, asked.limit, (row) => row.name);
  return { items: await viewsOf(tx, items), next };
}

/** A condition: the column holds the parameter's text, in any case. */
export function nameHolds(tx: Tx, column: string, param: number): string {
  const find = tx.dialect.engine === 'sqlite' ? 'instr' : 'strpos';
  return `${find}(lower(${column}), lower($${param})) > 0`;
}

async function viewsOf(tx: Tx, rows: readonly JobViewRow[]): Promise<JobView[]> {
  if (rows.length === 0) return [];
  const schedules = await schedulesOfJobs(
    tx,
    rows.map((row) => row.id),
  );
  const byJob = Map.groupBy(schedules, (schedule) => schedule.jobId);
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
