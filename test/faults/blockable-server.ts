// A master whose main loop stands still for ten seconds when it gets `SIGUSR2`, as under a long computation or a stop-the-world pause: its
// sockets stay open, its timers are late, and nothing in it can notice before it is over.

import { writeSync } from 'node:fs';
import { composedServer } from './composed-server.ts';

const blockMs = 10_000;

await composedServer();
process.on('SIGUSR2', () => {
  writeSync(2, 'blocked\n');
  const end = performance.now() + blockMs;
  while (performance.now() < end);
});
