#!/usr/bin/env node
// The program `tidewheel`: hands the command line to cli/ and ends the process with its exit code.

import { enableCompileCache } from 'node:module';

// Before anything large is loaded: a second start reads compiled code instead of compiling it.
enableCompileCache();

const { processTerminal } = await import('./cli/terminal.ts');
const { runCommandLine } = await import('./cli/program.ts');

const exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
// What was written to a pipe must have left before the process ends.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
process.exit(exitCode);
