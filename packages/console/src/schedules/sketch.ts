// A schedule that is only thought of, as the server is asked about it and as a file would declare it; and what is wrong, by field.

import type { PreviewRequest } from '@tidewheel/protocol';
import type { ApiProblem } from '../api/request.ts';
import type { Sketch } from '../routing/route.ts';

export function requestOf({ kind, text, zone, calendar, move }: Sketch): NonNullable<PreviewRequest['schedule']> {
  return {
    [kind]: text.trim(),
    timezone: zone.trim() === '' ? 'UTC' : zone.trim(),
    ...(calendar === null ? {} : { calendar: { exclude: calendar, ...(move === 'skip' ? {} : { move }) } }),
  };
}

/** One line of YAML. */
export function snippetOf({ kind, text, zone, calendar, move }: Sketch): string {
  const parts = ['name: my-schedule', `${kind}: ${JSON.stringify(text.trim())}`];
  if (kind !== 'every' && zone.trim() !== '' && zone.trim() !== 'UTC') parts.push(`timezone: ${zone.trim()}`);
  if (calendar !== null)
    parts.push(`calendar: {exclude: ${JSON.stringify(calendar)}${move === 'skip' ? '' : `, move: ${move}`}}`);
  return `schedules:\n  - {${parts.join(', ')}}`;
}

/** Faults that belong to a field of the form. */
export function faultsOf({ faults }: Pick<ApiProblem, 'faults'>): { text: string | null; zone: string | null } {
  const zone = faults.find(({ pointer }) => pointer.endsWith('/timezone'));
  const text = faults.find((fault) => fault !== zone && /^\/schedule(?:\/(?:cron|every|rrule))?$/.test(fault.pointer));
  return { text: text?.detail ?? null, zone: zone?.detail ?? null };
}
