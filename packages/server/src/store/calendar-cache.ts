// Compiled calendars in memory. A schedule version is bound to versions of calendars, written as JSON `{"name": version}`; versions
// never change, so what a binding means never changes either. Bounded: when full, all is dropped, which costs one read per binding.

import type { CalendarVersions } from '../core/calendar-graph.ts';
import { type CompiledCalendar, compileCalendars } from '../core/calendar.ts';
import { InvariantBroken } from '../core/invariant.ts';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { calendarDefinitions, type CalendarVersionKey } from './calendars.ts';

export type CompiledCalendars = ReadonlyMap<string, CompiledCalendar>;

export const noCalendars: CompiledCalendars = new Map();

/** What a version of a schedule says of its calendars. */
export interface CalendarBinding {
  namespace: string;
  calendars: string;
}

const unbound = '{}';

export class CalendarCache {
  readonly #bindings = new Map<string, CompiledCalendars>();

  /** The calendars of each binding; those not in memory are read in one statement. */
  async bound(tx: Tx, wanted: Iterable<CalendarBinding>): Promise<(binding: CalendarBinding) => CompiledCalendars> {
    const missing = new Map<string, CalendarBinding>();
    for (const binding of wanted) {
      if (binding.calendars !== unbound && !this.#bindings.has(keyOf(binding))) missing.set(keyOf(binding), binding);
    }
    if (missing.size > 0) await this.#load(tx, missing);
    return (binding) => this.known(binding);
  }

  /** Of a binding that was loaded. */
  known(binding: CalendarBinding): CompiledCalendars {
    if (binding.calendars === unbound) return noCalendars;
    const compiled = this.#bindings.get(keyOf(binding));
    if (compiled === undefined) throw new InvariantBroken(`the calendars ${binding.calendars} were not loaded`);
    return compiled;
  }

  async #load(tx: Tx, missing: ReadonlyMap<string, CalendarBinding>): Promise<void> {
    if (this.#bindings.size + missing.size > serverLimits.calendarBindingsCached) this.#bindings.clear();
    const versions = new Map<string, CalendarVersionKey>();
    for (const binding of missing.values()) {
      for (const key of keysOf(binding)) versions.set(`${key.namespace}/${key.name}/${key.version}`, key);
    }
    const rows = await calendarDefinitions(tx, [...versions.values()]);
    const byKey = new Map(rows.map((row) => [`${row.namespace}/${row.name}/${row.version}`, row.definition]));
    for (const [text, binding] of missing) {
      const definitions = keysOf(binding).map(({ namespace, name, version }) => {
        const definition = byKey.get(`${namespace}/${name}/${version}`);
        if (definition === undefined) throw new InvariantBroken(`there is no version ${version} of calendar "${name}"`);
        return definition;
      });
      this.#bindings.set(text, compileCalendars(definitions));
    }
  }
}

const keyOf = ({ namespace, calendars }: CalendarBinding) => `${namespace} ${calendars}`;

function keysOf({ namespace, calendars }: CalendarBinding): CalendarVersionKey[] {
  return Object.entries(JSON.parse(calendars) as CalendarVersions).map(([name, version]) => ({
    namespace,
    name,
    version,
  }));
}
