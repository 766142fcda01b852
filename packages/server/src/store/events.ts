// The audit log: who did what. Rows are written in the transaction of the change that they tell of, and never changed.

import type { AuditEvent } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import type { Identity } from '../ports/identity.ts';
import { cutPage, type Slice } from './page.ts';

/** The namespace of events that concern the whole cell. */
export const wholeCell = '*';

export interface NewEvent {
  /** Given by whoever must be able to read it back after an unknown outcome. */
  id?: string;
  namespace: string;
  actor: string;
  /** Noun and verb, such as `job.update`. */
  action: string;
  subject: string;
  detail?: unknown;
}

export async function eventsAppend(
  tx: Tx,
  identity: Pick<Identity, 'next'>,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    ...event,
    id: event.id ?? identity.next(),
    detail: JSON.stringify(event.detail ?? null),
  }));
  await tx.query(
    `insert into event (id, namespace, at, actor, action, subject, detail)
     select x.id, x.namespace, now_ms(), x.actor, x.action, x.subject, x.detail
     from ${tx.dialect.rows('$1', 'x', {
       id: 'uuid',
       namespace: 'text',
       actor: 'text',
       action: 'text',
       subject: 'text',
       detail: 'text',
     })}`,
    [JSON.stringify(rows)],
  );
}

export interface EventsAsked {
  namespace: string;
  /** Also events of the whole cell, for those who may see all namespaces. */
  withCell: boolean;
  /** Only events with smaller ids. */
  before: string | null;
  limit: number;
}

type EventRow = Omit<AuditEvent, 'detail'> & { detail: string };

/** Newest first. */
export async function eventsPage(tx: Tx, asked: EventsAsked): Promise<Slice<AuditEvent, string>> {
  // One range of the index (namespace, id) for each namespace, merged here.
  const namespaces = asked.withCell ? [asked.namespace, wholeCell] : [asked.namespace];
  const rows: EventRow[] = [];
  for (const namespace of namespaces) {
    const params = [namespace, asked.limit + 1, ...(asked.before === null ? [] : [asked.before])];
    rows.push(
      ...(await tx.query<EventRow>(
        `select id, at, actor, action, subject, detail from event
         where namespace = $1 ${asked.before === null ? '' : 'and id < $3'} order by id desc limit $2`,
        params,
      )),
    );
  }
  rows.sort((a, b) => (a.id < b.id ? 1 : -1));
  const { items, next } = cutPage(rows, asked.limit, (row) => row.id);
  return { items: items.map((row) => ({ ...row, detail: JSON.parse(row.detail) as unknown })), next };
}

/** The read-back after an unknown outcome: events are written in the transaction that they tell of. */
export async function eventExists(tx: Tx, id: string): Promise<boolean> {
  return (await tx.query('select id from event where id = $1', [id])).length > 0;
}
