// The parts of the check. Each looks at everything, or reports only what concerns the given paths.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { house } from './house/house.ts';
import { readRepository, repositoryRoot } from './house/repository.ts';

export interface Part {
  readonly name: string;
  run(paths: readonly string[]): Promise<PartResult>;
}

export interface PartResult {
  readonly ok: boolean;
  readonly output: string;
}

const compilerProjects = ['tsconfig.json', 'packages/console/tsconfig.json', 'packages/console/tsconfig.node.json'];

export const parts: readonly Part[] = [
  { name: 'format', run: format },
  { name: 'lint', run: lint },
  ...compilerProjects.map((project): Part => ({ name: `types ${project}`, run: (paths) => types(project, paths) })),
  { name: 'tidy', run: tidy },
];

/** Which files are out of form is enough: the formatter mends them by itself. */
async function format(paths: readonly string[]): Promise<PartResult> {
  const where = paths.length > 0 ? paths : ['.'];
  const result = await tool('biome', ['format', '--no-errors-on-unmatched', '--max-diagnostics=1000', ...where]);
  const files = [...result.output.matchAll(/^(\S+) format ━/gm)].map((match) => match[1]);
  const unreadable = files.length === 0 || /^\S+ parse ━|✖ .*Code formatting aborted/m.test(result.output);
  return unreadable ? result : { ok: result.ok, output: files.join('\n') };
}

/** A path may hold pages only. Without paths, finding nothing to lint is a fault. */
function lint(paths: readonly string[]): Promise<PartResult> {
  return tool('oxlint', paths.length === 0 ? [] : ['--no-error-on-unmatched-pattern', ...paths]);
}

function tool(name: string, args: readonly string[]): Promise<PartResult> {
  const env = { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) };
  return new Promise((resolve, reject) => {
    const child = spawn(join(repositoryRoot, 'node_modules/.bin', name), args, { cwd: repositoryRoot, env });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

async function types(project: string, paths: readonly string[]): Promise<PartResult> {
  const result = await tool('tsc', ['-p', project, '--pretty', 'false']);
  if (result.ok || paths.length === 0) return result;
  const lines = result.output.split('\n');
  const concerned = lines.filter(
    (line) => !/^\S+\(\d+,\d+\): /.test(line) || concerns(paths, line.replace(/\(.*/, '')),
  );
  return { ok: concerned.every((line) => line.trim() === '' || line.startsWith(' ')), output: concerned.join('\n') };
}

function tidy(paths: readonly string[]): Promise<PartResult> {
  const findings = house(readRepository()).filter(({ file }) => paths.length === 0 || concerns(paths, file));
  const output = findings.map(({ file, line, text }) => `${file}:${line}: ${text}`).join('\n');
  return Promise.resolve({ ok: findings.length === 0, output });
}

function concerns(paths: readonly string[], file: string): boolean {
  return paths.some((path) => file === path || file.startsWith(path.endsWith('/') ? path : `${path}/`));
}
