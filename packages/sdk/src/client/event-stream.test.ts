import assert from 'node:assert/strict';
import test from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import fc from 'fast-check';
import { createClient } from '../node/create-client.ts';
import { readEvents, type ServerEvent } from './event-stream.ts';
import { fakeApi, sendRefusal } from './fake-api.test.ts';

async function* chunked(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    if (cut > from) yield bytes.subarray(from, cut);
    from = Math.max(from, cut);
  }
}

async function eventsOf(text: string, cuts: readonly number[] = []): Promise<ServerEvent[]> {
  return Array.fromAsync(readEvents(chunked(new TextEncoder().encode(text), cuts)));
}

const sample =
  ': ping\r\n\r\nid: 1\r\nevent: log\r\ndata: {"text":\r\ndata: "größe 潮"}\r\n\r\ndata:plain\n\nid: 3\rdata\r\revent: end\n\n';

test('events are read whatever the line ends and wherever the chunks are cut', async () => {
  const expected = [
    { event: 'log', data: '{"text":\n"größe 潮"}', id: '1' },
    { event: 'message', data: 'plain', id: '1' },
    { event: 'message', data: '', id: '3' },
    { event: 'end', data: '', id: '3' },
  ];
  assert.deepEqual(await eventsOf(sample), expected);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), async (cuts) => {
      assert.deepEqual(await eventsOf(sample, cuts), expected);
    }),
  );
});

test('logs are followed across a broken connection from the last event, until the end', async (t) => {
  const log = (seq: number) => `id: c${seq}\nevent: log\ndata: {"seq":${seq}}\n\n`;
  const api = await fakeApi(t, ({ headers }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (headers['last-event-id'] === undefined) {
      // Torn in the middle of the third event.
      response.write(log(1) + log(2) + 'id: c3\nda');
      setImmediate(() => response.destroy());
    } else response.end(`${log(3)}event: end\n\n`);
  });
  const client = createClient({ address: api.url, namespace: 'ns' });
  const seen = await Array.fromAsync(client.runs.follow('r1'));
  assert.deepEqual(
    seen.map(({ chunk, cursor }) => [chunk.seq, cursor]),
    [
      [1, 'c1'],
      [2, 'c2'],
      [3, 'c3'],
    ],
  );
  assert.deepEqual(
    api.asked.map(({ headers }) => headers['last-event-id']),
    [undefined, 'c2'],
  );
  assert.deepEqual(api.lines()[0], 'GET /v1/namespaces/ns/runs/r1/logs/stream');
});

test('a follower who has seen enough lets the connection go', async (t) => {
  const closed = Promise.withResolvers<void>();
  const api = await fakeApi(t, (_, response) => {
    response.on('close', () => closed.resolve());
    response.writeHead(200).write('event: changed\ndata: {"topics":["runs"]}\n\n');
  });
  for await (const topics of createClient({ address: api.url }).live()) {
    assert.deepEqual(topics, ['runs']);
    break;
  }
  await closed.promise;
});

test('a refused stream throws at once', async (t) => {
  const api = await fakeApi(t, (_, response) => sendRefusal(response, new Refusal('NOT_FOUND', 'no such run')));
  await assert.rejects(Array.fromAsync(createClient({ address: api.url }).runs.follow('r1')), { code: 'NOT_FOUND' });
  assert.equal(api.asked.length, 1);
});
