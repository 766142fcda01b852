// Turns what a schema says of a value into sentences for the person who wrote the file: which key, what was expected,
// and for a key that does not exist the one that was probably meant.

import type { z } from 'zod';

export type Path = readonly (string | number)[];

export interface Issue {
  readonly path: Path;
  readonly detail: string;
  /** The key itself is wrong, not its value. */
  readonly atKey: boolean;
}

export function placedIssues(schema: z.ZodType, value: unknown): Issue[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => describe(schema, issue, value));
}

function describe(schema: z.ZodType, issue: z.core.$ZodIssue, value: unknown): Issue[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => ({ path: [...path, key], atKey: true, detail: unknownKey(key, known) }));
  }
  if (valueAt(value, path) === undefined && path.length > 0 && issue.code === 'invalid_type') {
    return [{ path, atKey: false, detail: `\`${String(path.at(-1))}\` is missing` }];
  }
  return [{ path, atKey: issue.code === 'invalid_key', detail: sentence(issue) }];
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') {
    const parts = issue.errors.flat().map((inner) => sentence(inner));
    if (parts.length > 0) return [...new Set(parts)].join(', or ');
  }
  return issue.message.replace(/^Invalid input: /, '');
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = closest(key, known);
  if (near !== null) return `unknown key \`${key}\`; did you mean \`${near}\`?`;
  return `unknown key \`${key}\`${known.length > 0 ? `; known are ${known.join(', ')}` : ''}`;
}

/** The keys that the schema knows at `path`, or none when that cannot be told. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  let def: unknown = schema;
  for (const part of path) {
    const inner = unwrap(def);
    const shape = property(inner, 'shape');
    def = typeof part === 'number' ? property(inner, 'element') : property(shape, part);
  }
  const shape = property(unwrap(def), 'shape');
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
}

/** Looks through optional, default, prefault and pipes to the schema that holds the shape. */
function unwrap(schema: unknown): unknown {
  let inner = schema;
  for (let depth = 0; depth < 10; depth += 1) {
    const def = property(inner, 'def');
    const next = property(def, 'innerType') ?? property(def, 'in');
    if (next === undefined) break;
    inner = next;
  }
  return inner;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => property(at, String(part)), value);
}

/** The known word that differs by a third of its letters at most, or that begins alike (`retries`, `retry`); else null. */
export function closest(word: string, known: readonly string[]): string | null {
  let best: { word: string; edits: number } | null = null;
  for (const candidate of known) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const near = edits <= Math.max(1, Math.floor(candidate.length / 3)) || sharedStart(word, candidate) >= 4;
    if (near && (best === null || edits < best.edits)) best = { word: candidate, edits };
  }
  return best?.word ?? null;
}

function sharedStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length]?.toLowerCase() === b[length]?.toLowerCase()) length += 1;
  return length;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

export function pointerOf(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function pointerPath(pointer: string): string[] {
  return pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
