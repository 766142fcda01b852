// A private PgBouncer on loopback before a PostgreSQL server, from the configuration that is shipped (deploy/patroni/pgbouncer.ini): only
// ports, the server and the file of passwords are this test's own. It ends with the process that started it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOrInstall } from './apt.ts';
import { freePort, unprivilegedUser } from './postgres.ts';
import { repositoryRoot } from './tidewheel.ts';

export interface PgBouncer {
  /** The given URL of the server, by way of the pooler. */
  urlOf(serverUrl: string): string;
  stop(): Promise<void>;
}

const startTimeoutMs = 20_000;

export function ensurePgBouncer(): string {
  return findOrInstall('PgBouncer', ['pgbouncer'], () =>
    ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find((path) => existsSync(path)),
  );
}

export async function startPgBouncer(serverUrl: string): Promise<PgBouncer> {
  const program = ensurePgBouncer();
  const owner = unprivilegedUser();
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-pgbouncer-'));
  const { hostname, port: serverPort, username, password } = new URL(serverUrl);
  const port = await freePort();
  const users = join(home, 'userlist.txt');
  writeFileSync(users, `"${username}" "${password}"\n`, { mode: 0o600 });
  const shipped = readFileSync(join(repositoryRoot, 'deploy/patroni/pgbouncer.ini'), 'utf8');
  const own: readonly (readonly [shipped: string, own: string])[] = [
    ['host=127.0.0.1 port=5000', `host=${hostname} port=${serverPort}`],
    ['listen_port = 6432', `listen_port = ${port}\nunix_socket_dir =`],
    ['/etc/pgbouncer/userlist.txt', users],
  ];
  let text = shipped;
  for (const [line, other] of own) {
    if (!text.includes(line)) throw new Error(`the shipped pgbouncer.ini has no "${line}"`);
    text = text.replace(line, other);
  }
  const file = join(home, 'pgbouncer.ini');
  writeFileSync(file, text);
  if (owner !== undefined) for (const path of [home, users, file]) chownSync(path, owner.uid, owner.gid);
  const child = spawn(program, [file], { ...owner, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (log += text.toString()));
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill);
    await ended(child);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await answers(child, port);
  } catch (error) {
    await stop();
    throw new Error(`PgBouncer does not start:\n${log}`, { cause: error });
  }
  return {
    urlOf: (url) => {
      const through = new URL(url);
      through.port = String(port);
      return through.href;
    },
    stop,
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function answers(child: ChildProcess, port: number): Promise<void> {
  const end = Date.now() + startTimeoutMs;
  while (child.exitCode === null && Date.now() < end) {
    const socket = createConnection(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error('nothing listens');
}
