// Calendars: which exist, what each version holds, and who uses them. A version never changes; a deleted calendar keeps its row, so
// that version numbers go on when the name is used again. Changes stand in line behind the namespace's row, as those of jobs do.

import type { CalendarDefinition } from '@tidewheel/protocol';
import { canonicalJson } from '../core/canonical-json.ts';
import type { Tx } from '../ports/database.ts';

/** A calendar without its rules. */
export interface CalendarNode {
  name: string;
  version: number;
  source: string;
  /** Calendars that it is directly made of. */
  uses: readonly string[];
}

interface NodeRow {
  name: string;
  version: number;
  source: string;
  uses: string;
}

const nodeOf = (row: NodeRow): CalendarNode => ({ ...row, uses: JSON.parse(row.uses) as string[] });

/** All calendars of a namespace: they are few. */
export async function calendarNodes(tx: Tx, namespace: string): Promise<CalendarNode[]> {
  const rows = await tx.query<NodeRow>(
    'select name, version, source, uses from calendar where namespace = $1 and deleted_at is null order by name',
    [namespace],
  );
  return rows.map(nodeOf);
}

export interface CalendarVersionKey {
  namespace: string;
  name: string;
  version: number;
}

const keyColumns = { namespace: 'text', name: 'text', version: 'int' } as const;

/** The rules of these versions. One that does not exist is absent. */
export async function calendarDefinitions(
  tx: Tx,
  keys: readonly CalendarVersionKey[],
): Promise<(CalendarVersionKey & { definition: CalendarDefinition })[]> {
  if (keys.length === 0) return [];
  const rows = await tx.query<CalendarVersionKey & { definition: string }>(
    `select v.namespace, v.name, v.version, v.definition from ${tx.dialect.rows('$1', 'x', keyColumns)}
     join calendar_version v on v.namespace = x.namespace and v.name = x.name and v.version = x.version`,
    [JSON.stringify(keys)],
  );
  return rows.map((row) => ({ ...row, definition: JSON.parse(row.definition) as CalendarDefinition }));
}

export interface CalendarWrite {
  definition: CalendarDefinition;
  source: string;
  uses: readonly string[];
  /** False: only the source changes hands. */
  newVersion: boolean;
}

/** Makes or changes calendars; answers the versions now in force. */
export async function calendarsWrite(
  tx: Tx,
  namespace: string,
  actor: string,
  writes: readonly CalendarWrite[],
): Promise<Map<string, number>> {
  if (writes.length === 0) return new Map();
  const columns = { name: 'text', source: 'text', uses: 'text', definition: 'text', grows: 'int' } as const;
  const rows = JSON.stringify(
    writes.map(({ definition, source, uses, newVersion }) => ({
      name: definition.name,
      source,
      uses: JSON.stringify(uses),
      definition: canonicalJson(definition),
      grows: newVersion ? 1 : 0,
    })),
  );
  await tx.query(
    `insert into calendar (namespace, name, version, source, uses, created_at, updated_at)
     select $2, x.name, 0, x.source, x.uses, now_ms(), now_ms() from ${tx.dialect.rows('$1', 'x', columns)} where true
     on conflict (namespace, name) do nothing`,
    [rows, namespace],
  );
  const written = await tx.query<{ name: string; version: number }>(
    `update calendar set version = calendar.version + x.grows, source = x.source, uses = x.uses, updated_at = now_ms(),
       created_at = case when calendar.deleted_at is null then calendar.created_at else now_ms() end, deleted_at = null
     from ${tx.dialect.rows('$1', 'x', columns)} where calendar.namespace = $2 and calendar.name = x.name
     returning calendar.name, calendar.version`,
    [rows, namespace],
  );
  await tx.query(
    `insert into calendar_version (namespace, name, version, definition, created_by, created_at)
     select c.namespace, c.name, c.version, x.definition, $3, now_ms() from ${tx.dialect.rows('$1', 'x', columns)}
     join calendar c on c.namespace = $2 and c.name = x.name where x.grows = 1`,
    [rows, namespace, actor],
  );
  return new Map(written.map((row) => [row.name, row.version]));
}

export async function calendarsDelete(tx: Tx, namespace: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await tx.query(
    `update calendar set deleted_at = now_ms(), updated_at = now_ms()
     where namespace = $1 and deleted_at is null and name in (select x.name from ${tx.dialect.rows('$2', 'x', { name: 'text' })})`,
    [namespace, JSON.stringify(names.map((name) => ({ name })))],
  );
}

/** Matches schedules that depend on one of the names in `$param`, at whatever depth. Names hold no quotes. */
export function dependsOn(tx: Tx, alias: string, param: string): string {
  return `exists (select 1 from ${tx.dialect.rows(param, 'x', { name: 'text' })} where ${mentions(tx, alias)})`;
}

/** Of a schedule's row and the name in `x`. */
function mentions(tx: Tx, alias: string): string {
  const find = tx.dialect.engine === 'sqlite' ? 'instr' : 'strpos';
  return `${find}(${alias}.calendars, '"' || x.name || '":') > 0`;
}

/** How many schedules depend on each of these calendars, at whatever depth. */
export async function calendarDependents(
  tx: Tx,
  namespace: string,
  names: readonly string[],
): Promise<Map<string, number>> {
  const rows = await tx.query<{ name: string; schedules: number }>(
    `select x.name, count(*) as schedules from ${tx.dialect.rows('$2', 'x', { name: 'text' })}
     join schedule s on s.namespace = $1 and s.calendars <> '{}' and s.state <> 'deleted' and ${mentions(tx, 's')} group by x.name`,
    [namespace, JSON.stringify(names.map((name) => ({ name })))],
  );
  return new Map(rows.map((row) => [row.name, row.schedules]));
}
