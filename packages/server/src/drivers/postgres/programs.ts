// PostgreSQL's own programs, which copy a server and start one in a scratch directory: where they are, and how they are run.

import { type ChildProcess, spawn, type SpawnOptions, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Refusal } from '@tidewheel/protocol';

const parents = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'];
const tailCharacters = 2000;

export interface ProgramPlace {
  /** A directory that is looked in first, from the configuration. */
  readonly directory: string | null;
  readonly searchPath: string;
}

/** The program of this major version, or a newer one if `orNewer`. Refuses with BACKUP_FAILED when there is none. */
export function programOf(
  name: string,
  major: number,
  { directory, searchPath }: ProgramPlace,
  orNewer = false,
): string {
  const versioned = parents.flatMap((parent) =>
    namesIn(parent)
      .filter((entry) => /^(postgresql@)?\d+$/.test(entry))
      .map((entry) => join(parent, entry, 'bin')),
  );
  const directories = [directory ?? '', ...searchPath.split(delimiter), ...versioned].filter((one) => one !== '');
  const fits = (version: number): boolean => (orNewer ? version >= major : version === major);
  const found = directories.map((one) => join(one, name)).find((path) => existsSync(path) && fits(majorOf(path)));
  if (found !== undefined) return found;
  throw new Refusal(
    'BACKUP_FAILED',
    `there is no ${name} of PostgreSQL ${major} on this machine: install it, or name its directory with backup.postgresPrograms`,
  );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function majorOf(path: string): number {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return Number(/\b(\d+)(?:\.\d+|beta\d+|rc\d+|devel)/.exec(stdout ?? '')?.[1] ?? 0);
}

export interface Running {
  readonly child: ChildProcess;
  /** The last of what it said on stderr. */
  said(): string;
  /** Resolves to its exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

export function runProgram(path: string, args: readonly string[], options: SpawnOptions): Running {
  const child = spawn(path, args, options);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-tailCharacters);
  });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  return { child, said: () => said.trim(), ended };
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, rightly: then as its own user. Null: as whoever runs this. */
export function serverOwner(): Owner | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (user === undefined)
    throw new Refusal('BACKUP_FAILED', 'as root, a user "postgres" is needed to start a scratch server');
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
