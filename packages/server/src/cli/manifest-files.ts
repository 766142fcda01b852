// Finds the files that `-f` names: a file, all YAML and JSON files of a directory, or standard input as `-`.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '@tidewheel/protocol';
import { type Manifest, manifestLimits, readManifest, type SourceFile } from './manifest.ts';
import type { Terminal } from './terminal.ts';

const manifestName = /\.(ya?ml|json)$/;

export async function loadManifest(paths: readonly string[], terminal: Terminal, recursive = false): Promise<Manifest> {
  const files: SourceFile[] = [];
  for (const path of paths) {
    if (path === '-') files.push({ path: 'stdin', text: bounded('stdin', await terminal.stdin()) });
    else for (const file of filesAt(path, recursive)) files.push({ path: file, text: readText(file) });
    if (files.length > manifestLimits.files) {
      throw new Refusal('INVALID_FILE', `more than ${manifestLimits.files} files; apply them in parts`);
    }
  }
  return readManifest(files);
}

/** In the order of their names, so that the same directory always gives the same order. */
function filesAt(path: string, recursive: boolean, depth = 0): string[] {
  const found = attempt(path, () => statSync(path));
  if (!found.isDirectory()) return [path];
  if (depth > manifestLimits.depth) {
    throw new Refusal('INVALID_FILE', `${path}: directories are nested too deeply`);
  }
  const entries = attempt(path, () => readdirSync(path, { withFileTypes: true }))
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const files = entries.flatMap((entry) => {
    if (entry.isFile() && manifestName.test(entry.name)) return [join(path, entry.name)];
    return recursive && entry.isDirectory() ? filesAt(join(path, entry.name), recursive, depth + 1) : [];
  });
  if (files.length === 0 && depth === 0) {
    throw new Refusal(
      'INVALID_FILE',
      `${path} holds no .yaml, .yml or .json file${recursive ? '' : ' (see --recursive)'}`,
    );
  }
  return files;
}

export function readText(path: string): string {
  const { size } = attempt(path, () => statSync(path));
  if (size > manifestLimits.fileBytes)
    throw new Refusal('INVALID_FILE', `${path} has more than ${manifestLimits.fileBytes} bytes`);
  return attempt(path, () => readFileSync(path, 'utf8'));
}

function bounded(path: string, text: string): string {
  if (Buffer.byteLength(text) <= manifestLimits.fileBytes) return text;
  throw new Refusal('INVALID_FILE', `${path} has more than ${manifestLimits.fileBytes} bytes`);
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'not permitted to read it',
  EISDIR: 'it is a directory',
};

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new Refusal('INVALID_FILE', `${path}: ${reasons[code] ?? String(error)}`, { cause: error });
  }
}
