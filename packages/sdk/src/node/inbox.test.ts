import assert from 'node:assert/strict';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { assignOf, id } from '../worker/scripted-master.test.ts';
import { Inbox } from './inbox.ts';
import type { ToMain } from './io-messages.ts';

const start = (index: number): ToMain => {
  const assign = assignOf(index);
  assert.equal(assign.type, 'assign');
  return { type: 'start', assign };
};
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

test('an attempt that was abandoned before the loop could begin it is not begun; others are, in order', async () => {
  const acted: string[] = [];
  const inbox = new Inbox((message) => acted.push(message.type === 'start' ? message.assign.attemptId : message.type));
  inbox.receive([start(1), start(2)]);
  inbox.receive([{ type: 'abandon', attemptId: id(1) }, start(3)]);
  await turn();
  assert.deepEqual(acted, [id(2), 'abandon', id(3)]);
});

test('words that a thread has said while this loop stood still are all there when it acts upon the first', async () => {
  const code = `const { parentPort } = require('node:worker_threads');
    const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    parentPort.postMessage('begin');
    wait(50); parentPort.postMessage('start'); wait(50); parentPort.postMessage('abandon');`;
  const thread = new Worker(code, { eval: true });
  const acted: string[] = [];
  const inbox = new Inbox((message) => acted.push(message.type));
  await new Promise<void>((resolve) => {
    thread.on('message', (word: string) => {
      if (word === 'begin') {
        const until = performance.now() + 400;
        while (performance.now() < until);
        return;
      }
      inbox.receive([word === 'start' ? start(1) : { type: 'abandon', attemptId: id(1) }]);
      if (word === 'abandon') resolve();
    });
  });
  await turn();
  assert.deepEqual(acted, ['abandon']);
  await thread.terminate();
});
