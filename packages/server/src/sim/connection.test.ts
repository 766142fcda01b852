import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection, type Receiver } from './connection.ts';
import { calmNetwork, Network, type NetworkMix } from './network.ts';
import { Random } from './random.ts';
import { SimProcess } from './sim-process.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

function setup(mix: Partial<NetworkMix> = {}) {
  const time = new VirtualTime(new Random(1), new Trace());
  const network = new Network(time, new Random(2), { ...calmNetwork, ...mix });
  const process = (name: string): SimProcess => {
    const one = new SimProcess(name, time, new Random(3), 0, { rate: 1, wallSkewMs: 0 });
    one.start();
    return one;
  };
  const [left, right] = [process('left'), process('right')];
  const heard = { left: [] as string[], right: [] as string[] };
  const receiver = (into: string[]): Receiver => ({
    frame: (text) => into.push(text),
    closed: (reason) => into.push(`closed: ${reason}`),
  });
  const connection = new Connection(network, left, right, [receiver(heard.left), receiver(heard.right)]);
  return { time, network, left, right, heard, connection };
}

const numbers = Array.from({ length: 200 }, (_, index) => String(index));

test('frames arrive in order whatever their delays, and the news of the end after them', async () => {
  const { time, heard, connection } = setup({ delayMs: [0, 3000] });
  for (const number of numbers) connection.send(0, number);
  connection.close(0, 'done');
  await time.run(10_000);
  assert.deepEqual(heard.right, [...numbers, 'closed: done']);
  assert.deepEqual(heard.left, []);
});

test('a repeated frame arrives twice in a row, the first of a connection only once', async () => {
  const { time, heard, connection } = setup({ repeat: 1 });
  for (const frame of ['hello', 'a', 'b']) connection.send(0, frame);
  await time.run(1000);
  assert.deepEqual(heard.right, ['hello', 'a', 'a', 'b', 'b']);
});

test('a reset loses what is in flight and both sides learn of it', async () => {
  const { time, heard, connection } = setup({ delayMs: [5, 10] });
  connection.send(0, 'lost');
  connection.reset();
  await time.run(1000);
  assert.deepEqual(heard, { left: ['closed: the connection was reset'], right: ['closed: the connection was reset'] });
});

test('a cut holds frames back and lets them pass, in order, when it ends', async () => {
  const { time, network, left, right, heard, connection } = setup();
  network.cut(left, right, 5000);
  for (const frame of ['a', 'b', 'c']) connection.send(0, frame);
  connection.send(1, 'the other way is open');
  await time.run(4000);
  assert.deepEqual(heard, { left: ['the other way is open'], right: [] });
  await time.run(7000);
  assert.deepEqual(heard.right, ['a', 'b', 'c']);
});

test('a crash is told to the peer, a silent one only when it next sends to the restarted host', async () => {
  const told = setup();
  told.right.crash();
  await told.time.run(100);
  assert.deepEqual(told.heard.left, ['closed: the connection was reset']);

  const silent = setup({ silentCrash: 1 });
  silent.right.crash();
  silent.connection.send(0, 'into the void');
  await silent.time.run(100);
  assert.deepEqual(silent.heard.left, []);
  silent.right.start();
  silent.connection.send(0, 'is anybody there?');
  await silent.time.run(200);
  assert.deepEqual(silent.heard, { left: ['closed: the connection was reset'], right: [] });
});
