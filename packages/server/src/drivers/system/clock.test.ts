// The clock of the machine keeps what the port promises; so does the one that tests move by hand.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { testClock } from '../../ports/conformance/clock.ts';
import { ManualClock } from '../../ports/testing/manual-clock.ts';
import { breathe, systemClock } from './clock.ts';

// The one clock that cannot be moved: here the time must really pass, and a busy machine may need more of it.
testClock('the machine', () => ({ clock: systemClock, advance: (ms) => wait(ms + 10) }));

testClock('moved by hand', () => {
  const clock = new ManualClock();
  return { clock, advance: (ms) => clock.advance(ms) };
});

test('a timer in the background does not keep the process alive, another does', () => {
  const script = (options: string): string => `
    import { systemClock } from ${JSON.stringify(new URL('./clock.ts', import.meta.url).href)};
    systemClock.timer(50, () => console.log('fired'), ${options});`;
  const run = (options: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '--eval', script(options)], { encoding: 'utf8' });
  assert.equal(run('{ background: true }'), '');
  assert.equal(run('{}'), 'fired\n');
});

test('breathing lets timers and sockets have their turn', async () => {
  let served = false;
  setImmediate(() => {
    served = true;
  });
  await breathe();
  assert.ok(served);
});
