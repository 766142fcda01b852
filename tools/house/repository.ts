// What the house rules look at: every file that git tracks or would track, as text.

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { scan, type Source } from './source.ts';

export const repositoryRoot = join(import.meta.dirname, '../..');

export interface Repository {
  /** Every text file, by path relative to the root. */
  readonly texts: ReadonlyMap<string, string>;
  /** The TypeScript and JavaScript among them. */
  readonly sources: ReadonlyMap<string, Source>;
}

/** One broken rule. `line` counts from 1; a rule about the whole file says 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export type Rule = (repository: Repository) => Finding[];

const binaries = /\.(png|jpe?g|gif|ico|webp|woff2?|gz|zip|pdf|db)$/;
const sourceFiles = /\.(ts|tsx|mts|js|mjs|jsx)$/;

export function readRepository(root: string = repositoryRoot): Repository {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const texts = new Map<string, string>();
  for (const file of listed.split('\0').filter((name) => name !== '' && !binaries.test(name))) {
    const path = join(root, file);
    // A tracked file may have been deleted in the work tree.
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) texts.set(file, readFileSync(path, 'utf8'));
  }
  return repositoryOf(texts);
}

export function repositoryOf(texts: ReadonlyMap<string, string>): Repository {
  const sources = new Map<string, Source>();
  for (const [file, text] of texts) if (sourceFiles.test(file)) sources.set(file, scan(file, text));
  return { texts, sources };
}
