// Builds what is published: JavaScript and declarations in each package's dist/, and for the server also what it reads
// at run time. `npm run build` builds everything; a package's prepack builds it and what it stands on.

import { execFileSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { repositoryRoot } from './house/repository.ts';

/** In the order of building: each package stands on those before it. */
export const publishedPackages = ['protocol', 'sdk', 'server'] as const;
export type PublishedPackage = (typeof publishedPackages)[number];

export function build(last: PublishedPackage): void {
  for (const name of publishedPackages.slice(0, publishedPackages.indexOf(last) + 1)) compile(name);
  if (last === 'server') addServerFiles();
}

function compile(name: PublishedPackage): void {
  const folder = join(repositoryRoot, 'packages', name);
  // What was removed from src must not live on in dist.
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  run(join(repositoryRoot, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], folder);
}

/** Migrations and the console lie in dist where the sources lie in src, seen from the file that reads them. */
function addServerFiles(): void {
  const server = join(repositoryRoot, 'packages/server');
  for (const file of globSync('**/*.{sql,json}', { cwd: join(server, 'src'), exclude: ['**/testing/**'] })) {
    cpSync(join(server, 'src', file), join(server, 'dist', file), { recursive: true });
  }
  const consoleFolder = join(repositoryRoot, 'packages/console');
  const vite = join(repositoryRoot, 'node_modules/vite/bin/vite.js');
  // Its own output folder: a server that runs from source may be serving packages/console/dist meanwhile.
  const outDir = relative(consoleFolder, join(server, 'dist/console'));
  run(process.execPath, [vite, 'build', '--logLevel', 'warn', '--emptyOutDir', '--outDir', outDir], consoleFolder);
}

function run(program: string, args: readonly string[], cwd: string): void {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
  execFileSync(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

if (import.meta.main) {
  const name = process.argv[2] ?? 'server';
  const known = publishedPackages.find((each) => each === name);
  if (known === undefined) throw new Error(`build: unknown package ${name}; there are ${publishedPackages.join(', ')}`);
  build(known);
}
