// The address bar as data: every page with its filters, read from and written to a URL. Pure; navigation.tsx joins it to the browser.
// Unknown or broken parameters are dropped, so that an old bookmark still opens.

import type { RunState } from '@tidewheel/protocol';
import { allRunStates } from '../runs/states.ts';

export const scheduleStates = ['enabled', 'paused', 'finished'] as const;
export type ScheduleState = (typeof scheduleStates)[number];

/** Time windows that end now; the alternative is a fixed range. */
export const windows = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Window = keyof typeof windows;

export interface RunFilter {
  readonly states: readonly RunState[];
  readonly job: string | null;
  readonly schedule: string | null;
  readonly worker: string | null;
  readonly queue: string | null;
  readonly window: Window | null;
  readonly from: number | null;
  readonly to: number | null;
}

/** How far ahead the coming fires are looked at. */
export const comingRanges = { '24h': 86_400_000, '7d': 604_800_000, '35d': 35 * 86_400_000 } as const;
export type ComingRange = keyof typeof comingRanges;

/** A schedule that is only thought of. */
export interface Sketch {
  readonly kind: 'cron' | 'every' | 'rrule';
  readonly text: string;
  readonly zone: string;
  /** A calendar that takes times out. */
  readonly calendar: string | null;
  readonly move: 'skip' | 'next' | 'previous';
}

export interface ScheduleFilter {
  readonly search: string;
  readonly state: ScheduleState | null;
  readonly job: string | null;
}

export type Place =
  | { readonly page: 'overview' | 'workers' | 'pools' | 'cluster' | 'backups' | 'sign-in' | 'not-found' }
  | { readonly page: 'pool'; readonly name: string }
  /** `all`: also those that are free but were held lately. */
  | { readonly page: 'locks'; readonly all: boolean }
  | { readonly page: 'schedules'; readonly filter: ScheduleFilter }
  | { readonly page: 'schedule'; readonly name: string }
  | { readonly page: 'runs'; readonly filter: RunFilter }
  | { readonly page: 'run'; readonly id: string; readonly attempt: number | null }
  | { readonly page: 'jobs'; readonly search: string }
  | { readonly page: 'job'; readonly name: string }
  | { readonly page: 'coming'; readonly range: ComingRange }
  | { readonly page: 'calendars'; readonly search: string }
  /** The year that is shown; this one when null. */
  | { readonly page: 'calendar'; readonly name: string; readonly year: number | null }
  | { readonly page: 'try'; readonly sketch: Sketch };

export interface Route {
  /** Null where the address names none; the page then opens in the session's own. */
  readonly namespace: string | null;
  readonly place: Place;
}

export const anyRun: RunFilter = {
  states: [],
  job: null,
  schedule: null,
  worker: null,
  queue: null,
  window: null,
  from: null,
  to: null,
};
export const anySchedule: ScheduleFilter = { search: '', state: null, job: null };

export const noSketch: Sketch = { kind: 'cron', text: '', zone: 'UTC', calendar: null, move: 'skip' };

export const places = {
  overview: { page: 'overview' },
  schedules: { page: 'schedules', filter: anySchedule },
  runs: { page: 'runs', filter: anyRun },
  jobs: { page: 'jobs', search: '' },
  workers: { page: 'workers' },
  pools: { page: 'pools' },
  locks: { page: 'locks', all: false },
  cluster: { page: 'cluster' },
  backups: { page: 'backups' },
  coming: { page: 'coming', range: '24h' },
  calendars: { page: 'calendars', search: '' },
  try: { page: 'try', sketch: noSketch },
} as const satisfies Record<string, Place>;

export function readRoute(pathname: string, search: string): Route {
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const namespace = parts[0] === 'n' && parts[1] !== undefined ? parts[1] : null;
  const rest = namespace === null ? parts : parts.slice(2);
  return { namespace, place: readPlace(rest, new URLSearchParams(search)) };
}

function readPlace(parts: readonly string[], query: URLSearchParams): Place {
  const [page, name, more] = parts;
  if (more !== undefined) return { page: 'not-found' };
  switch (page) {
    case undefined:
      return places.overview;
    case 'sign-in':
      return { page: 'sign-in' };
    case 'workers':
      return name === undefined ? places.workers : { page: 'not-found' };
    case 'pools':
      return name === undefined ? places.pools : { page: 'pool', name };
    case 'cluster':
      return name === undefined ? places.cluster : { page: 'not-found' };
    case 'backups':
      return name === undefined ? places.backups : { page: 'not-found' };
    case 'locks':
      return name === undefined ? { page: 'locks', all: query.get('show') === 'all' } : { page: 'not-found' };
    case 'schedules':
      return name === undefined ? { page: 'schedules', filter: readScheduleFilter(query) } : { page: 'schedule', name };
    case 'runs':
      return name === undefined
        ? { page: 'runs', filter: readRunFilter(query) }
        : { page: 'run', id: name, attempt: whole(query.get('attempt')) };
    case 'jobs':
      return name === undefined ? { page: 'jobs', search: query.get('q') ?? '' } : { page: 'job', name };
    default:
      return readTimesPlace(parts, query);
  }
}

/** The pages around schedules. */
function readTimesPlace([page, name]: readonly string[], query: URLSearchParams): Place {
  if (page === 'calendars') {
    if (name === undefined) return { page: 'calendars', search: query.get('q') ?? '' };
    const year = whole(query.get('year'));
    return { page: 'calendar', name, year: year !== null && year >= 1970 && year <= 2199 ? year : null };
  }
  if (name !== undefined) return { page: 'not-found' };
  if (page === 'coming') {
    const range = query.get('range') ?? '';
    return { page: 'coming', range: Object.hasOwn(comingRanges, range) ? (range as ComingRange) : '24h' };
  }
  return page === 'try' ? { page: 'try', sketch: readSketch(query) } : { page: 'not-found' };
}

const sketchKinds = ['cron', 'every', 'rrule'] as const;
const moves = ['skip', 'next', 'previous'] as const;

function readSketch(query: URLSearchParams): Sketch {
  const kind = sketchKinds.find((one) => query.has(one)) ?? 'cron';
  return {
    kind,
    text: query.get(kind) ?? '',
    zone: query.get('zone') || 'UTC',
    calendar: query.get('calendar') || null,
    move: moves.find((one) => one === query.get('move')) ?? 'skip',
  };
}

function readScheduleFilter(query: URLSearchParams): ScheduleFilter {
  const state = query.get('state');
  return {
    search: query.get('q') ?? '',
    state: scheduleStates.find((known) => known === state) ?? null,
    job: query.get('job') || null,
  };
}

function readRunFilter(query: URLSearchParams): RunFilter {
  const asked = (query.get('state') ?? '').split(',');
  const window = query.get('window');
  const known = window !== null && Object.hasOwn(windows, window) ? (window as Window) : null;
  return {
    states: allRunStates.filter((state) => asked.includes(state)),
    job: query.get('job') || null,
    schedule: query.get('schedule') || null,
    worker: query.get('worker') || null,
    queue: query.get('queue') || null,
    window: known,
    from: known === null ? instant(query.get('from')) : null,
    to: known === null ? instant(query.get('to')) : null,
  };
}

/** The address of a place. Filters that hold nothing leave no trace in it. */
export function addressOf(namespace: string | null, place: Place): string {
  const base = namespace === null ? '' : `/n/${encodeURIComponent(namespace)}`;
  switch (place.page) {
    case 'overview':
      return base === '' ? '/' : base;
    case 'sign-in':
      return '/sign-in';
    case 'workers':
      return `${base}/workers`;
    case 'pools':
      return `${base}/pools`;
    case 'pool':
      return `${base}/pools/${encodeURIComponent(place.name)}`;
    case 'cluster':
      return `${base}/cluster`;
    case 'backups':
      return `${base}/backups`;
    case 'locks':
      return `${base}/locks${queryText({ show: place.all ? 'all' : null })}`;
    case 'schedules':
      return `${base}/schedules${queryText({ q: place.filter.search, state: place.filter.state, job: place.filter.job })}`;
    case 'schedule':
      return `${base}/schedules/${encodeURIComponent(place.name)}`;
    case 'runs':
      return `${base}/runs${queryText(runQuery(place.filter))}`;
    case 'run':
      return `${base}/runs/${encodeURIComponent(place.id)}${queryText({ attempt: place.attempt?.toString() ?? null })}`;
    case 'jobs':
      return `${base}/jobs${queryText({ q: place.search })}`;
    case 'job':
      return `${base}/jobs/${encodeURIComponent(place.name)}`;
    case 'coming':
      return `${base}/coming${queryText({ range: place.range === '24h' ? null : place.range })}`;
    case 'calendars':
      return `${base}/calendars${queryText({ q: place.search })}`;
    case 'calendar':
      return `${base}/calendars/${encodeURIComponent(place.name)}${queryText({ year: place.year?.toString() ?? null })}`;
    case 'try':
      return `${base}/try${queryText(sketchQuery(place.sketch))}`;
    case 'not-found':
      return base === '' ? '/' : base;
  }
}

function sketchQuery({ kind, text, zone, calendar, move }: Sketch): Record<string, string | null> {
  return {
    [kind]: text,
    zone: zone === noSketch.zone ? null : zone,
    calendar,
    move: calendar === null || move === 'skip' ? null : move,
  };
}

function runQuery(filter: RunFilter): Record<string, string | null> {
  return {
    state: filter.states.join(','),
    job: filter.job,
    schedule: filter.schedule,
    worker: filter.worker,
    queue: filter.queue,
    window: filter.window,
    from: filter.from === null ? null : new Date(filter.from).toISOString(),
    to: filter.to === null ? null : new Date(filter.to).toISOString(),
  };
}

/** `?a=b` of the values that are set, or nothing. Commas stay readable. */
export function queryText(values: Readonly<Record<string, string | null>>): string {
  const pairs = Object.entries(values)
    .filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll('%2C', ',').replaceAll('%3A', ':')}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function whole(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

function instant(text: string | null): number | null {
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
