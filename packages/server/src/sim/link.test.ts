import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Door, simTransport } from './link.ts';
import { calmNetwork, Network } from './network.ts';
import { Random } from './random.ts';
import { SimProcess } from './sim-process.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

function setup() {
  const time = new VirtualTime(new Random(1), new Trace());
  const network = new Network(time, new Random(2), calmNetwork);
  const process = (name: string): SimProcess => {
    const one = new SimProcess(name, time, new Random(3), 0, { rate: 1, wallSkewMs: 0 });
    one.start();
    return one;
  };
  const [worker, master] = [process('worker'), process('master')];
  const seen: string[] = [];
  const door: Door = {
    process: master,
    make: 'same',
    accept: (connection) => {
      seen.push('accepted');
      connection.send([{ type: 'drain' }]);
      return { receive: () => undefined, closed: () => undefined };
    },
  };
  const end = { process: worker, make: 'same' as const, namespace: 'default', received: () => undefined };
  const transport = simTransport(network, new Map([['somewhere', door]]), end);
  const connect = () =>
    transport.connect('somewhere', {
      open: () => seen.push('open'),
      messages: (messages) => seen.push(...messages.map(({ type }) => type)),
      closed: (reason) => seen.push(reason),
    });
  return { time, worker, master, seen, connect };
}

test('a connection opens when the master has accepted it, also one that was paused meanwhile', async () => {
  const { time, master, seen, connect } = setup();
  connect();
  master.pause();
  await time.run(1000);
  assert.deepEqual(seen, []);
  master.resume();
  await time.run(2000);
  assert.deepEqual(new Set(seen), new Set(['accepted', 'drain', 'open']));
});

test('a connection that is accepted when its process is gone opens for nobody, least of all for the next process', async () => {
  const { time, worker, master, seen, connect } = setup();
  connect();
  master.pause();
  await time.run(1000);
  worker.crash();
  worker.start();
  master.resume();
  await time.run(2000);
  assert.deepEqual(seen, []);
});
