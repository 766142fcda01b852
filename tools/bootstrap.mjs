// One command on a fresh clone: installs and builds what is missing, then runs the asked program under the pinned Node.
// Plain JavaScript without dependencies, because any Node from version 20 on may be what starts it. When nothing is
// missing it adds about a tenth of a second.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const bin = join(root, 'node_modules/.bin');
const needed = [24, 15];

/** What each word runs, and whether the console must be built for it. */
const programs = {
  start: {
    args: [
      'packages/server/src/main.ts',
      'dev',
      '--jobs',
      'examples/jobs.yaml',
      '--tasks',
      'examples/tasks.ts',
      '--companion',
      'examples/hello-server.ts',
    ],
    console: true,
  },
  test: { args: ['tools/test.ts'], console: true },
  check: { args: ['tools/check.ts'], console: false },
  sim: { args: ['packages/server/src/sim/main.ts'], console: false },
  'test:faults': { args: ['test/faults/main.ts'], console: false },
  bench: { args: ['bench/main.ts'], console: false },
  'bench:smoke': { args: ['bench/smoke.ts'], console: false },
};

/** A failure with a way out; anything else that is thrown is a defect of this script. */
class Advice extends Error {}

async function main([word = '', ...more]) {
  const program = Object.hasOwn(programs, word) ? programs[word] : undefined;
  if (program === undefined) throw new Advice(`usage: bootstrap.mjs ${Object.keys(programs).join('|')} [arguments]`);
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Advice(`Node ${process.versions.node} is too old to start the installation. Install Node 20 or newer.`);
  }
  let node = ready(program.console);
  if (node === undefined) {
    const release = await takeLock();
    try {
      if (!installed()) await install();
      node = pinnedNode();
      if (program.console && !consoleBuilt()) await buildConsole(node);
    } finally {
      release();
    }
  }
  await run(node, ['--conditions=source', ...program.args, ...more]);
}

/** The Node to use when nothing is missing, else undefined. */
function ready(withConsole) {
  if (!installed() || (withConsole && !consoleBuilt())) return undefined;
  return pinnedNode();
}

// ── Packages ────────────────────────────────────────────────────────────────────────────────────────────────────────

const lockFile = join(root, 'package-lock.json');
const installStamp = join(root, 'node_modules/.tidewheel-installed');

function installed() {
  const wanted = hashOf([lockFile]);
  if (readText(installStamp) === wanted) return true;
  // Someone may have run npm by hand; installing again would only cost them a minute.
  if (!matchesLock()) return false;
  linkNode();
  writeFileSync(installStamp, wanted);
  return true;
}

/**
 * Whether npm's own record of what it put into node_modules is what the lock file asks for. Optional packages of other
 * platforms may be missing on either side: a mirror that lacks them leaves them out of the lock file.
 */
function matchesLock() {
  const record = readText(join(root, 'node_modules/.package-lock.json'));
  if (record === undefined) return false;
  const present = JSON.parse(record).packages;
  const locked = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const same = (path) =>
    present[path]?.version === locked[path]?.version && present[path]?.integrity === locked[path]?.integrity;
  const isPackage = (path) => path.startsWith('node_modules/');
  return (
    Object.keys(locked).every((path) => !isPackage(path) || locked[path].optional || same(path)) &&
    Object.keys(present).every((path) => !isPackage(path) || (present[path].optional && !locked[path]) || same(path))
  );
}

/**
 * Not `npm ci`: npm 11 refuses a lock file from which optional packages of other platforms are missing. What it would
 * have guaranteed is checked afterwards: everything that was installed is what the lock file says, by checksum.
 */
async function install() {
  const npm = npmCommand();
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  // npm's own patience would let a broken network look like a hanging start for many minutes.
  const patience = ['--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=10000'];
  const args = [...npm.args, 'install', '--no-save', '--ignore-scripts', ...quiet, ...patience];
  const { code, output } = await runWithProgress('Installing packages', npm.command, args, { cwd: root });
  if (code !== 0) throw new Advice(`${tail(output)}\n\nThe packages could not be installed. ${installAdvice(output)}`);
  if (!matchesLock() || !existsSync(join(bin, 'tsc'))) {
    throw new Advice(`${tail(output)}\n\nWhat npm installed is not what package-lock.json asks for. ${reinstall}`);
  }
  linkNode();
  writeFileSync(installStamp, hashOf([lockFile]));
}

/** npm 10 installs the platform's Node, then takes its link away together with the other platforms' packages. */
function linkNode() {
  const link = join(bin, 'node');
  if (existsSync(link)) return;
  const names = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies);
  const target = names.map((name) => `../${name}/bin/node`).find((path) => existsSync(join(bin, path)));
  if (target !== undefined) symlinkSync(target, link);
}

/**
 * The npm that runs us, under the Node that runs it: a pinned Node that is already there may not know the certificates
 * of this network. Else the npm on the path. Other package managers would not read the lock file.
 */
function npmCommand() {
  const { npm_execpath: running, npm_node_execpath: node = process.execPath } = process.env;
  if (running !== undefined && basename(running).startsWith('npm-cli')) return { command: node, args: [running] };
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };
}

const reinstall = 'Remove the directory node_modules and try again.';

function installAdvice(output) {
  if (/SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|CERT_/.test(output)) {
    return 'The certificate of the registry is unknown: name your authority with `npm config set cafile …`.';
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network/i.test(output)) {
    return 'Check the network, and if you need a mirror or proxy: `npm config set registry …`, `npm config set proxy …`.';
  }
  if (/\bE?ENOENT\b.*\bnpm\b|spawn npm/i.test(output))
    return 'npm was not found: install it, it normally comes with Node.';
  if (/EACCES|EPERM/.test(output)) return `This user may not write to ${root}: change its owner, or clone as yourself.`;
  if (/ENOSPC/.test(output)) return 'The disk is full: about 400 MB are needed.';
  if (/EINTEGRITY/.test(output))
    return 'A download differs from its checksum: run `npm cache clean --force` and try again.';
  return reinstall;
}

// ── The console ─────────────────────────────────────────────────────────────────────────────────────────────────────

const consoleRoot = join(root, 'packages/console');
const consoleStamp = join(root, 'node_modules/.tidewheel-console');

function consoleBuilt() {
  return existsSync(join(consoleRoot, 'dist/index.html')) && readText(consoleStamp) === consoleSources();
}

function consoleSources() {
  const isTest = (file) => /\.test\.tsx?$/.test(file);
  const files = [...filesBelow(consoleRoot), ...filesBelow(join(root, 'packages/protocol/src')), lockFile];
  return hashOf(files.filter((file) => !isTest(file)));
}

async function buildConsole(node) {
  const sources = consoleSources();
  const args = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'];
  const { code, output } = await runWithProgress('Building the console', node, args, { cwd: consoleRoot });
  if (code !== 0)
    throw new Advice(`${tail(output)}\n\nThe console could not be built. If its sources are unchanged: ${reinstall}`);
  writeFileSync(consoleStamp, sources);
}

// ── The pinned Node ─────────────────────────────────────────────────────────────────────────────────────────────────

const nodeStamp = join(root, 'node_modules/.tidewheel-node');

/** The Node that came with the packages, else the one that runs this when it is new enough. */
function pinnedNode() {
  const known = readText(nodeStamp);
  if (known !== undefined && existsSync(known)) return known;
  const candidates = [join(bin, 'node'), process.execPath];
  const chosen = candidates.find((path) => existsSync(path) && newEnough(path));
  if (chosen === undefined) {
    const wanted = needed.join('.');
    throw new Advice(
      `There is no Node ${wanted} for ${process.platform} ${process.arch} among the packages, and this is Node ` +
        `${process.versions.node}. Install Node ${wanted} or newer, put it first on the path, and try again.`,
    );
  }
  // Only the packages' own Node is remembered: the one on the path may change.
  if (chosen === candidates[0]) writeFileSync(nodeStamp, chosen);
  return chosen;
}

/** Asks the binary itself: one for another C library exists, but does not run. */
function newEnough(path) {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  const [major, minor] = (stdout ?? '').replace('v', '').split('.').map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

// ── Running ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Runs to the end with our terminal, passing signals on, and ends as it ended. */
function run(node, args) {
  const env = { ...process.env, PATH: [bin, process.env.PATH].filter(Boolean).join(delimiter) };
  const child = spawn(node, args, { cwd: root, env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      // Ctrl-C goes to everyone at the terminal; passing it on would look like a second one.
      const fromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
      if (!fromTerminal) child.kill(signal);
    });
  }
  stopWithNpm(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.exitCode = signal === null ? code : 128 + constants.signals[signal];
      resolve();
    });
  });
}

/**
 * A signal to npm alone ends npm and the shell between, which pass nothing on to us: whatever was started would go on without
 * anyone who knows of it. Our parent is then another. Without npm our parent may leave as it likes.
 */
function stopWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 500);
  watch.unref();
}

/** Runs with its output kept back, telling what goes on and for how long. */
async function runWithProgress(what, command, args, options) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const live = process.stderr.isTTY === true;
  const say = (text) => process.stderr.write(live ? `\r\x1b[K${text}` : `${text}\n`);
  say(`${what} …`);
  const ticker = setInterval(() => say(`${what} … ${seconds()} s`), live ? 1000 : 10_000);
  let output = '';
  let stopped = false;
  const code = await new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (signal) => {
      stopped = true;
      child.kill(signal);
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    const keep = (chunk) => (output = (output + chunk).slice(-64 * 1024));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve((output += `${error.message}\n`) && 127));
    child.on('close', (exit, signal) => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve(signal === null ? exit : 128 + constants.signals[signal]);
    });
  });
  clearInterval(ticker);
  if (stopped) throw new Advice(`${what}: stopped. The next start begins it anew.`);
  say(`${what}: ${code === 0 ? 'done' : 'failed'} in ${seconds()} s`);
  if (live) process.stderr.write('\n');
  return { code, output };
}

/** One at a time per clone: two npm at once would tear each other's node_modules apart. */
async function takeLock() {
  const path = join(root, '.bootstrap.lock');
  for (let told = false; ; await sleep(300)) {
    try {
      const handle = openSync(path, 'wx');
      writeFileSync(handle, String(process.pid));
      closeSync(handle);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw new Advice(`${root} cannot be written to (${error.code}). Clone as yourself.`);
    }
    const owner = Number(readText(path));
    if (owner > 0 && !alive(owner)) rmSync(path, { force: true });
    else if (!told) {
      process.stderr.write(
        `Waiting for process ${owner}, which is installing here. If there is none, remove ${path}.\n`,
      );
      told = true;
    }
  }
}

function alive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(
    ({ name }) => name !== 'dist' && name !== 'node_modules',
  );
  const paths = entries.map((entry) => ({ entry, path: join(folder, entry.name) }));
  return paths
    .flatMap(({ entry, path }) => (entry.isDirectory() ? filesBelow(path) : [path]))
    .sort((a, b) => (a < b ? -1 : 1));
}

function tail(output) {
  return output.trim().split('\n').slice(-40).join('\n');
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Advice)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
