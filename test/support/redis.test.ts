// The private Redis of the benchmarks: it answers on loopback only, keeps what it is told on disk, and leaves nothing behind.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { findRedis, startRedis } from './redis.ts';

const skip =
  findRedis() === undefined ? 'there is no redis-server here; the benchmark against peers installs it' : false;

async function ask(url: string, command: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  socket.write(`${command}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString();
}

test('a private Redis syncs its append-only file every second, and is gone after its stop', { skip }, async () => {
  const redis = await startRedis();
  assert.match(redis.url, /^redis:\/\/127\.0\.0\.1:\d+$/);
  assert.match(await ask(redis.url, 'config get appendfsync'), /everysec/);
  assert.match(await ask(redis.url, 'config get appendonly'), /yes/);
  await redis.stop();
  await redis.stop();
  await assert.rejects(ask(redis.url, 'ping'), /ECONNREFUSED/);
});
