// The thread behind lifeline.ts: waits for the end of the pipe, tells the main thread, then ends the process for certain
// unless it may outlive its parent.

import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { LifelineData } from './lifeline.ts';

const { fd, leaveWithinMs } = workerData as LifelineData;
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on('error', () => pipe.destroy());
pipe.once('close', () => {
  parentPort?.postMessage('gone');
  if (leaveWithinMs !== null) setTimeout(() => process.kill(process.pid, 'SIGKILL'), leaveWithinMs);
});
pipe.resume();
