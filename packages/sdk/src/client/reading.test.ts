// What a client sends along with what it reads, so that it sees its own changes, and what it makes of answers that are old.

import assert from 'node:assert/strict';
import test from 'node:test';
import { changeHeader, staleHeader } from '@tidewheel/protocol';
import { createClient } from '../node/create-client.ts';
import { fakeApi, sendJson } from './fake-api.test.ts';

const early = '00000001-0000000000000010-7';
const late = '00000001-0000000000000020-7';

test('a client that has changed nothing may be answered by any replica, one that asks for the primary says nothing', async (t) => {
  const api = await fakeApi(t, (_, response) => sendJson(response, { items: [], nextCursor: null }));
  await createClient({ address: api.url }).jobs.list().page();
  await createClient({ address: api.url, reads: 'primary' }).jobs.list().page();
  assert.deepEqual(
    api.asked.map(({ headers }) => headers[changeHeader]),
    ['none', undefined],
  );
});

test('after a change a client sends the latest one that it heard of, whatever the order of the answers', async (t) => {
  const changes = [late, early];
  const api = await fakeApi(t, ({ line }, response) => {
    const change = line.startsWith('POST') ? changes.shift() : undefined;
    if (change !== undefined) response.setHeader(changeHeader, change);
    sendJson(response, line.startsWith('POST') ? { runId: 'r', created: true } : { items: [], nextCursor: null });
  });
  for (const reads of ['replicas', 'primary'] as const) {
    changes.splice(0, 2, late, early);
    const client = createClient({ address: api.url, reads });
    await client.trigger('a');
    await client.trigger('a');
    await client.jobs.list().page();
    assert.equal(api.asked.at(-1)?.headers[changeHeader], late);
    assert.equal(api.asked.at(-2)?.headers[changeHeader], undefined, 'a change needs none');
  }
});

test('news of a live stream are seen by what is read next', async (t) => {
  const api = await fakeApi(t, ({ line }, response) => {
    if (!line.includes('/live')) return sendJson(response, { items: [], nextCursor: null });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: changed\ndata: ${JSON.stringify({ topics: ['runs'], change: late })}\n\n`);
  });
  const client = createClient({ address: api.url });
  for await (const topics of client.live()) {
    assert.deepEqual(topics, ['runs']);
    break;
  }
  await client.jobs.list().page();
  assert.equal(api.asked.at(-1)?.headers[changeHeader], late);
});

test('old answers are refused unless somebody listens for them', async (t) => {
  const api = await fakeApi(t, ({ headers }, response) => {
    if (headers[staleHeader] !== 'refuse') response.setHeader(staleHeader, '12');
    sendJson(response, { items: [], nextCursor: null });
  });
  await createClient({ address: api.url }).jobs.list().page();
  assert.equal(api.asked.at(-1)?.headers[staleHeader], 'refuse');
  const ages: number[] = [];
  await createClient({ address: api.url, onStale: (ageMs) => ages.push(ageMs) })
    .jobs.list()
    .page();
  assert.equal(api.asked.at(-1)?.headers[staleHeader], undefined);
  assert.deepEqual(ages, [12_000]);
});
