// Private etcd clusters for tests: real members on loopback with data in a temporary directory, never a service of the system.
// A watchdog outside this process ends them and removes the directory when this process is gone, however it went.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOrInstall } from './apt.ts';
import { startWatchdog } from './watchdog.ts';

export interface EtcdOptions {
  /** 1 or 3; 1 when absent. */
  readonly members?: number;
  /** More flags of every member, such as `--auto-compaction-retention=1`. */
  readonly flags?: readonly string[];
  /** Certificates for clients; then the endpoints are https. */
  readonly tls?: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
}

export interface EtcdMember {
  readonly endpoint: string;
  readonly pid: number;
  /** As a crash: SIGKILL. Its data stays. */
  kill(): Promise<void>;
  /** As a machine that stops: SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port and data. Does not wait for a quorum. */
  start(): void;
}

export interface EtcdCluster {
  readonly endpoints: readonly string[];
  readonly members: readonly EtcdMember[];
  /** Resolves when every running member answers that the cluster is healthy. */
  healthy(): Promise<void>;
  /** Ends and removes everything. Safe to call twice. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;

export function ensureEtcd(): string {
  return findOrInstall('etcd 3.4 or newer', ['etcd-server'], () => findEtcd());
}

export function findEtcd(path: string = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, 'etcd')).find(isNewEnough);
}

function isNewEnough(program: string): boolean {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const [, major = '0', minor = '0'] = /etcd Version: (\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 4);
}

export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdCluster> {
  const program = ensureEtcd();
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-etcd-'));
  const watchdog = watch(home);
  const count = options.members ?? 1;
  const ports = await freePorts(count * 2);
  const names = Array.from({ length: count }, (_, index) => `member${index + 1}`);
  const peer = (index: number): string => `http://127.0.0.1:${ports[index * 2 + 1]}`;
  const peers = names.map((name, index) => `${name}=${peer(index)}`).join(',');
  const scheme = options.tls === undefined ? 'http' : 'https';
  const members = names.map((name, index) => {
    const endpoint = `${scheme}://127.0.0.1:${ports[index * 2]}`;
    const settings = {
      name,
      'data-dir': join(home, name),
      'listen-client-urls': endpoint,
      'advertise-client-urls': endpoint,
      'listen-peer-urls': peer(index),
      'initial-advertise-peer-urls': peer(index),
      'initial-cluster': peers,
      'initial-cluster-token': home,
      'log-level': 'error',
      logger: 'zap',
    };
    const flags = Object.entries(settings).map(([flag, value]) => `--${flag}=${value}`);
    flags.push(...(options.flags ?? []), ...tlsFlags(options.tls));
    return new Member(program, home, name, endpoint, flags);
  });
  const cluster = new Cluster(members, watchdog);
  try {
    for (const member of members) member.start();
    await cluster.healthy();
    return cluster;
  } catch (error) {
    const log = members.map((member) => member.log()).join('\n');
    await cluster.stop();
    throw new Error(`etcd does not start:\n${log}`, { cause: error });
  }
}

function tlsFlags(tls: EtcdOptions['tls']): string[] {
  if (tls === undefined) return [];
  const { caFile, certFile, keyFile } = tls;
  return ['--cert-file', certFile, '--key-file', keyFile, '--trusted-ca-file', caFile, '--client-cert-auth'];
}

/** Waits, in a session of its own, for its standard input to end. Then it kills what runs in `home` and removes it. */
function watch(home: string): ChildProcess {
  const script = `
    for file in "$1"/*.pid; do
      pid=$(cat "$file" 2>/dev/null) || continue
      # A number alone may belong to someone else by now.
      args=$(tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || ps -o args= -p "$pid" 2>/dev/null)
      case "$args" in *"$1"*) kill -KILL "$pid" 2>/dev/null ;; esac
    done
    for i in 1 2 3 4 5; do rm -rf "$1" && break; sleep 0.2; done`;
  return startWatchdog('tidewheel-etcd-watchdog', script, home);
}

class Cluster implements EtcdCluster {
  readonly members: readonly Member[];
  readonly endpoints: readonly string[];
  readonly #watchdog: ChildProcess;

  constructor(members: readonly Member[], watchdog: ChildProcess) {
    this.members = members;
    this.endpoints = members.map(({ endpoint }) => endpoint);
    this.#watchdog = watchdog;
  }

  async healthy(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    for (const member of this.members) {
      while (member.running && !(await member.isHealthy())) {
        if (Date.now() > deadline) throw new Error(`no quorum within ${startTimeoutMs} ms:\n${member.log()}`);
        await sleep(50);
      }
      if (!member.running) throw new Error(`a member has ended:\n${member.log()}`);
    }
  }

  async stop(): Promise<void> {
    for (const member of this.members) await member.kill();
    if (this.#watchdog.exitCode !== null) return;
    this.#watchdog.ref();
    const gone = once(this.#watchdog, 'exit');
    this.#watchdog.stdin?.end();
    await gone;
  }
}

class Member implements EtcdMember {
  readonly endpoint: string;
  readonly #program: string;
  readonly #home: string;
  readonly #name: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  constructor(program: string, home: string, name: string, endpoint: string, flags: readonly string[]) {
    this.#program = program;
    this.#home = home;
    this.#name = name;
    this.endpoint = endpoint;
    this.#flags = flags;
  }

  get running(): boolean {
    return this.#process?.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get pid(): number {
    if (!this.running) throw new Error(`the etcd ${this.#name} is not running`);
    return this.#process?.pid ?? 0;
  }

  start(): void {
    const log = openSync(join(this.#home, `${this.#name}.log`), 'a');
    const member = spawn(this.#program, this.#flags, {
      cwd: this.#home,
      detached: true,
      // What the environment says of etcd is about the system's, not about this one.
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', log, log],
    });
    member.unref();
    writeFileSync(join(this.#home, `${this.#name}.pid`), String(member.pid));
    this.#process = member;
  }

  async kill(): Promise<void> {
    const member = this.#process;
    if (member === undefined || !this.running) return;
    member.ref();
    const gone = once(member, 'exit');
    member.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Over plain HTTP only; with certificates whether the port is open, and the test will tell the rest. */
  async isHealthy(): Promise<boolean> {
    if (this.endpoint.startsWith('https:')) return isOpen(Number(new URL(this.endpoint).port));
    try {
      const answer = await fetch(`${this.endpoint}/health`, { signal: AbortSignal.timeout(2000) });
      return ((await answer.json()) as { health: string }).health === 'true';
    } catch {
      return false;
    }
  }

  log(): string {
    return readFileSync(join(this.#home, `${this.#name}.log`), 'utf8')
      .trim()
      .split('\n')
      .slice(-15)
      .join('\n');
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = new Socket();
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Held together until all are known, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port on loopback');
    return address.port;
  });
  for (const server of servers) server.close();
  await Promise.all(servers.map((server) => once(server, 'close')));
  return ports;
}
