// The handler's side of every measured run, the same for Tidewheel and its peers: when a handler starts it stamps the moment, and the stamps
// go to the benchmark over a local socket, gathered for a few milliseconds so that telling costs next to nothing.
// A stamp is two doubles: when the caller let the run go (from its payload) and when its handler started.

import { connect, type Socket } from 'node:net';
import { nowMs } from '../wall-clock.ts';

/** Where the socket is; set by the benchmark for the workers that it starts. */
export const stampsVariable = 'BENCH_STAMPS';

const gatherMs = 5;
let socket: Socket | undefined;
let waiting: number[] = [];

export function stamp(sentAt: number): void {
  if (waiting.length === 0) setTimeout(send, gatherMs);
  waiting.push(sentAt, nowMs());
}

function send(): void {
  const doubles = Float64Array.from(waiting);
  waiting = [];
  socket ??= open();
  socket.write(Buffer.from(doubles.buffer));
}

/** The benchmark ends its workers by itself, so a socket must not keep one alive, nor its end break one. */
function open(): Socket {
  const opened = connect(process.env[stampsVariable] ?? '');
  opened.on('error', () => undefined);
  opened.unref();
  return opened;
}
