// Private PostgreSQL clusters for tests: real servers with fsync on, in a temporary directory, never run as root.
// A watchdog outside this process removes each cluster when the process is gone, however it went: a normal end, a
// failure, Ctrl-C, kill -9. So a test may use the shared cluster without stopping it.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findOrInstall } from './apt.ts';
import { startWatchdog } from './watchdog.ts';

export interface PostgresOptions {
  /** Lines of postgresql.conf, e.g. `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The data directory is a file system of its own, in memory and of this size, so that it can be filled. Takes the right to mount. */
  readonly dataMib?: number;
  /** A standby that streams from this one, under that name, instead of a database of its own. */
  readonly standbyOf?: { readonly cluster: PostgresCluster; readonly name: string };
}

export interface PostgresCluster {
  /** Superuser, database `postgres`, over TCP on loopback. Stays the same over restarts. */
  readonly url: string;
  readonly dataDir: string;
  /** Of the postmaster. Changes with a restart. */
  readonly pid: number;
  createDatabase(): Promise<TestDatabase>;
  /** As an operator stops it: sessions are ended, nothing is lost. Then everything is removed. Safe to call twice. */
  stop(): Promise<void>;
  /** As a crash: every process of the cluster is killed at once. The data stays, for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after `kill` or while it runs. */
  restart(): Promise<void>;
}

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  drop(): Promise<void>;
}

const oldestVersion = 15;
/** A folder with these is one of a server that can be copied, too. */
const serverPrograms = ['initdb', 'postgres', 'pg_basebackup'] as const;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;

const defaultSettings = {
  fsync: 'on',
  max_connections: '200',
  shared_buffers: '64MB',
  logging_collector: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
};

let shared: Promise<PostgresCluster> | undefined;

/** The one cluster of this test process. Whoever wants to kill or configure one starts their own. */
export function sharedPostgres(): Promise<PostgresCluster> {
  shared ??= startPostgres();
  return shared;
}

/** A fresh, empty database in the shared cluster. */
export async function createDatabase(): Promise<TestDatabase> {
  return (await sharedPostgres()).createDatabase();
}

/** The folder of PostgreSQL's programs; installs it as root on Debian, else throws an error that says what to do. */
export function ensurePostgres(): string {
  return findOrInstall(`PostgreSQL ${oldestVersion} or newer`, ['postgresql'], () => findPostgres());
}

export function findPostgres(path: string = process.env['PATH'] ?? ''): string | undefined {
  const versioned = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'].flatMap((parent) =>
    foldersIn(parent)
      .filter((name) => /^(postgresql@)?\d+$/.test(name))
      .sort((a, b) => Number(b.replace(/\D/g, '')) - Number(a.replace(/\D/g, '')))
      .map((name) => join(parent, name, 'bin')),
  );
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...versioned];
  return folders.find((folder) => versionIn(folder) >= oldestVersion);
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The major version of a folder that holds all programs that we need, else 0. */
function versionIn(folder: string): number {
  const versions = serverPrograms.map((program) => {
    const { stdout } = spawnSync(join(folder, program), ['--version'], { encoding: 'utf8', timeout: 10_000 });
    return Number(/\b(\d+)(\.\d+|beta\d+|rc\d+|devel)/.exec(stdout ?? '')?.[1] ?? 0);
  });
  return Math.min(...versions);
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresCluster> {
  const programs = ensurePostgres();
  const owner = unprivilegedUser();
  const home = mkdtempSync(join(owner === undefined ? tmpdir() : '/tmp', 'tidewheel-pg-'));
  if (owner !== undefined) chownSync(home, owner.uid, owner.gid);
  // From here on the watchdog removes what we leave behind.
  const watchdog = watch(home);
  try {
    const { standbyOf } = options;
    const password =
      standbyOf === undefined ? randomBytes(16).toString('hex') : new URL(standbyOf.cluster.url).password;
    if (options.dataMib !== undefined) mountMemory(join(home, 'data'), options.dataMib, owner);
    if (standbyOf === undefined) initialise(programs, home, password, owner);
    else copy(programs, home, `${standbyOf.cluster.url}?application_name=${standbyOf.name}`, owner);
    const cluster = new Cluster(programs, home, password, owner, { ...defaultSettings, ...options.settings }, watchdog);
    await cluster.restart();
    return cluster;
  } catch (error) {
    watchdog.stdin?.end();
    throw error;
  }
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, rightly: then as one of the users that every system has. */
export function unprivilegedUser(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody', 'daemon']) {
    const fields = users.find((user) => user[0] === name);
    if (fields !== undefined && Number(fields[2]) > 0) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error('Tests run as root need a user without rights for PostgreSQL: `useradd --system postgres`.');
}

function mountMemory(directory: string, mib: number, owner: Owner | undefined): void {
  mkdirSync(directory);
  const whose = owner === undefined ? '' : `,uid=${owner.uid},gid=${owner.gid}`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=700${whose}`, 'tidewheel-test', directory]);
}

function initialise(programs: string, home: string, password: string, owner: Owner | undefined): void {
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (owner !== undefined) chownSync(passwordFile, owner.uid, owner.gid);
  const args = ['-D', join(home, 'data'), '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--auth=scram-sha-256'];
  execFileSync(join(programs, 'initdb'), [...args, `--pwfile=${passwordFile}`, '--no-sync', '--no-instructions'], {
    ...owner,
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: startTimeoutMs,
  });
}

/** Its settings say that it is a standby, and of whom. */
function copy(programs: string, home: string, from: string, owner: Owner | undefined): void {
  const args = ['-D', join(home, 'data'), '-d', from, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
  execFileSync(join(programs, 'pg_basebackup'), args, {
    ...owner,
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: startTimeoutMs,
  });
}

/**
 * Waits, in a session of its own, for its standard input to end: by `stop`, or because this process is gone.
 * Then it ends the cluster and removes its directory.
 */
function watch(home: string): ChildProcess {
  const script = `
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
    # A number alone may belong to someone else by now.
    args=$(tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || ps -o args= -p "$pid" 2>/dev/null)
    case "$args" in *"$1"*)
      kill -QUIT "$pid" 2>/dev/null
      for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.2
      done
      kill -KILL "$pid" 2>/dev/null
    esac
    mountpoint -q "$1/data" && umount -l "$1/data"
    for i in 1 2 3 4 5; do rm -rf "$1" && break; sleep 0.2; done`;
  return startWatchdog('tidewheel-postgres-watchdog', script, home);
}

class Cluster implements PostgresCluster {
  readonly dataDir: string;
  readonly #programs: string;
  readonly #home: string;
  readonly #password: string;
  readonly #owner: Owner | undefined;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #watchdog: ChildProcess;
  #postmaster: ChildProcess | undefined;
  #port = 0;
  #databases = 0;

  constructor(
    programs: string,
    home: string,
    password: string,
    owner: Owner | undefined,
    settings: Readonly<Record<string, string>>,
    watchdog: ChildProcess,
  ) {
    this.#programs = programs;
    this.#home = home;
    this.#password = password;
    this.#owner = owner;
    this.#settings = settings;
    this.#watchdog = watchdog;
    this.dataDir = join(home, 'data');
  }

  get url(): string {
    return this.#urlOf('postgres');
  }

  get pid(): number {
    if (!this.#running()) throw new Error('this PostgreSQL cluster is not running');
    return this.#postmaster?.pid ?? 0;
  }

  async createDatabase(): Promise<TestDatabase> {
    this.#databases += 1;
    const name = `test_${process.pid}_${this.#databases}`;
    await this.#execute(`create database ${name}`);
    const drop = (): Promise<void> => this.#execute(`drop database if exists ${name} with (force)`);
    return { name, url: this.#urlOf(name), drop };
  }

  async stop(): Promise<void> {
    await this.#end('SIGINT');
    if (this.#watchdog.exitCode !== null) return;
    this.#watchdog.ref();
    const gone = once(this.#watchdog, 'exit');
    this.#watchdog.stdin?.end();
    await gone;
  }

  async kill(): Promise<void> {
    // The children would notice the loss of their parent a moment later; a crash gives them no such moment.
    const children = this.#running() ? childrenOf(this.pid) : [];
    for (const pid of this.#running() ? [this.pid, ...children] : []) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself meanwhile.
      }
    }
    await this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    if (this.#watchdog.exitCode !== null) throw new Error('this PostgreSQL cluster has been stopped and removed');
    await this.#end('SIGINT');
    const deadline = Date.now() + startTimeoutMs;
    const firstStart = this.#port === 0;
    // It takes several attempts when another program has taken the port meanwhile, or while the last process of a
    // killed cluster still holds its shared memory.
    for (;;) {
      if (firstStart) this.#port = await freePort();
      this.#postmaster = this.#launch();
      if (await this.#answers(deadline)) return;
      await this.#end('SIGKILL');
      if (Date.now() > deadline) throw new Error(`PostgreSQL does not start:\n${this.#log()}`);
      await sleep(100);
    }
  }

  #launch(): ChildProcess {
    const settings = { ...this.#settings, listen_addresses: '127.0.0.1', port: String(this.#port) };
    const all = { ...settings, unix_socket_directories: this.#home };
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const log = openSync(join(this.#home, 'log'), 'a');
    const postmaster = spawn(join(this.#programs, 'postgres'), ['-D', this.dataDir, ...args], {
      ...this.#owner,
      cwd: this.#home,
      detached: true,
      stdio: ['ignore', log, log],
    });
    postmaster.unref();
    return postmaster;
  }

  async #answers(deadline: number): Promise<boolean> {
    while (this.#running() && Date.now() < deadline) {
      try {
        await this.#execute('select 1');
        return true;
      } catch {
        await sleep(50);
      }
    }
    return false;
  }

  async #end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const postmaster = this.#postmaster;
    if (postmaster === undefined) return;
    if (this.#running()) {
      postmaster.ref();
      const gone = once(postmaster, 'exit');
      postmaster.kill(signal);
      const impatient = setTimeout(() => postmaster.kill('SIGKILL'), stopTimeoutMs);
      await gone;
      clearTimeout(impatient);
    }
    this.#postmaster = undefined;
  }

  #running(): boolean {
    const postmaster = this.#postmaster;
    return postmaster?.pid !== undefined && postmaster.exitCode === null && postmaster.signalCode === null;
  }

  #urlOf(database: string): string {
    return `postgres://postgres:${this.#password}@127.0.0.1:${this.#port}/${database}`;
  }

  async #execute(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 10_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  #log(): string {
    return readFileSync(join(this.#home, 'log'), 'utf8').trim().split('\n').slice(-20).join('\n');
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).map(Number);
  } catch {
    const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
    const rows = (stdout ?? '').split('\n').map((row) => row.trim().split(/\s+/).map(Number));
    return rows.filter(([, parent]) => parent === pid).map(([child = 0]) => child);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port on loopback');
  return address.port;
}
