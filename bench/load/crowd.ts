// A crowd of workers in one process: `node bench/load/crowd.ts TOKEN SESSIONS ADDRESS…`. Each is the SDK's own session over its own
// WebSocket, with its heartbeats, lease and nonces; none of them can run anything. Says when all of them are live.

import { hostname } from 'node:os';
import { WorkerSession } from '@tidewheel/sdk';
import { SocketTransport } from '../../packages/sdk/src/node/socket-transport.ts';
import { systemClock, systemRandom } from '../../packages/sdk/src/node/system-clock.ts';

const [token = '', count = '0', ...addresses] = process.argv.slice(2);
const sessions = Number(count);
/** Hellos on their way at once. */
const atOnce = 50;
const silent = (): void => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };

/** What it is never asked to do, since no job has its handler. */
function never(): never {
  throw new Error('a worker of the crowd was given a run');
}
const runner = {
  start: never,
  cancel: never,
  abandon: never,
  mainSeq: () => Math.floor(performance.now()),
  stats: () => ({ loopLagMs: 0 }),
};

function open(number: number): Promise<void> {
  const at = number % addresses.length;
  const session = new WorkerSession({
    clock: systemClock,
    random: systemRandom,
    transport: new SocketTransport({ namespace: 'default', token }),
    runner,
    log,
    settings: {
      worker: `crowd-${number}`,
      version: 'crowd',
      host: hostname(),
      pid: process.pid,
      slots: 10,
      queues: ['default'],
      handlers: ['task:crowd'],
      labels: {},
      addresses: [...addresses.slice(at), ...addresses.slice(0, at)],
    },
  });
  return session.start();
}

let next = 0;
const opener = async (): Promise<void> => {
  while (next < sessions) {
    const number = next;
    next += 1;
    await open(number);
  }
};
await Promise.all(Array.from({ length: Math.min(atOnce, sessions) }, opener));
console.log('the crowd is live');
