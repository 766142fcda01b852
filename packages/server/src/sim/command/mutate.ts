// `npm run sim -- --mutations`: for each known bug, copies the sources into a temporary directory, puts the bug in, and runs
// seeds there until one finds it. Nothing of it touches the tree.

import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Mutation } from '../mutation.ts';
import { mutationSeeds, mutations } from '../mutations.ts';
import type { Verdict } from '../simulator.ts';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const packages = ['protocol', 'sdk', 'server'] as const;

/** All of them, or those that are named. Resolves to 0 when each was found. */
export async function runMutations(names: readonly string[], say: (text: string) => void): Promise<number> {
  const wanted = names.length === 0 ? mutations : mutations.filter((mutation) => names.includes(mutation.name));
  let missed = 0;
  let lastSeed = 0;
  for (const mutation of wanted) {
    const found = await findMutation(mutation);
    if (found === null || !mutation.foundBy.includes(found.checker)) missed += 1;
    else lastSeed = Math.max(lastSeed, found.seed);
    const words =
      found === null
        ? `NOT FOUND in ${mutationSeeds} seeds`
        : `seed ${String(found.seed).padEnd(3)} ${found.checker}${mutation.foundBy.includes(found.checker) ? '' : ' (UNEXPECTED)'}: ${found.what}`;
    say(`${mutation.name.padEnd(24)} ${words.split('\n', 1)[0]?.slice(0, 160)}\n`);
  }
  say(`${wanted.length - missed} of ${wanted.length} known bugs were found, all of these by seed ${lastSeed}\n`);
  return missed === 0 && wanted.length > 0 ? 0 : 1;
}

export interface Found {
  seed: number;
  checker: string;
  what: string;
}

/** The first seed that finds the bug, by a checker that is expected to if there is one. */
export async function findMutation(mutation: Mutation): Promise<Found | null> {
  const tree = mkdtempSync(join(tmpdir(), 'tidewheel-mutation-'));
  try {
    copySources(tree);
    for (const edit of mutation.edits) applyEdit(tree, edit);
    const verdict = await firstFailure(tree);
    const finding = verdict?.findings.find(({ checker }) => mutation.foundBy.includes(checker)) ?? verdict?.findings[0];
    return verdict === null || finding === undefined ? null : { seed: verdict.options.seed, ...finding };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** The text with the bug in it. Throws when the place is not there exactly once: the mutation has to follow the code. */
export function mutated(source: string, edit: Mutation['edits'][number]): string {
  const parts = source.split(edit.find);
  if (parts.length !== 2) throw new Error(`${edit.file} has ${parts.length - 1} times: ${edit.find}`);
  return parts.join(edit.replace);
}

/** The sources as they are, for a test that every mutation still applies. */
export function readSource(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function applyEdit(tree: string, edit: Mutation['edits'][number]): void {
  const path = join(tree, edit.file);
  writeFileSync(path, mutated(readFileSync(path, 'utf8'), edit));
}

/** Workspace packages resolve to the copies, everything else to what is installed. */
function copySources(tree: string): void {
  for (const name of packages) {
    cpSync(join(root, 'packages', name, 'src'), join(tree, 'packages', name, 'src'), { recursive: true });
    cpSync(join(root, 'packages', name, 'package.json'), join(tree, 'packages', name, 'package.json'));
  }
  mkdirSync(join(tree, 'node_modules', '@tidewheel'), { recursive: true });
  for (const name of packages)
    symlinkSync(join(tree, 'packages', name), join(tree, 'node_modules', '@tidewheel', name));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === '@tidewheel' || name.startsWith('.')) continue;
    symlinkSync(realpathSync(join(root, 'node_modules', name)), join(tree, 'node_modules', name));
  }
}

function firstFailure(tree: string): Promise<Verdict | null> {
  return new Promise((resolve, reject) => {
    const main = join(tree, 'packages/server/src/sim/main.ts');
    const args = ['--conditions=source', main, '--seeds', `1..${mutationSeeds}`, '--json'];
    const child = spawn(execPath, args, { cwd: tree, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', () => {
      const verdicts = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Verdict]));
      const failed = verdicts.find(({ findings }) => findings.length > 0);
      if (failed === undefined && verdicts.length < mutationSeeds)
        reject(new Error(`the mutated simulator broke: ${errors.slice(0, 2000)}`));
      else resolve(failed ?? null);
    });
  });
}
