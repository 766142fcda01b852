// `npm run pack -- DIRECTORY`: the tarballs of what is published, as `npm publish` would send them.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { publishedPackages } from './build.ts';
import { repositoryRoot } from './house/repository.ts';
import { npm } from './npm.ts';

/** Builds and packs all packages; answers the paths of the tarballs. */
export function packAll(directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  return publishedPackages.map((name) => {
    const cwd = join(repositoryRoot, 'packages', name);
    const args = [...npm.args, 'pack', '--json', '--silent', '--pack-destination', directory];
    const { status, stdout, stderr } = spawnSync(npm.command, args, { cwd, encoding: 'utf8' });
    if (status !== 0) throw new Error(`packages/${name} cannot be packed:\n${stdout}${stderr}`);
    const packed = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as { filename: string }[];
    return join(directory, packed[0]?.filename ?? '');
  });
}

if (import.meta.main) {
  const directory = resolve(process.argv[2] ?? join(repositoryRoot, 'tmp/pack'));
  for (const tarball of packAll(directory)) console.log(tarball);
}
