import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { captured } from '../../../../test/support/captured-terminal.ts';

test('what is old is printed, and its age is said beside it, once', async (t) => {
  const asked: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    const nextCursor = asked.length === 1 ? 'more' : null;
    response.writeHead(200, { 'content-type': 'application/json', 'tidewheel-stale': '90' });
    response.end(JSON.stringify({ stale: { ageMs: 90_000 }, items: [], nextCursor }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const { code, stdout, stderr } = await captured([
    'run',
    'list',
    '--all',
    '-o',
    'jsonl',
    '--url',
    url,
    '--token',
    'x',
  ]);
  assert.deepEqual([code, stdout], [0, '']);
  assert.equal(stderr, 'the store does not answer: this is as it was 1m30s ago\n');
  assert.equal(asked.length, 2);
  // The command before it may have changed what this one lists.
  for (const headers of asked) assert.equal(headers['tidewheel-change'], undefined);
});
