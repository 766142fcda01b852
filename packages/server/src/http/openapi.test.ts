// The committed reference is what the routes say. `node --test --test-update-snapshots` on this file writes it anew.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

const committed = new URL('../../../../docs/reference/openapi.json', import.meta.url);

interface Operation {
  operationId: string;
  summary?: string;
  responses: Record<string, unknown>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

let door: OpenDoor;
let document: Document;
before(async () => {
  door = await openDoor();
  document = (await door.call('GET', '/openapi.json', { token: null })).json<Document>();
});
after(() => door.close());

test('the committed API reference is what the server serves', async () => {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (process.execArgv.includes('--test-update-snapshots')) await writeFile(committed, text);
  assert.equal(
    await readFile(committed, 'utf8'),
    text,
    'run this test with --test-update-snapshots and commit the file',
  );
});

test('every operation has a summary, an id of its own and says how it is refused', () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.ok(operations.length > 35);
  assert.equal(new Set(operations.map((one) => one.operationId)).size, operations.length);
  for (const { operationId, summary, responses } of operations) {
    assert.ok(summary !== undefined && summary.length > 10, operationId);
    assert.ok('default' in responses, operationId);
  }
  assert.match(document.openapi, /^3\.1/);
});

test('every reference inside the document leads somewhere', () => {
  const whole = JSON.stringify(document);
  for (const [, pointer] of whole.matchAll(/"#\/([^"]+)"/g)) {
    let at: unknown = document;
    for (const part of (pointer ?? '').split('/')) at = (at as Record<string, unknown> | undefined)?.[part];
    assert.notEqual(at, undefined, pointer);
  }
});
