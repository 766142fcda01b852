// A PostgreSQL cluster kept by Patroni, as it is shipped: three nodes on loopback with etcd and HAProxy, started from the files of
// deploy/patroni/. What the files leave to the environment is this test's own. Every node is reached, by the others too, through links that can
// fail. A watchdog outside this process ends and removes everything when this process is gone.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOrInstall } from './apt.ts';
import { type EtcdCluster, startEtcd } from './etcd.ts';
import { PatroniNode } from './patroni-node.ts';
import { ensurePostgres, freePort, unprivilegedUser } from './postgres.ts';
import { repositoryRoot } from './tidewheel.ts';
import { startWatchdog } from './watchdog.ts';

export interface MemberState {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
  readonly lag?: number | string;
}

export interface PatroniCluster {
  readonly nodes: readonly PatroniNode[];
  readonly etcd: EtcdCluster;
  /** Of the masters' role, by way of HAProxy, which leads to the primary. */
  readonly url: string;
  /** The same by the addresses of all nodes. */
  readonly nodesUrl: string;
  /** The node that is the primary by its own answer. */
  primary(): Promise<PatroniNode>;
  /** The standby that confirms commits. */
  confirming(): Promise<PatroniNode>;
  /** Until there is a primary, all nodes run, and as many standbys stream, one of which confirms commits. */
  whole(): Promise<void>;
  /** As `patronictl switchover`. */
  switchOver(from: PatroniNode, to: PatroniNode): Promise<void>;
  /** As `patronictl edit-config`. */
  configure(settings: object): Promise<void>;
  stop(): Promise<void>;
}

const programs = ['/usr/bin/patroni', '/usr/sbin/haproxy'] as const;
const wholeMs = 120_000;
const shipped = join(repositoryRoot, 'deploy/patroni');

export function ensurePatroni(): void {
  findOrInstall('Patroni and HAProxy', ['patroni', 'haproxy', 'python3-etcd', 'postgresql'], () =>
    programs.every((program) => existsSync(program)) ? true : undefined,
  );
}

/**
 * Before 3.0.3 a Patroni that stood still may take the leadership back over a node that was promoted meanwhile, because it writes its key
 * without a condition.
 */
export function takesLeadershipBack(): boolean {
  ensurePatroni();
  const said = execFileSync(programs[0], ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0, patch = 0] = said.match(/\d+/g)?.map(Number) ?? [];
  return major < 3 || (major === 3 && minor === 0 && patch < 3);
}

export async function startPatroni(
  options: { env?: Readonly<Record<string, string>>[] } = {},
): Promise<PatroniCluster> {
  ensurePatroni();
  const binDir = serverPrograms();
  const owner = unprivilegedUser();
  const home = mkdtempSync(join(owner === undefined ? tmpdir() : '/tmp', 'tidewheel-patroni-'));
  const watchdog = watch(home);
  const etcd = await startEtcd({ members: 3 });
  // The script of the first start stands where the file says, in this test's own place.
  cpSync(join(shipped, 'create-database.sh'), join(home, 'create-database.sh'));
  const text = readFileSync(join(shipped, 'patroni.yml'), 'utf8');
  const script = '/etc/patroni/create-database.sh';
  if (!text.includes(script)) throw new Error(`the shipped patroni.yml does not name ${script}`);
  const file = join(home, 'patroni.yml');
  writeFileSync(file, text.replace(script, join(home, 'create-database.sh')));
  chmodSync(home, 0o755);
  const password = crypto.randomUUID();
  const nodes: PatroniNode[] = [];
  let cluster: Cluster | undefined;
  try {
    for (let n = 1; n <= 3; n += 1)
      nodes.push(
        await PatroniNode.make({
          name: `pg-${n}`,
          home: join(home, `pg-${n}`),
          file,
          binDir,
          owner,
          endpoints: etcd.endpoints,
          password,
          env: options.env?.[n - 1] ?? {},
        }),
      );
    cluster = new Cluster(home, nodes, etcd, watchdog, password, await freePort());
    await cluster.start();
    return cluster;
  } catch (error) {
    const logs = nodes.map((node) => node.log()).join('\n');
    if (cluster !== undefined) await cluster.stop();
    else await etcd.stop();
    throw new Error(`Patroni does not start:\n${logs}`, { cause: error });
  }
}

/** With psql and pg_rewind beside the server. */
function serverPrograms(): string {
  const found = ensurePostgres();
  if (!existsSync(join(found, 'pg_rewind'))) throw new Error(`${found} has no pg_rewind`);
  return found;
}

/** Waits for its standard input to end; then ends what runs below `home`, and removes it. */
function watch(home: string): ChildProcess {
  const script = `
    for file in "$1"/*.pid "$1"/*/*.pid "$1"/*/data/postmaster.pid; do
      pid=$(head -n 1 "$file" 2>/dev/null) || continue
      args=$(tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)
      case "$args" in *"$1"*) kill -CONT "$pid" 2>/dev/null; kill -QUIT "$pid" 2>/dev/null; kill -KILL "$pid" 2>/dev/null ;; esac
    done
    sleep 0.5
    for i in 1 2 3 4 5; do rm -rf "$1" && break; sleep 0.5; done`;
  return startWatchdog('tidewheel-patroni-watchdog', script, home);
}

class Cluster implements PatroniCluster {
  readonly nodes: readonly PatroniNode[];
  readonly etcd: EtcdCluster;
  readonly #home: string;
  readonly #watchdog: ChildProcess;
  readonly #password: string;
  readonly #port: number;
  #haproxy: ChildProcess | undefined;

  constructor(
    home: string,
    nodes: readonly PatroniNode[],
    etcd: EtcdCluster,
    watchdog: ChildProcess,
    password: string,
    port: number,
  ) {
    this.#home = home;
    this.nodes = nodes;
    this.etcd = etcd;
    this.#watchdog = watchdog;
    this.#password = password;
    this.#port = port;
  }

  get url(): string {
    return `postgres://tidewheel:${this.#password}@127.0.0.1:${this.#port}/tidewheel`;
  }

  get nodesUrl(): string {
    const hosts = this.nodes.map((node) => `127.0.0.1:${node.toPostgres.port}`);
    return `postgres://tidewheel:${this.#password}@${hosts.join(',')}/tidewheel`;
  }

  async start(): Promise<void> {
    for (const node of this.nodes) node.start();
    this.#startProxy();
    await this.whole();
  }

  #startProxy(): void {
    const log = openSync(join(this.#home, 'haproxy.log'), 'a');
    const servers = this.nodes.flatMap((node, index) => [
      [`PG_${index + 1}`, `127.0.0.1:${node.toPostgres.port}`],
      [`PG_${index + 1}_API`, String(node.toApi.port)],
    ]);
    // HAProxy names its own file on the command line, which the watchdog knows it by.
    const file = join(this.#home, 'haproxy.cfg');
    cpSync(join(shipped, 'haproxy.cfg'), file);
    const child = spawn('/usr/sbin/haproxy', ['-db', '-f', file], {
      detached: true,
      env: { PRIMARY_BIND: `127.0.0.1:${this.#port}`, ...Object.fromEntries(servers) },
      stdio: ['ignore', log, log],
    });
    child.unref();
    writeFileSync(join(this.#home, 'haproxy.pid'), String(child.pid));
    this.#haproxy = child;
  }

  async primary(): Promise<PatroniNode> {
    return this.#node('/primary', 'the primary');
  }

  async confirming(): Promise<PatroniNode> {
    return this.#node('/synchronous', 'the standby that confirms commits');
  }

  async whole(): Promise<void> {
    const end = Date.now() + wholeMs;
    for (;;) {
      for (const node of this.nodes) node.startAgain();
      const members = await this.#members();
      const running = members.filter(({ state }) => state === 'running' || state === 'streaming');
      const timelines = new Set(members.map(({ timeline }) => timeline));
      const roles = members.map(({ role }) => role);
      if (
        running.length === this.nodes.length &&
        timelines.size === 1 &&
        roles.includes('leader') &&
        (roles.includes('sync_standby') || !(await this.#isSynchronous())) &&
        members.every(({ lag }) => lag === undefined || lag === 0)
      )
        return;
      if (Date.now() > end) throw new Error(`the cluster is not whole: ${JSON.stringify(members)}`);
      await sleep(200);
    }
  }

  async switchOver(from: PatroniNode, to: PatroniNode): Promise<void> {
    await ask(from.api, '/switchover', { method: 'POST', body: { leader: from.name, candidate: to.name } });
  }

  async configure(settings: object): Promise<void> {
    await ask((await this.primary()).api, '/config', { method: 'PATCH', body: settings });
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.close();
    if (this.#haproxy !== undefined && this.#haproxy.exitCode === null) {
      this.#haproxy.ref();
      const gone = once(this.#haproxy, 'exit');
      this.#haproxy.kill('SIGKILL');
      await gone;
    }
    await this.etcd.stop();
    if (this.#watchdog.exitCode !== null) return;
    this.#watchdog.ref();
    const gone = once(this.#watchdog, 'exit');
    this.#watchdog.stdin?.end();
    await gone;
  }

  async #isSynchronous(): Promise<boolean> {
    for (const node of this.nodes) {
      const config = await ask(node.api, '/config').catch(() => null);
      if (config !== null) return (config as { synchronous_mode?: boolean }).synchronous_mode === true;
    }
    return true;
  }

  async #members(): Promise<readonly MemberState[]> {
    for (const node of this.nodes) {
      const answer = await ask(node.api, '/cluster').catch(() => null);
      if (answer !== null) return (answer as { members: MemberState[] }).members;
    }
    return [];
  }

  async #node(path: string, what: string): Promise<PatroniNode> {
    const end = Date.now() + wholeMs;
    for (;;) {
      for (const node of this.nodes) if (await node.says(path)) return node;
      if (Date.now() > end) throw new Error(`no node is ${what}`);
      await sleep(100);
    }
  }
}

async function ask(
  api: string,
  path: string,
  { method = 'GET', body }: { method?: string; body?: object } = {},
): Promise<unknown> {
  const response = await fetch(`${api}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
