// What the house rules look at: every file that git tracks or would track, as text.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
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
  const texts = new Map<string, string>();
  for (const file of (listedByGit(root) ?? found(root)).filter((name) => !binaries.test(name))) {
    const path = join(root, file);
    // A tracked file may have been deleted in the work tree.
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) texts.set(file, readFileSync(path, 'utf8'));
  }
  return repositoryOf(texts);
}

function listedByGit(root: string): string[] | undefined {
  if (!existsSync(join(root, '.git'))) return undefined;
  // A checkout that another user made, as in a container, is looked at all the same.
  const trusting = ['-c', 'safe.directory=*'];
  const args = [...trusting, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return listed.split('\0').filter((name) => name !== '');
}

/** Without git, as in an unpacked archive: everything but what is made here. */
function found(root: string): string[] {
  const made = /(^|\/)(node_modules|dist|\.git)$|^(\.tidewheel|data|tmp|\.bootstrap\.lock)$/;
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (made.test(path)) return [];
      return entry.isDirectory() ? below(path) : [path];
    });
  return below('');
}

export function repositoryOf(texts: ReadonlyMap<string, string>): Repository {
  const sources = new Map<string, Source>();
  for (const [file, text] of texts) if (sourceFiles.test(file)) sources.set(file, scan(file, text));
  return { texts, sources };
}
