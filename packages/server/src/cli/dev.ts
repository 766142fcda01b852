// `tidewheel dev`: everything on this machine from one command. One master with SQLite in this process, one worker and the
// companions as children, the console with a one-time link, and a line for each run that ends.
//
// Ctrl-C: the worker takes nothing new and has ten seconds to finish what it runs; what is still running then is stopped and
// tried again at the next start (a run that may run at most once ends as lost). Ctrl-C again: everything stops at once.
// Killed, even by SIGKILL: the children notice that their lifeline ended, and leave; the next start goes on where this was.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { OpenStore, System } from '../compose.ts';
import { readConfig } from '../config.ts';
import { signInLinkMs } from '../store/sign-ins.ts';
import { type CommandLine, ownVersion } from './command-line.ts';
import { clientAddress } from './dev/client-address.ts';
import { companionChild, type Surroundings, workerChild } from './dev/children.ts';
import { removeClientFile, writeClientFile } from './dev/client-file.ts';
import { consoleLog } from './dev/console-log.ts';
import { applyDeclared, type Declared, devNamespace, readDeclared } from './dev/declared.ts';
import { type DevOptions, withDevOptions } from './dev/dev-options.ts';
import { watchFinished } from './dev/finished-watch.ts';
import type { KeptChild } from './dev/kept-child.ts';
import { openBrowser } from './dev/open-browser.ts';
import { type Started, welcomeText } from './dev/welcome.ts';
import { exitCodes } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

const otherPorts = 20;
const drainMs = 10_000;
const companionMs = 2000;
/** Of pools that are declared with the driver process. */
const poolProcesses = 64;
/** One for each start: those of an earlier start are made useless. */
const tokenNames = { cli: 'dev', worker: 'dev-worker' } as const;

export function devCommand(cli: CommandLine): Command {
  const command = new Command('dev').description(
    'run everything here: one master with SQLite, one worker, the console',
  );
  return withDevOptions(command).action(async (options: DevOptions) => {
    cli.exitCode = await develop(cli.terminal, options);
  });
}

async function develop(terminal: Terminal, options: DevOptions): Promise<number> {
  terminal.outliveReader();
  const startedAt = terminal.nowMs();
  const say = (text: string): void => terminal.out(`${text}\n`);
  const data = resolve(options.data);
  say(`tidewheel ${ownVersion()}   data in ${data}`);
  const declared = await readDeclared(options, terminal);
  const interrupted = terminal.interruption();
  const defect = Promise.withResolvers<never>();
  const system = await open(terminal, options, data, say, defect.reject);
  // Whatever way this process ends, an address that no longer answers must not stay behind.
  process.once('exit', () => removeClientFile(data, process.pid));
  const started = await begin(options, system, data, declared).catch(async (error: unknown) => {
    await system.stop();
    throw error;
  });
  const children = startChildren(terminal, options, { ...started, say });
  say(welcomeText({ ...started, tookMs: terminal.nowMs() - startedAt }, terminal.outColour));
  if (options.open === 'yes') openBrowser(started.signIn);
  const settled = new AbortController();
  const watching = watchFinished(system.store, terminal, settled.signal, say);
  await Promise.race([aborted(interrupted), defect.promise, watching]);
  await drain(say, children);
  settled.abort();
  await watching;
  await system.stop();
  say(`stopped; everything is kept in ${data}`);
  return exitCodes.ok;
}

async function open(
  terminal: Terminal,
  options: DevOptions,
  data: string,
  say: (text: string) => void,
  fatal: (error: unknown) => void,
): Promise<System> {
  // Beside the data, so that `tidewheel backup create` works at once; it is no place for what must survive this disk.
  const backups = join(data, 'backups');
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const flags = {
    store: `sqlite:${join(data, 'tidewheel.db')}`,
    listen: `${host}:${options.port}`,
    'insecure-public-http': options.insecurePublicHttp,
    // On one machine a worker is either there or gone: what a killed one left is taken up again soon after the next start.
    'scaler-processes': String(poolProcesses),
    'session-ttl': '6s',
    heartbeat: '2s',
    'backup-target': `dir:${backups}`,
    'backup-every': 'never',
  };
  // Worker processes of pools need what any program needs to run; settings in the environment are meant for other servers.
  const env = Object.fromEntries(Object.entries(terminal.env).filter(([name]) => !name.startsWith('TIDEWHEEL_')));
  const config = readConfig({ flags, env, file: null });
  // Loaded here, so that commands of the client side do not pay for drivers and the HTTP server.
  const { compose } = await import('../compose.ts');
  return compose(config, {
    version: ownVersion(),
    log: consoleLog(say),
    fatal,
    otherPorts: options.port === 0 ? 0 : otherPorts,
    processesEndMs: drainMs,
  });
}

async function begin(
  options: DevOptions,
  system: System,
  data: string,
  declared: Declared,
): Promise<Omit<Started, 'tookMs'> & { workerToken: string }> {
  const { store, master } = system;
  const address = clientAddress(system.address);
  const cli = await freshToken(store, { name: tokenNames.cli, role: 'admin', namespace: '*' });
  const workerToken = await freshToken(store, { name: tokenNames.worker, role: 'worker', namespace: devNamespace });
  writeClientFile(data, { url: address, token: cli, namespace: devNamespace, pid: process.pid });
  const applied = await applyDeclared(master, options, declared);
  const link = await store.createSignInLink();
  return {
    address,
    signIn: `${address}${link.path}`,
    portTaken: options.port !== 0 && Number(new URL(address).port) !== options.port ? options.port : null,
    changes: applied.flatMap((result) => result.changes),
    files: [...options.jobs, ...options.crontab],
    tasks: options.tasks,
    notes: declared.notes,
    slots: options.slots,
    namespace: devNamespace,
    workerToken,
    linkGoodMs: signInLinkMs,
  };
}

async function freshToken(store: OpenStore, grant: Parameters<OpenStore['createToken']>[0]): Promise<string> {
  await store.revokeTokens(grant.name);
  return (await store.createToken(grant)).secret;
}

interface Children {
  readonly worker: KeptChild;
  readonly companions: readonly KeptChild[];
}

function startChildren(terminal: Terminal, options: DevOptions, around: Surroundings): Children {
  const worker = workerChild(options, around, terminal);
  const companions = options.companion.map((file) => companionChild(file, around, terminal));
  for (const child of [worker, ...companions]) child.start();
  return { worker, companions };
}

/** The worker first, while the master still takes its results; companions after it, for its runs may still need them. */
async function drain(say: (text: string) => void, children: Children): Promise<void> {
  say(`stopping: runs have ${drainMs / 1000} s to finish; Ctrl-C again stops at once`);
  const inTime = await children.worker.stop(drainMs);
  if (!inTime) say('some runs did not finish in time; they were stopped and are tried again at the next start');
  await Promise.all(children.companions.map((child) => child.stop(companionMs)));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
}
