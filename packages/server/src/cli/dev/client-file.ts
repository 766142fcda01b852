// `client.json` in the data directory: where this server listens and a token for it, readable by its owner only.

import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientFile, clientFileName, readClientFile } from '../settings-file.ts';

/** Only the owner may look in: it holds the database and a token. */
export function makeDataDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/** Written beside and renamed, so that a reader never sees half of it. */
export function writeClientFile(directory: string, content: ClientFile): void {
  const path = join(directory, clientFileName);
  const beside = `${path}.${content.pid}`;
  writeFileSync(beside, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(beside, 0o600);
  renameSync(beside, path);
}

/** Removes it when it is still ours. */
export function removeClientFile(directory: string, pid: number): void {
  if (readClientFile(directory)?.pid === pid) rmSync(join(directory, clientFileName), { force: true });
}
