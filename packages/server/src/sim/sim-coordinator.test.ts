import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Coordinator, LeaseGrant } from '../ports/coordinator.ts';
import { Random } from './random.ts';
import { calmCoordinator, CoordinatorServer } from './sim-coordinator.ts';
import { SimProcess } from './sim-process.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

function setup() {
  const time = new VirtualTime(new Random(1), new Trace());
  const server = new CoordinatorServer(time, new Random(2));
  const processOf = (name: string): SimProcess => {
    const process = new SimProcess(name, time, new Random(3), 0, { rate: 1, wallSkewMs: 0 });
    process.start();
    return process;
  };
  const connect = (name: string): Coordinator => server.of(processOf(name));
  const settled = async <T>(call: Promise<T>): Promise<T> => {
    await time.run(time.now + 100);
    return call;
  };
  const granted = async (call: Promise<LeaseGrant | null>): Promise<LeaseGrant> => {
    const grant = await settled(call);
    assert.ok(grant);
    return grant;
  };
  return { time, server, one: connect('one'), two: connect('two'), processOf, settled, granted };
}

test('an honest coordinator gives a lease to one holder, until it runs out, with tokens that grow', async () => {
  const { time, one, two, settled, granted } = setup();
  const first = await granted(one.acquire('leader', 'a', 3000));
  assert.equal(await settled(two.acquire('leader', 'b', 3000)), null);
  await time.run(time.now + 2000);
  assert.equal(await settled(one.renew(first)), true);
  await time.run(time.now + 2000);
  assert.equal((await settled(two.holder('leader')))?.holder, 'a');
  await time.run(time.now + 2000);
  assert.equal(await settled(one.renew(first)), false);
  const second = await granted(two.acquire('leader', 'b', 3000));
  assert.ok(second.token > first.token);
  await settled(two.release(second));
  assert.equal(await settled(one.holder('leader')), null);
});

test('a lying coordinator has two holders at once, who both can renew', async () => {
  const { server, one, two, settled, granted } = setup();
  server.mix = { ...calmCoordinator, double: 1 };
  const first = await granted(one.acquire('leader', 'a', 3000));
  const second = await granted(two.acquire('leader', 'b', 3000));
  assert.deepEqual([await settled(one.renew(first)), await settled(two.renew(second))], [true, true]);
});

test('after it was set up anew tokens begin again under another origin, after a restore under the same', async () => {
  const { server, one, granted } = setup();
  const first = await granted(one.acquire('leader', 'a', 3000));
  server.wipe(5);
  const restored = await granted(one.acquire('leader', 'a', 3000));
  assert.deepEqual([restored.token, restored.origin], [first.token, first.origin]);
  server.wipe(null);
  const renewed = await granted(one.acquire('leader', 'a', 3000));
  assert.equal(renewed.token, first.token);
  assert.notEqual(renewed.origin, first.origin);
});

test('whoever is cut off in one direction has the call carried out and hears nothing', async () => {
  const { time, server, two, settled } = setup();
  const process = new SimProcess('three', time, new Random(4), 0, { rate: 1, wallSkewMs: 0 });
  process.start();
  server.cut(process, 'out', 60_000);
  let heard = false;
  const hear = (): void => {
    heard = true;
  };
  server
    .of(process)
    .acquire('leader', 'c', 3000)
    .then(hear, () => undefined);
  await time.run(time.now + 500);
  assert.equal((await settled(two.holder('leader')))?.holder, 'c');
  assert.equal(heard, false);
});

test('the process that has taken the place of who asked does not hear that there is no answer', async () => {
  const { time, server, processOf } = setup();
  server.mix = { ...calmCoordinator, lost: 1 };
  const process = processOf('three');
  const coordinator = server.of(process);
  let heard = 0;
  const ask = async (): Promise<void> => {
    await coordinator.holder('leader').catch(() => (heard += 1));
  };
  for (let calls = 0; calls < 20; calls += 1) void ask();
  process.crash();
  process.start();
  await time.run(60_000);
  assert.equal(heard, 0);
});
