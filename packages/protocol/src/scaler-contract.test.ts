import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { scalerDoneSchema, scalerErrorSchema, scalerFleetSchema, scalerRequestSchema } from './scaler-contract.ts';

const reference = new URL('../../../docs/reference/', import.meta.url);
const published = new URL('scaler-contract.schema.json', reference);

test('the published JSON Schema of the contract is the one of the code (UPDATE=1 writes it)', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tidewheel scaler contract, version 1',
    $defs: {
      request: z.toJSONSchema(scalerRequestSchema, { io: 'input' }),
      observed: z.toJSONSchema(scalerFleetSchema, { io: 'input' }),
      applied: z.toJSONSchema(scalerDoneSchema, { io: 'input' }),
      error: z.toJSONSchema(scalerErrorSchema, { io: 'input' }),
    },
  };
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (process.env['UPDATE'] === '1') writeFileSync(published, text);
  assert.equal(readFileSync(published, 'utf8'), text);
});

test('the examples of the reference page are of the contract', () => {
  const page = readFileSync(new URL('scaler-contract.md', reference), 'utf8');
  const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
    ([, text = '']) => JSON.parse(text) as Record<string, unknown>,
  );
  const [observe, fleet, apply, done, error] = examples;
  assert.equal(scalerRequestSchema.parse(observe).action, 'observe');
  assert.equal(scalerFleetSchema.parse(fleet).machines.length, 2);
  // Its pool is said to be as above.
  assert.equal(scalerRequestSchema.parse({ ...apply, pool: observe?.['pool'] }).action, 'apply');
  scalerDoneSchema.parse(done);
  scalerErrorSchema.parse(error);
});
