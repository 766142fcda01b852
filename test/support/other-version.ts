// The program as an earlier commit had it, in a temporary directory: its sources from git, its own packages under their names, and what
// others have written linked from this checkout. So it runs its own code, on the dependencies of today; nothing is installed.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMigrations } from '../../packages/server/src/store/migrate.ts';
import { repositoryRoot } from './tidewheel.ts';
import { pathToFileURL } from 'node:url';

export interface OtherVersion {
  readonly commit: string;
  readonly root: string;
  /** As `programArguments` are of this version. */
  readonly program: readonly string[];
  /** Its newest migration. */
  readonly migration: number;
  remove(): Promise<void>;
}

/** Another may be asked for by `SKEW_COMMIT`: a release, once there is one. */
const asked = process.env['SKEW_COMMIT'];

const packages = ['packages/protocol/src', 'packages/sdk/src', 'packages/server/src'];

/** The commit before the last one that changed the program; null in a clone without its history, or outside git. */
export function previousCommit(): string | null {
  try {
    const last = git('log', '-n', '1', '--format=%H', '--', ...packages).trim();
    return git('rev-parse', '--verify', '--quiet', `${asked ?? `${last}^`}^{commit}`).trim();
  } catch {
    return null;
  }
}

export const withoutHistory =
  'this clone has no history before the last change of the program (git fetch --unshallow brings it); what the previous version said on the wire is held by packages/protocol/src/wire.test.ts';

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

export function unpackVersion(commit: string): OtherVersion {
  const root = mkdtempSync(join(tmpdir(), 'tidewheel-version-'));
  const archive = join(root, 'sources.tar');
  git('archive', `--output=${archive}`, commit, '--', 'package.json', 'packages', 'test');
  execFileSync('tar', ['-xf', archive, '-C', root]);
  linkModules(root);
  const migrations = readMigrations(pathToFileURL(join(root, 'packages/server/src/store/migrations/')));
  return {
    commit,
    root,
    program: ['--conditions=source', join(root, 'packages/server/src/main.ts')],
    migration: migrations.at(-1)?.version ?? 0,
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Linking the whole of node_modules would lead to the packages of this checkout. */
function linkModules(root: string): void {
  const from = join(repositoryRoot, 'node_modules');
  const to = join(root, 'node_modules');
  mkdirSync(join(to, '@tidewheel'), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== '@tidewheel' && name !== 'tidewheel') symlinkSync(join(from, name), join(to, name));
  }
  symlinkSync(join(root, 'packages/server'), join(to, 'tidewheel'));
  for (const name of ['protocol', 'sdk']) symlinkSync(join(root, 'packages', name), join(to, '@tidewheel', name));
}
