// Times and lengths of time as the command line shows them. `now` is a parameter: nothing here reads a clock.

export const timeStyles = ['relative', 'iso', 'local'] as const;
export type TimeStyle = (typeof timeStyles)[number];

export interface TimeText {
  readonly style: TimeStyle;
  readonly nowMs: number;
  /** For `local`; undefined means the zone of the process. */
  readonly zone?: string;
}

export function timeText(atMs: number | null | undefined, how: TimeText): string {
  if (atMs === null || atMs === undefined) return '';
  if (how.style === 'iso') return new Date(atMs).toISOString();
  if (how.style === 'local') return localText(atMs, how.zone);
  const away = atMs - how.nowMs;
  if (Math.abs(away) < 1000) return 'now';
  return away > 0 ? `in ${roughLength(away)}` : `${roughLength(-away)} ago`;
}

/** `2026-11-21 08:15:00 GMT+8`: sorts as text within one zone, and names the zone. */
function localText(atMs: number, zone: string | undefined): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'shortOffset',
  }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((entry) => entry.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')} ${part('timeZoneName')}`;
}

/** One or two units, enough to judge by: `3s`, `4m12s`, `5h03m`, `12d`. */
export function roughLength(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`;
  const days = Math.floor(seconds / 86_400);
  return days < 3 ? `${days}d${two(Math.floor((seconds % 86_400) / 3600))}h` : `${days}d`;
}

/** How long something took: `7ms`, `1.24s`, `2m05s`. */
export function tookText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)}s`;
  return roughLength(ms);
}

/** A moment given on the command line: ISO 8601 (with offset, else UTC), epoch milliseconds, or a length of time ago (`2h`). */
export function parseMoment(text: string, nowMs: number, duration: (text: string) => number | null): number | null {
  if (/^\d{12,}$/.test(text)) return Number(text);
  const ago = duration(text);
  if (ago !== null) return nowMs - ago;
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (match === null) return null;
  const at = Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? 'Z'}`);
  return Number.isNaN(at) ? null : at;
}
