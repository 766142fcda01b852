// An HTTP server on loopback that answers as a test tells it to, and remembers what it was asked.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { problemOf, type Refusal } from '@tidewheel/protocol';

export interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Answer = (asked: Asked, response: ServerResponse) => void;

export async function fakeApi(t: TestContext, answer: Answer) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const one = {
        line: `${request.method} ${request.url}`,
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
      asked.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    lines: () => asked.map(({ line }) => line),
  };
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (refusal.retryAfterSeconds !== undefined) headers['retry-after'] = String(refusal.retryAfterSeconds);
  response.writeHead(refusal.status, headers).end(JSON.stringify(problemOf(refusal, 'req-1')));
}

test('the fake answers and remembers', async (t) => {
  const api = await fakeApi(t, ({ body }, response) => sendJson(response, body));
  const answer = await fetch(api.url, { method: 'POST', body: '{"a":1}' });
  assert.deepEqual(await answer.json(), { a: 1 });
  assert.deepEqual(api.lines(), ['POST /']);
});
