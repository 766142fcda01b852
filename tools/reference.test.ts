// The command line's own list of commands and options, compared with its reference page.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { makeProgram } from '../packages/server/src/cli/program.ts';
import { processTerminal } from '../packages/server/src/cli/terminal.ts';
import { repositoryRoot } from './house/repository.ts';

interface Documented {
  /** As it is typed: `tidewheel schedule pause`. */
  readonly path: string;
  readonly options: readonly string[];
}

function commandsOf(command: Command, before = ''): Documented[] {
  const path = `${before} ${command.name()}`.trim();
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .flatMap(({ long }) => (typeof long === 'string' ? [long] : []));
  const below = command.commands.flatMap((each) => commandsOf(each, path));
  return below.length > 0 ? below : [{ path, options }];
}

test('every command and option stands in docs/reference/cli.md', () => {
  const page = join(repositoryRoot, 'docs/reference/cli.md');
  const documented = commandsOf(makeProgram({ terminal: processTerminal(), exitCode: 0 }));
  assert.ok(documented.length > 10, 'the program has lost its commands');
  assert.ok(existsSync(page), 'docs/reference/cli.md is missing');
  const text = readFileSync(page, 'utf8');
  const missing = documented.flatMap(({ path, options }) => [
    ...(text.includes(path) ? [] : [path]),
    ...options.filter((option) => !new RegExp(`${option}\\b`).test(text)).map((option) => `${path} ${option}`),
  ]);
  assert.deepEqual(missing, []);
});
