import assert from 'node:assert/strict';
import test from 'node:test';
import { readFrame, workerMessageSchema, type WorkerMessage } from '@tidewheel/protocol';
import { framesOf } from './frames.ts';
import { id } from './scripted-master.test.ts';

const log = (seq: number, text: string): WorkerMessage => ({
  type: 'log',
  runId: id(1),
  attemptId: id(2),
  seq,
  stream: 'stdout',
  offsetMs: 0,
  text,
});

test('messages are split over frames by their bytes, in order, each frame readable by itself', () => {
  const messages = Array.from({ length: 20 }, (_, index) => log(index + 1, '潮'.repeat(index * 10)));
  const frames = [...framesOf(messages, 1500)];
  assert.ok(frames.length > 3);
  const read = frames.flatMap((frame) => {
    assert.ok(Buffer.byteLength(frame) <= 1500);
    const result = readFrame(workerMessageSchema, frame);
    return result.ok ? result.messages : assert.fail(result.reason);
  });
  assert.deepEqual(read, messages);
  assert.deepEqual([...framesOf([])], []);
});
