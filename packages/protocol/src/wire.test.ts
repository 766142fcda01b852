// The wire shapes: the published schema is the code's, frames that break it are named, good ones pass unchanged.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { limits } from './limits.ts';
import { masterMessageSchema, readFrame, workerMessageSchema, type WorkerMessage } from './wire.ts';

const published = new URL('../../../docs/reference/worker-protocol.schema.json', import.meta.url);

test('the published JSON Schema of the worker protocol is the one of the code (UPDATE=1 writes it)', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tidewheel worker protocol tidewheel.v1',
    $defs: {
      workerFrame: z.toJSONSchema(z.array(workerMessageSchema).max(limits.messagesPerFrame), { io: 'input' }),
      masterFrame: z.toJSONSchema(z.array(masterMessageSchema).max(limits.messagesPerFrame), { io: 'input' }),
    },
  };
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  if (process.env['UPDATE'] === '1') writeFileSync(published, text);
  assert.equal(readFileSync(published, 'utf8'), text);
});

const id = '01900000-0000-7000-8000-000000000001';

test('a frame of good messages is read as it is', () => {
  const messages: WorkerMessage[] = [
    { type: 'ready', free: 3 },
    { type: 'result', runId: id, attemptId: id, outcome: 'succeeded', output: '1', error: null, durationMs: 4 },
  ];
  assert.deepEqual(readFrame(workerMessageSchema, JSON.stringify(messages)), { ok: true, messages });
});

test('what a newer peer adds to a message is ignored, in both directions', () => {
  const ready = '[{"type":"ready","free":1,"more":2}]';
  assert.deepEqual(readFrame(workerMessageSchema, ready), { ok: true, messages: [{ type: 'ready', free: 1 }] });
  const stale = `[{"type":"stale","attemptIds":["${id}"],"because":"tomorrow"}]`;
  assert.deepEqual(readFrame(masterMessageSchema, stale), {
    ok: true,
    messages: [{ type: 'stale', attemptIds: [id] }],
  });
});

test('what an older peer does not say yet may be absent', () => {
  const hello = {
    type: 'hello',
    incarnation: id,
    worker: 'old',
    version: '0',
    slots: 1,
    queues: ['default'],
    handlers: ['shell'],
  };
  const rest = { labels: {}, host: 'h', pid: 1, holding: [], resume: false };
  assert.equal(readFrame(workerMessageSchema, JSON.stringify([{ ...hello, ...rest }])).ok, true);
  const welcome = {
    type: 'welcome',
    sessionId: id,
    resumed: false,
    leaseTtlMs: 1,
    heartbeatMs: 1,
    nonce: 'n',
    masterId: id,
  };
  assert.equal(readFrame(masterMessageSchema, JSON.stringify([{ ...welcome, masters: [], stale: [] }])).ok, true);
  const bye = { type: 'bye', code: 'SHUTTING_DOWN', reason: 'r', retry: true };
  assert.equal(readFrame(masterMessageSchema, JSON.stringify([bye])).ok, true);
});

/** Recorded between a worker and a master; a version of the wire that was released is never changed, the next one gets its own file. */
const spoken = JSON.parse(
  readFileSync(new URL('../fixtures/worker-protocol-minor-1.json', import.meta.url), 'utf8'),
) as Record<'worker' | 'master', { type: string }[]>;

test('everything that peers of minor 1 said is understood whole, in both directions', () => {
  for (const [side, schema] of [
    ['worker', workerMessageSchema],
    ['master', masterMessageSchema],
  ] as const) {
    for (const message of spoken[side]) {
      // A field that was renamed would be dropped, or missed.
      assert.deepEqual(readFrame<unknown>(schema, JSON.stringify([message])), { ok: true, messages: [message] });
    }
    // All that there were: the record is no use if it is short.
    const kinds = new Set(spoken[side].map(({ type }) => type));
    assert.equal(kinds.size, side === 'worker' ? 8 : 9, [...kinds].join(', '));
  }
});

for (const [what, text, reason] of [
  ['no JSON', '[{', /not JSON/],
  ['no array', '{"type":"ready","free":1}', /expected array/i],
  ['an unknown type', '[{"type":"dance"}]', /0/],
  ['a negative number of slots', '[{"type":"ready","free":-1}]', /at \/0\/free/],
  ['an id that is none', `[{"type":"started","runId":"x","attemptId":"${id}"}]`, /at \/0\/runId/],
  [
    'an output over the limit',
    JSON.stringify([
      {
        type: 'result',
        runId: id,
        attemptId: id,
        outcome: 'succeeded',
        output: 'x'.repeat(limits.outputBytes + 1),
        error: null,
        durationMs: 0,
      },
    ]),
    /at \/0\/output/,
  ],
] as const) {
  test(`a frame with ${what} is refused with its place`, () => {
    const read = readFrame(workerMessageSchema, text);
    assert.equal(read.ok, false);
    assert.match(read.ok ? '' : read.reason, reason);
  });
}

test('a frame with too many messages is refused', () => {
  const messages = Array.from({ length: limits.messagesPerFrame + 1 }, () => ({ type: 'ready', free: 0 }));
  assert.equal(readFrame(workerMessageSchema, JSON.stringify(messages)).ok, false);
});
