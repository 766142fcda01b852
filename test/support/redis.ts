// A private Redis on loopback for benchmarks against systems that need one: its append-only file is on and synced every second, as its
// documentation advises for a store of record. A watchdog outside this process removes it when the process is gone, however it went.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findOrInstall } from './apt.ts';
import { startWatchdog } from './watchdog.ts';

export interface RedisServer {
  readonly url: string;
  readonly version: string;
  /** Ends and removes everything. Safe to call twice. */
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;

export function ensureRedis(): string {
  return findOrInstall('Redis 6.2 or newer', ['redis-server'], () => findRedis());
}

export function findRedis(path: string = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, 'redis-server')).find((program) => isNewEnough(versionOf(program)));
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return /v=(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1] ?? '0.0.0';
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 2);
}

export async function startRedis(): Promise<RedisServer> {
  const program = ensureRedis();
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-redis-'));
  chmodSync(home, 0o700);
  const watchdog = watch(home);
  const port = await freePort();
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: home,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    // BullMQ refuses anything that may throw its keys away.
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  const log = openSync(join(home, 'log'), 'a');
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn(program, args, { cwd: home, detached: true, stdio: ['ignore', log, log] });
  server.unref();
  const ended = once(server, 'exit');
  writeFileSync(join(home, 'pid'), String(server.pid));
  const stop = async (): Promise<void> => {
    if (watchdog.exitCode !== null) return;
    watchdog.ref();
    server.ref();
    const gone = once(watchdog, 'exit');
    watchdog.stdin?.end();
    // A process that was killed still takes connections for a moment.
    await Promise.all([gone, ended]);
  };
  const deadline = performance.now() + startTimeoutMs;
  while (!readFileSync(join(home, 'log'), 'utf8').includes('Ready to accept connections')) {
    if (server.exitCode !== null || performance.now() > deadline) {
      const said = readFileSync(join(home, 'log'), 'utf8');
      await stop();
      throw new Error(`Redis does not start:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { url: `redis://127.0.0.1:${port}`, version: versionOf(program), stop };
}

/** Waits, in a session of its own, for its standard input to end. Then it kills what runs in `home` and removes it. */
function watch(home: string): ChildProcess {
  const script = `
    pid=$(cat "$1/pid" 2>/dev/null)
    # A number alone may belong to someone else by now; its working directory is ours alone.
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null || echo "$1")" = "$1" ] && kill -KILL "$pid" 2>/dev/null
    for i in 1 2 3 4 5; do rm -rf "$1" && break; sleep 0.2; done`;
  return startWatchdog('tidewheel-redis-watchdog', script, home);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port on loopback');
  return address.port;
}
