// The leader's duty to see whether the time zone database has changed since coming fires were worked out. The clock changes of every
// zone in use are kept in the store for the next years. When those that this process computes are others, each schedule whose next
// time is not the stored one is changed as if somebody had edited it: what is due is decided, a new version begins, the next time is
// computed anew. So the ledger stays auditable, and people learn which schedules fire at other times.

import { compileTimes, nextFireAfter } from '../core/schedule-times.ts';
import { firstDifference, type ZoneChanges, zoneChanges, zonesOf } from '../core/zone-data.ts';
import type { Tx } from '../ports/database.ts';
import { CalendarCache } from '../store/calendar-cache.ts';
import { eventsAppend, wholeCell } from '../store/events.ts';
import { storeNow } from '../store/jobs.ts';
import { schedulesById, schedulesSettle, schedulesUpdate, type ScheduleWrite } from '../store/schedules.ts';
import {
  zonedSchedules,
  type ZonedSchedule,
  zonesPut,
  zonesSeen,
  zonesSeenUntil,
  zonesStored,
  type StoredZone,
  type ZoneWrite,
} from '../store/zone-data.ts';
import { Breath } from './breath.ts';
import type { Definitions, Outcome } from './definitions.ts';
import { type Change, stateFrom } from './definition-writes.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';

const yearMs = 365 * 86_400_000;
/** Changes are kept so far ahead, and anew when they reach less far than the second. */
const aheadMs = 6 * yearMs;
const leastAheadMs = 5 * yearMs;
/** Between two looks for zones that have come into use. The zone data of a process never changes, so the rest is looked at once. */
const restMs = 3_600_000;
/** Clocks of writers and this look need not agree. */
const overlapMs = 60_000;
const samplesMax = 20;
const firstId = '00000000-0000-0000-0000-000000000000';

interface Moved {
  namespace: string;
  schedule: string;
  before: number | null;
  after: number | null;
}

export function zoneWatch(context: MasterContext, definitions: Pick<Definitions, 'change'>): Duty {
  return {
    name: 'zone watch',
    begin: (leader) => async () => {
      await new ZoneLook(context, definitions, leader, await storeNow(context.db)).look();
      return restMs;
    },
  };
}

class ZoneLook {
  readonly #context: MasterContext;
  readonly #definitions: Pick<Definitions, 'change'>;
  readonly #leader: Leader;
  readonly #now: number;
  readonly #calendars = new CalendarCache();
  readonly #breath: Breath;
  readonly #used = new Set<string>();
  /** Zones that differ from what is stored, since when, and how many next fires moved. */
  readonly #changed = new Map<string, { from: number; moved: number }>();
  readonly #samples: Moved[] = [];
  #affected = 0;

  constructor(context: MasterContext, definitions: Pick<Definitions, 'change'>, leader: Leader, now: number) {
    this.#context = context;
    this.#breath = new Breath(context.clock);
    this.#definitions = definitions;
    this.#leader = leader;
    this.#now = now;
  }

  async look(): Promise<void> {
    const { db } = this.#context;
    const stored = await zonesStored(db);
    const since = await zonesSeenUntil(db);
    for (const zone of stored.values()) {
      const from = firstDifference(zone.changes, zoneChanges(zone.zone, zone.fromAt, zone.untilAt), zone.fromAt);
      if (from !== null) this.#changed.set(zone.zone, { from, moved: 0 });
      await this.#breath.take();
    }
    for (let after = firstId; ; ) {
      const page = await zonedSchedules(db, after, this.#changed.size > 0 ? 0 : since);
      const last = page.at(-1);
      if (last === undefined) break;
      await this.#page(page);
      await this.#breath.take();
      after = last.id;
    }
    await this.#keep(stored);
  }

  async #page(page: readonly ZonedSchedule[]): Promise<void> {
    const calendarsOf = await this.#calendars.bound(this.#context.db, page);
    const misplaced = new Map<string, string>();
    for (const one of page) {
      const zones = zonesOf(one.spec, calendarsOf(one));
      for (const zone of zones) this.#used.add(zone);
      const changed = [...zones].find((zone) => this.#changed.has(zone));
      if (changed === undefined) continue;
      this.#affected += 1;
      if (!one.enabled || one.nextFireAt === null || one.spec.delay !== undefined) continue;
      const next = nextFireAfter(compileTimes(one.spec, one.anchor_at, calendarsOf(one)), one.cursor);
      if (next !== one.nextFireAt) misplaced.set(one.id, changed);
    }
    for (const [namespace, rows] of Map.groupBy(
      page.filter(({ id }) => misplaced.has(id)),
      (one) => one.namespace,
    )) {
      const ids = rows.map(({ id }) => id);
      const moved = await this.#definitions.change(
        namespace,
        'zone-data',
        (tx, change) => this.#replace(tx, change, rows),
        (body) => this.#leader.transaction(body),
      );
      for (const one of moved) if (this.#samples.length < samplesMax) this.#samples.push(one);
      for (const id of ids) {
        const zone = this.#changed.get(misplaced.get(id) ?? '');
        if (zone !== undefined) zone.moved += 1;
      }
    }
  }

  /** Each schedule as it is, in a new version whose next time is computed anew. */
  async #replace(
    tx: Tx,
    { namespace, actor, eventId }: Change,
    rows: readonly ZonedSchedule[],
  ): Promise<Outcome<Moved[]>> {
    const ids = rows.map(({ id }) => id);
    const { settled, decided } = await schedulesSettle(tx, this.#context, ids);
    const stored = await schedulesById(tx, ids);
    const bindings = stored.map(({ calendars }) => ({ namespace, calendars }));
    const calendarsOf = await this.#calendars.bound(tx, bindings);
    const before = new Map(rows.map(({ id, nextFireAt }) => [id, nextFireAt]));
    const writes: ScheduleWrite[] = [];
    for (const { id, jobId, name, spec, anchorAt, calendars } of stored) {
      const row = settled.get(id);
      if (row?.state !== 'enabled') continue;
      const same = { id, jobId, name, version: row.version + 1, spec, anchorAt, calendars };
      const compiled = calendarsOf({ namespace, calendars });
      writes.push({ ...same, ...stateFrom(spec, anchorAt, Math.max(row.cursor, row.now), null, compiled, undefined) });
    }
    await schedulesUpdate(tx, actor, writes);
    const moved = writes.map(({ id, name: schedule, nextFireAt: after }) => ({
      namespace,
      schedule,
      before: before.get(id) ?? null,
      after,
    }));
    const detail = {
      schedules: moved.map(({ schedule, before: from, after: to }) => ({ schedule, before: from, after: to })),
    };
    if (moved.length > 0)
      await eventsAppend(tx, this.#context.identity, [
        { id: eventId, namespace, actor, action: 'schedules.replace', subject: namespace, detail },
      ]);
    return { value: moved, written: moved.length > 0, decided };
  }

  /** What is computed with now is what the next start compares with. */
  async #keep(stored: ReadonlyMap<string, StoredZone>): Promise<void> {
    const { identity, log, metrics, settings, signals } = this.#context;
    const release = settings.zoneDataVersion ?? 'unknown';
    const writes: ZoneWrite[] = [];
    for (const zone of new Set([...this.#used, ...stored.keys()])) {
      const known = stored.get(zone);
      const changed = this.#changed.get(zone);
      const isFresh = known?.release === release && known.untilAt - this.#now >= leastAheadMs;
      if (isFresh && changed === undefined) continue;
      const [fromAt, untilAt] = [this.#now, this.#now + aheadMs];
      const changes: ZoneChanges = zoneChanges(zone, fromAt, untilAt);
      writes.push({ zone, release, fromAt, untilAt, changes, moved: changed?.moved ?? null });
      await this.#breath.take();
    }
    const zones = [...this.#changed].map(([zone, { from }]) => ({ zone, from }));
    const moved = [...this.#changed.values()].reduce((sum, one) => sum + one.moved, 0);
    await this.#leader.transaction(async (tx) => {
      await zonesPut(tx, writes);
      await zonesSeen(tx, this.#now - overlapMs);
      if (zones.length === 0) return;
      const detail = { release, zones, schedules: this.#affected, moved, samples: this.#samples };
      const event = { namespace: wholeCell, actor: 'zone-data', action: 'zone-data.changed', subject: release, detail };
      await eventsAppend(tx, identity, [event]);
    });
    if (zones.length === 0) return;
    const names = zones.map(({ zone }) => zone).join(' ');
    log.warn('new zone data changes coming fires', { release, zones: names, schedules: this.#affected, moved });
    metrics.add('tidewheel_zone_data_moved_total', moved);
    signals.publish('masters', null);
  }
}
