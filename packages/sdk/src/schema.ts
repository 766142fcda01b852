// Standard Schema as the SDK uses it: check a value, and find a JSON Schema for forms. Works with zod, valibot, arktype and
// whatever else speaks the standard; none of them is imported.

import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { Fault } from '@tidewheel/protocol';

export type AnySchema = StandardSchemaV1;
export type SchemaInput<S extends AnySchema> = StandardSchemaV1.InferInput<S>;
export type SchemaOutput<S extends AnySchema> = StandardSchemaV1.InferOutput<S>;
export type JsonSchema = Record<string, unknown>;

export type Checked = { ok: true; value: unknown } | { ok: false; faults: Fault[] };

/** A promise only when the schema itself is asynchronous, so that most tasks start in the same tick. */
export function check(schema: AnySchema, value: unknown): Checked | Promise<Checked> {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(checked) : checked(result);
}

function checked(result: StandardSchemaV1.Result<unknown>): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value };
  return { ok: false, faults: result.issues.map((issue) => ({ pointer: pointerOf(issue), detail: issue.message })) };
}

function pointerOf(issue: StandardSchemaV1.Issue): string {
  const keys = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** One line for a log or an error message. */
export function describeFaults(faults: readonly Fault[]): string {
  return faults.map(({ pointer, detail }) => `${pointer === '' ? 'the value' : pointer}: ${detail}`).join('; ');
}

/** The JSON Schema of what callers may give, if the schema can tell. */
export function jsonSchemaOf(schema: AnySchema): JsonSchema | undefined {
  const standard: Partial<StandardJSONSchemaV1.Props> = schema['~standard'];
  try {
    if (standard.jsonSchema !== undefined) return standard.jsonSchema.input({ target: 'draft-2020-12' });
    // zod before 4.2 has the method only.
    if ('toJSONSchema' in schema && typeof schema.toJSONSchema === 'function') {
      return (schema.toJSONSchema as (options: object) => JsonSchema).call(schema, { io: 'input' });
    }
  } catch {
    // Not every schema can be said in JSON Schema (a transformation, a custom check). Forms then take free JSON.
  }
  return undefined;
}
