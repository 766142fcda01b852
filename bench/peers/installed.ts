// The peers are a package of their own: whoever wants the comparison runs `npm install --ignore-scripts` in bench/peers. Their modules are
// named at run time only, and what is used of each is said here in our own words, so that the check needs none of them.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotInstalled } from '../systems/system.ts';

const modules = join(import.meta.dirname, 'node_modules');

export const howToInstall = 'run `npm install --ignore-scripts` in bench/peers';

export function peersInstalled(): boolean {
  return existsSync(join(modules, '.package-lock.json'));
}

export function peerVersion(name: string): string | null {
  const manifest = join(modules, name, 'package.json');
  if (!existsSync(manifest)) return null;
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** The shape is the caller's word for it. */
export async function loadPeer<Module>(name: string): Promise<Module> {
  if (peerVersion(name) === null) throw new NotInstalled(`${name} is not installed: ${howToInstall}`);
  return (await import(name)) as Module;
}
