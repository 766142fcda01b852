// What the values of configuration keys may be: each reader takes the text as written and answers with the value, or says what it
// expected instead. And how values are found in a file, which may write them in more than one way.

import { resolve } from 'node:path';
import { keepSchema, parseBytes, parseDuration } from '@tidewheel/protocol';
import { storeUrls } from './core/store-address.ts';

export type Read<T> = (text: string) => T | Problem;

export class Problem {
  readonly expected: string;
  constructor(expected: string) {
    this.expected = expected;
  }
}

export const poolers = ['none', 'transaction'] as const;
export type Pooler = (typeof poolers)[number];

export type StoreConfig =
  | { readonly engine: 'sqlite'; readonly path: string }
  | {
      readonly engine: 'postgres';
      readonly url: string;
      readonly poolSize: number;
      /** None when absent. */
      readonly pooler?: Pooler;
      /** Past the pooler, for signals. */
      readonly directUrl?: string | null;
      /** Servers that may be read from; those that the URL names when there are several. None when absent. */
      readonly replicas?: { readonly urls: readonly string[]; readonly staleMs: number } | null;
    };

export type BackupTargetConfig =
  | { readonly kind: 'dir'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      /** With a `/` at its end, or empty. */
      readonly prefix: string;
    };

const endpointsMax = 9;

export const text: Read<string> = (value) => (value === '' ? new Problem('a text that is not empty') : value);

export function oneOf<T extends string>(values: readonly T[]): Read<T> {
  return (value) => values.find((one) => one === value) ?? new Problem(`one of ${values.join(', ')}`);
}

/** Commas between, or a list in the file, which comes as JSON. */
export function readEndpoints(value: string): readonly string[] | Problem {
  const expected = new Problem('URLs such as http://etcd-1:2379, with commas between, all http or all https');
  const urls = readList(value).map((one) => (URL.canParse(one) ? new URL(one) : null));
  const fine =
    urls.length > 0 &&
    urls.length <= endpointsMax &&
    urls.every((url) => url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') &&
    new Set(urls.map((url) => url?.protocol)).size === 1;
  return fine ? Object.freeze(urls.flatMap((url) => (url === null ? [] : [url.origin]))) : expected;
}

/** As `readEndpoints` takes it. */
export function readList(value: string): string[] {
  const list = value.startsWith('[') ? listOf(value) : value.split(',').map((one) => one.trim());
  return list.filter((one) => one !== '');
}

function listOf(json: string): string[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}

export function readStore(value: string): StoreConfig | Problem {
  const expected = new Problem(
    'sqlite:FILE or postgres://user@host/database, or several host:port with commas between',
  );
  if (value.startsWith('sqlite:')) {
    const path = value.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
    return path === '' || path === ':memory:' ? expected : { engine: 'sqlite', path: resolve(path) };
  }
  if (!/^postgres(?:ql)?:\/\//.test(value)) return expected;
  const urls = storeUrls(value);
  if (typeof urls === 'string') return new Problem(urls);
  // These are keys of their own and are put in by readConfig.
  return { engine: 'postgres', url: value, poolSize: 0 };
}

export function readBackupTarget(value: string): BackupTargetConfig | Problem {
  const expected = new Problem('dir:DIRECTORY, or s3://BUCKET/PREFIX?endpoint=https://…&region=…');
  if (value.startsWith('dir:')) {
    const path = value.slice('dir:'.length);
    return path === '' ? expected : { kind: 'dir', path: resolve(path) };
  }
  if (!value.startsWith('s3://') || !URL.canParse(value)) return expected;
  const { hostname: bucket, pathname, searchParams, username, password } = new URL(value);
  const region = searchParams.get('region') ?? 'us-east-1';
  const endpoint = searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`;
  // Credentials have a file of their own: an address stands in listings and logs.
  if (bucket === '' || username !== '' || password !== '' || !/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    return expected;
  const prefix = pathname.replace(/^\/+/, '').replace(/\/*$/, '/');
  return { kind: 's3', endpoint: new URL(endpoint).origin, region, bucket, prefix: prefix === '/' ? '' : prefix };
}

/** Of PostgreSQL, without a pooler between. */
export function readDirect(value: string): string | Problem {
  const urls = storeUrls(value);
  return typeof urls === 'string' ? new Problem(urls) : value;
}

/** Zero: off. */
export function readStaleness(value: string): number | Problem {
  if (value === 'off') return 0;
  const read = duration(1000, 300_000)(value);
  return typeof read === 'number' ? read : new Problem(`${read.expected}, or off`);
}

export function readListen(value: string): { host: string; port: number } | Problem {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(value);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) return new Problem('host:port, for example 127.0.0.1:7070 or [::1]:7070');
  return { host, port };
}

export function readAddress(value: string): string | Problem {
  const url = URL.canParse(value) ? new URL(value) : null;
  const fine =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.pathname === '/' &&
    url.search === '';
  return fine ? url.origin : new Problem('http://host:port or https://host:port');
}

export function readSwitch(value: string): boolean | Problem {
  if (value === 'true' || value === '1') return true;
  return value === 'false' || value === '0' ? false : new Problem('true or false');
}

export function whole(min: number, max: number): Read<number> {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : new Problem(`a whole number from ${min} to ${max}`);
  };
}

export function duration(minMs: number, maxMs: number): Read<number> {
  return (value) => {
    const ms = parseDuration(value);
    return ms !== null && ms >= minMs && ms <= maxMs
      ? ms
      : new Problem(`a duration from ${minMs}ms to ${maxMs}ms, such as 15s`);
  };
}

/** Infinity for `never`. */
export function orNever(read: Read<number>): Read<number> {
  return (value) => {
    if (value === 'never') return Number.POSITIVE_INFINITY;
    const found = read(value);
    return found instanceof Problem ? new Problem(`${found.expected}, or never`) : found;
  };
}

/** For how long history is kept: a duration of a day or more, or `forever`. */
export const readKeep: Read<number> = (value) => {
  const read = keepSchema.safeParse(value);
  return read.success ? read.data : new Problem('a duration of at least 1d, such as 30d, or forever');
};

const ledgerLeastMs = 7 * 86_400_000;

/** The standing audit, catch-up and what people ask on a Monday look back for days. */
export const readLedgerKeep: Read<number> = (value) => {
  const ms = readKeep(value);
  return typeof ms === 'number' && ms >= ledgerLeastMs ? ms : new Problem('a duration of at least 7d, or forever');
};

export function bytes(min: number): Read<number> {
  return (value) => {
    const size = parseBytes(value);
    return size !== null && size >= min ? size : new Problem(`a size of at least ${min} bytes, such as 20GiB`);
  };
}

export function fileText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function valueAt(section: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, part) => (isSection(at) ? at[part] : undefined), section);
}

export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
