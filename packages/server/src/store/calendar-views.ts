// What people read of calendars: pages by name, one calendar, and who uses it.

import type { CalendarView } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import { calendarNodes, type CalendarNode, dependsOn } from './calendars.ts';
import { containsText } from './job-views.ts';
import { cutPage, type Slice } from './page.ts';

export interface CalendarsAsked {
  namespace: string;
  /** Part of the name, in any case. */
  contains?: string | undefined;
  /** The last name of the page before. */
  after: string | null;
  limit: number;
}

interface ViewRow {
  namespace: string;
  name: string;
  version: number;
  definition: string;
  created_at: number;
  updated_at: number;
}

const viewSelect = `select c.namespace, c.name, c.version, v.definition, c.created_at, c.updated_at
  from calendar c join calendar_version v on v.namespace = c.namespace and v.name = c.name and v.version = c.version
  where c.namespace = $1 and c.deleted_at is null`;

/** By name. */
export async function calendarsPage(tx: Tx, asked: CalendarsAsked): Promise<Slice<CalendarView, string>> {
  const params: (string | number)[] = [asked.namespace, asked.limit + 1];
  let where = '';
  if (asked.after !== null) where += ` and c.name > $${params.push(asked.after)}`;
  if (asked.contains !== undefined)
    where += ` and ${containsText(tx, 'c.name')}$${params.push(asked.contains.toLowerCase())}) > 0`;
  const rows = await tx.query<ViewRow>(`${viewSelect}${where} order by c.name limit $2`, params);
  const { items, next } = cutPage(rows, asked.limit, (row) => row.name);
  const nodes = await calendarNodes(tx, asked.namespace);
  const views: CalendarView[] = [];
  for (const row of items) views.push(viewOf(row, await usersOf(tx, asked.namespace, row.name, nodes)));
  return { items: views, next };
}

export async function calendarView(tx: Tx, namespace: string, name: string): Promise<CalendarView | null> {
  const [row] = await tx.query<ViewRow>(`${viewSelect} and c.name = $2`, [namespace, name]);
  if (row === undefined) return null;
  return viewOf(row, await usersOf(tx, namespace, name, await calendarNodes(tx, namespace)));
}

function viewOf(row: ViewRow, usedBy: CalendarView['usedBy']): CalendarView {
  return {
    namespace: row.namespace,
    name: row.name,
    version: row.version,
    definition: JSON.parse(row.definition) as Record<string, unknown>,
    usedBy,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Users of one calendar that are told, of each kind. */
const usersTold = 20;

/** Calendars made of it, and schedules that depend on it, at whatever depth; the first ones by name. */
async function usersOf(
  tx: Tx,
  namespace: string,
  name: string,
  nodes: readonly CalendarNode[],
): Promise<CalendarView['usedBy']> {
  const schedules = await tx.query<{ name: string }>(
    `select s.name from schedule s where s.namespace = $1 and s.calendars <> '{}' and s.state <> 'deleted'
       and ${dependsOn(tx, 's', '$2')} order by s.name limit ${usersTold}`,
    [namespace, JSON.stringify([{ name }])],
  );
  const calendars = nodes.filter((node) => node.uses.includes(name)).slice(0, usersTold);
  return [
    ...calendars.map((node) => ({ kind: 'calendar' as const, name: node.name })),
    ...schedules.map((row) => ({ kind: 'schedule' as const, name: row.name })),
  ];
}
