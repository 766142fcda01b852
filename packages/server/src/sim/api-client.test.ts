import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Master } from '../master/master.ts';
import { ApiClient } from './api-client.ts';
import { GroundTruth } from './ground-truth.ts';
import { calmNetwork, Network } from './network.ts';
import { Random } from './random.ts';
import type { SimMaster } from './sim-master.ts';
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
  const [client, host] = [process('client'), process('master')];
  // What is asked here needs no services.
  const master = { process: host, master: {} as Master } as SimMaster;
  const heard: string[] = [];
  const ask = (): void => {
    const work = () => Promise.resolve('done');
    new ApiClient(client, network, new GroundTruth()).call(
      master,
      'a question',
      work,
      ({ kind }) => heard.push(kind),
      () => heard.push('over'),
    );
  };
  return { time, client, host, heard, ask };
}

test('a call is answered once, also by a master that was paused meanwhile', async () => {
  const { time, host, heard, ask } = setup();
  ask();
  host.pause();
  await time.run(1000);
  host.resume();
  await time.run(60_000);
  assert.deepEqual(heard, ['over', 'done']);
});

test('the answer to a process that is gone is not heard by the next one, but the call is over', async () => {
  const { time, client, host, heard, ask } = setup();
  ask();
  host.pause();
  await time.run(1000);
  client.crash();
  client.start();
  host.resume();
  await time.run(60_000);
  assert.deepEqual(heard, ['over']);
});
