// The imports of a source file, and where a relative or workspace import leads.

import { dirname, join } from 'node:path/posix';
import type { Repository } from './repository.ts';
import { lineAt, type Source } from './source.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased before anything runs. */
  readonly typeOnly: boolean;
}

const statement = /\b(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?(['"])([^'"\n]+)\2/g;
const call = /\b(?:import|require)\s*\(\s*(['"])([^'"\n]+)\1/g;
const workspaces = new Map([
  ['@tidewheel/protocol', 'packages/protocol/src/index.ts'],
  ['@tidewheel/sdk', 'packages/sdk/src/index.ts'],
]);

export function importsOf(source: Source): Import[] {
  const text = source.withoutComments;
  const found: Import[] = [];
  for (const match of text.matchAll(statement)) {
    // Inside a string the word `import` is blank in `code`.
    if (source.code[match.index] === ' ') continue;
    found.push({ specifier: match[3] ?? '', line: lineAt(text, match.index), typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(call)) {
    if (source.code[match.index] === ' ') continue;
    found.push({ specifier: match[2] ?? '', line: lineAt(text, match.index), typeOnly: false });
  }
  return found;
}

/** The file of this repository that an import names, or undefined for packages and built-in modules. */
export function targetOf(file: string, specifier: string, repository: Repository): string | undefined {
  if (!specifier.startsWith('.')) return workspaces.get(specifier);
  const path = join(dirname(file), specifier);
  return repository.texts.has(path) ? path : undefined;
}

/** `node:fs/promises` stays, `@scope/name/deep` becomes `@scope/name`, `name/deep` becomes `name`. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
