// Programs that tests need and that a bare Debian machine lacks: installed once, visibly, when we have the right to.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `find` finds, after installing `packages` where that is possible; else an error that says what to do. */
export function findOrInstall<T>(what: string, packages: readonly string[], find: () => T | undefined): T {
  const present = find();
  if (present !== undefined) return present;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const debian = existsSync('/usr/bin/apt-get');
  if (!debian || process.getuid?.() !== 0) {
    const how = debian
      ? `Run as root: ${command}`
      : `Install it with the package manager of this system (on Debian: ${command})`;
    throw new Error(`The tests need ${what}, which was not found. ${how}. Then run the tests again.`);
  }
  process.stderr.write(`Installing ${what} with apt-get …\n`);
  // Test files run side by side: the second one waits here, and apt then finds it done.
  const lock = join(tmpdir(), 'tidewheel-apt.lock');
  const script = `export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 ${packages.join(' ')}`;
  const result = spawnSync('flock', [lock, 'sh', '-c', script], { encoding: 'utf8', timeout: 900_000 });
  const found = find();
  if (found === undefined) {
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`;
    const last = output.trim().split('\n').slice(-15).join('\n');
    throw new Error(
      `The tests need ${what}, and installing it failed:\n${last}\nMend that, or run by hand: ${command}`,
    );
  }
  process.stderr.write(`Installing ${what} with apt-get: done\n`);
  return found;
}
