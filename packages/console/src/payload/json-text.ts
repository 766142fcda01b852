// JSON as people type and read it: the place of a fault by line and column, text that is pretty, and a first payload made from
// a JSON Schema. Pure.

import { jsonFault } from './json-fault.ts';

/** The protocol's `limits.payloadBytes`, written again to keep its schemas out of the bundle; a test holds them equal. */
export const payloadBytes = 262_144;

export type Parsed =
  | { readonly kind: 'empty' }
  | { readonly kind: 'value'; readonly value: unknown }
  /** `found` is the character that does not fit, null at the end of the text. Line and column count from 1. */
  | { readonly kind: 'fault'; readonly found: string | null; readonly line: number; readonly column: number }
  | { readonly kind: 'too-large' };

export function parseJson(text: string): Parsed {
  if (text.trim() === '') return { kind: 'empty' };
  const offset = jsonFault(text);
  if (offset !== null) {
    const before = text.slice(0, offset).split('\n');
    return {
      kind: 'fault',
      found: text[offset] ?? null,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
    };
  }
  const value: unknown = JSON.parse(text);
  const bytes = new TextEncoder().encode(JSON.stringify(value)).length;
  return bytes > payloadBytes ? { kind: 'too-large' } : { kind: 'value', value };
}

export function prettyJson(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? '';
}

/** A value to begin with: defaults and examples where the schema has them, else an empty value of the type. Depth is bounded. */
export function sampleOf(schema: unknown, depth = 6): unknown {
  if (!isRecord(schema) || depth === 0) return null;
  if ('default' in schema) return schema['default'];
  if ('const' in schema) return schema['const'];
  const examples = schema['examples'] ?? schema['enum'];
  if (Array.isArray(examples) && examples.length > 0) return examples[0] as unknown;
  const type: unknown = Array.isArray(schema['type']) ? (schema['type'] as unknown[])[0] : schema['type'];
  if (type === 'object' || isRecord(schema['properties'])) return sampleObject(schema, depth);
  const plain: Record<string, unknown> = { array: [], string: '', number: 0, integer: 0, boolean: false };
  return typeof type === 'string' && Object.hasOwn(plain, type) ? plain[type] : null;
}

function sampleObject(schema: Record<string, unknown>, depth: number): Record<string, unknown> {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, sampleOf(inner, depth - 1)]));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Token {
  readonly kind: 'key' | 'string' | 'number' | 'word' | 'mark';
  readonly text: string;
}

/** Pretty JSON cut into coloured pieces. */
export function tokensOf(json: string): Token[] {
  const tokens: Token[] = [];
  const pieces = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)|[^"\d\-tfn]+|./g;
  for (const match of json.matchAll(pieces)) {
    const [whole, string, colon, number, word] = match;
    if (string !== undefined) {
      tokens.push({ kind: colon === undefined ? 'string' : 'key', text: string });
      if (colon !== undefined) tokens.push({ kind: 'mark', text: colon });
    } else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'mark', text: whole });
  }
  return tokens;
}
