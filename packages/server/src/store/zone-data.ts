// The clock changes of used zones as they were last computed with, and the schedules that depend on them.

import type { ScheduleDefinition } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { ZoneChanges } from '../core/zone-data.ts';
import type { Tx } from '../ports/database.ts';

const seenKey = 'zones-seen-until';

/** Zones of schedules that were changed before are known. */
export async function zonesSeenUntil(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ value: string }>('select value from meta where key = $1', [seenKey]);
  return Number(row?.value ?? 0);
}

export async function zonesSeen(tx: Tx, until: number): Promise<void> {
  await tx.query(
    'insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
    [seenKey, String(until)],
  );
}

export interface StoredZone {
  zone: string;
  release: string;
  /** The changes are those of (from, until]. */
  fromAt: number;
  untilAt: number;
  changes: ZoneChanges;
}

export async function zonesStored(tx: Tx): Promise<Map<string, StoredZone>> {
  const rows = await tx.query<Omit<StoredZone, 'changes'> & { changes: string }>(
    'select zone, release, from_at as "fromAt", until_at as "untilAt", changes from zone_data order by zone limit $1',
    [serverLimits.zonesKept],
  );
  return new Map(rows.map((row) => [row.zone, { ...row, changes: JSON.parse(row.changes) as ZoneChanges }]));
}

export interface ZoneWrite extends StoredZone {
  /** Next fires that moved; null: the zone is as it was. */
  moved: number | null;
}

export async function zonesPut(tx: Tx, zones: readonly ZoneWrite[]): Promise<void> {
  if (zones.length === 0) return;
  const columns = {
    zone: 'text',
    release: 'text',
    from_at: 'bigint',
    until_at: 'bigint',
    changes: 'text',
    moved: 'int',
  } as const;
  const rows = zones.map(({ zone, release, fromAt, untilAt, changes, moved }) => ({
    zone,
    release,
    from_at: fromAt,
    until_at: untilAt,
    changes: JSON.stringify(changes),
    moved,
  }));
  await tx.query(
    `insert into zone_data (zone, release, from_at, until_at, changes, changed_at, moved)
     select x.zone, x.release, x.from_at, x.until_at, x.changes, case when x.moved is null then null else now_ms() end, coalesce(x.moved, 0)
     from ${tx.dialect.rows('$1', 'x', columns)} where true
     on conflict (zone) do update set release = excluded.release, from_at = excluded.from_at, until_at = excluded.until_at,
       changes = excluded.changes,
       moved = case when excluded.changed_at is null then zone_data.moved else excluded.moved end,
       changed_at = coalesce(excluded.changed_at, zone_data.changed_at)`,
    [JSON.stringify(rows)],
  );
}

/** Zones that came to differ within the last `withinMs`, and the next fires that moved with them. */
export async function zonesChanged(tx: Tx, withinMs: number): Promise<{ zones: string[]; moved: number }> {
  const rows = await tx.query<{ zone: string; moved: number }>(
    'select zone, moved from zone_data where changed_at > now_ms() - $1 order by zone',
    [withinMs],
  );
  return { zones: rows.map(({ zone }) => zone), moved: rows.reduce((sum, { moved }) => sum + moved, 0) };
}

export interface ZonedSchedule {
  id: string;
  namespace: string;
  name: string;
  spec: ScheduleDefinition;
  enabled: boolean;
  anchor_at: number;
  calendars: string;
  cursor: number;
  nextFireAt: number | null;
}

/** A page of those that were changed since, by id. */
export async function zonedSchedules(tx: Tx, afterId: string, since: number): Promise<ZonedSchedule[]> {
  const rows = await tx.query<Omit<ZonedSchedule, 'spec' | 'enabled'> & { spec: string; state: string }>(
    `select id, namespace, name, spec, state, anchor_at, calendars, cursor, next_fire_at as "nextFireAt" from schedule
     where id > $1 and state in ('enabled', 'paused') and updated_at >= $2 order by id limit $3`,
    [afterId, since, serverLimits.zonedSchedules],
  );
  return rows.map(({ state, spec, ...row }) => ({
    ...row,
    spec: JSON.parse(spec) as ScheduleDefinition,
    enabled: state === 'enabled',
  }));
}
