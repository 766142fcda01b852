// The published interface as far as the driver uses it: operations with their paths, verbs, parameters and content types, and the fields of
// each object. published-api.json was taken from the client that is generated from Kubernetes' own description (1.22), names and types only.

import { readFileSync } from 'node:fs';

interface Operation {
  readonly verb: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly contentTypes: readonly string[];
  readonly answer: string;
}

interface Published {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly models: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const published = JSON.parse(readFileSync(new URL('published-api.json', import.meta.url), 'utf8')) as Published;

/** Newer than the description: since 1.26 (StatefulSet.spec.ordinals). */
const newer: Readonly<Record<string, readonly string[]>> = { V1StatefulSetSpec: ['ordinals'] };

/** A DELETE carries DeleteOptions, a PATCH part of what it answers with. */
function bodyModelOf({ verb, answer }: Operation): string {
  return verb === 'DELETE' ? 'V1DeleteOptions' : answer;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface MatchedOperation {
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
  readonly answer: string;
}

export function operationOf(method: string, path: string): MatchedOperation | null {
  for (const [name, { verb, path: template, answer }] of Object.entries(published.operations)) {
    if (verb !== method) continue;
    const pattern = template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const match = new RegExp(`^${pattern}$`).exec(path);
    if (match !== null) return { name, params: { ...match.groups }, answer };
  }
  return null;
}

/** What in a request the published interface does not have. */
export function faultsOfRequest({ method, path, query, headers, body }: SeenRequest): string[] {
  const matched = operationOf(method, path);
  if (matched === null) return [`${method} ${path}: no such operation`];
  const operation = published.operations[matched.name];
  if (operation === undefined) return [];
  const faults = Object.keys(query)
    .filter((name) => !operation.query.includes(name))
    .map((name) => `${matched.name}: no query parameter ${name}`);
  if (operation.verb === 'GET') return body === '' ? faults : [...faults, `${matched.name}: a GET has no body`];
  const type = String(headers['content-type']);
  const types = operation.contentTypes.length > 0 ? operation.contentTypes : ['application/json'];
  if (!types.includes(type)) faults.push(`${matched.name}: content type ${type}`);
  if (!/^Bearer \S+$/.test(String(headers['authorization'] ?? 'Bearer none'))) faults.push('authorization');
  return [...faults, ...faultsOfObject(JSON.parse(body), bodyModelOf(operation), matched.name)];
}

/** Keys that the model does not have, and values of another type. */
export function faultsOfObject(value: unknown, type: string, at: string): string[] {
  if (type === 'any' || value === null) return [];
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return [`${at}: not a list`];
    return value.flatMap((item, index) => faultsOfObject(item, type.slice(0, -2), `${at}/${index}`));
  }
  if (type.endsWith('{}'))
    return Object.entries(value as object).flatMap(([key, item]) =>
      faultsOfObject(item, type.slice(0, -2), `${at}/${key}`),
    );
  const model = published.models[type];
  if (model === undefined)
    return fits(value, type) ? [] : [`${at}: ${JSON.stringify(value)} is not of the type ${type}`];
  if (typeof value !== 'object') return [`${at}: not an object`];
  return Object.entries(value).flatMap(([key, item]) => {
    if (newer[type]?.includes(key)) return [];
    const inner = model[key];
    return inner === undefined
      ? [`${at}/${key}: no such field of ${type}`]
      : faultsOfObject(item, inner, `${at}/${key}`);
  });
}

function fits(value: unknown, type: string): boolean {
  if (type === 'time') return typeof value === 'string' && !Number.isNaN(Date.parse(value));
  if (type === 'integer') return Number.isSafeInteger(value);
  return typeof value === type;
}
