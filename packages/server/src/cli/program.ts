// The command line as a whole: which commands there are, and how an invocation ends.

import { Command, CommanderError, type Option } from 'commander';
import { auditCommand } from './audit.ts';
import { backfillCommand } from './backfill.ts';
import { backupCommand } from './backup.ts';
import { calendarCommand } from './calendar.ts';
import { clusterCommand } from './cluster.ts';
import { type CommandLine, ownVersion } from './command-line.ts';
import { completionCommand } from './completion.ts';
import { devCommand } from './dev.ts';
import { exitCodes } from './exit-codes.ts';
import { reportFailure } from './failure.ts';
import { importCommand } from './import-command.ts';
import { jobCommand } from './job.ts';
import { lockCommand } from './lock.ts';
import { applyCommand, planCommand } from './manifest-commands.ts';
import { openApiCommand } from './openapi.ts';
import { poolCommand } from './pool.ts';
import { runCommand } from './run.ts';
import { holdCommand, retentionCommand } from './retention.ts';
import { scheduleCommand } from './schedule.ts';
import { serverCommand } from './server.ts';
import { storeCommand } from './store.ts';
import type { Terminal } from './terminal.ts';
import { tokenCommand } from './token.ts';
import { versionCommand } from './version.ts';
import { workerCommand } from './worker.ts';

const guide = `
Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 conflict, 5 not permitted, 6 unreachable, 124 wait timed out.
Settings come from flags, then the environment, then files (see docs/reference/cli.md).

Start here:  tidewheel dev                    one master, one worker, the console
             tidewheel apply -f jobs.yaml     declare jobs and schedules
             tidewheel run list               what has run`;

export function makeProgram(cli: CommandLine): Command {
  const program: Command = new Command('tidewheel')
    .description('Tidewheel: a highly available distributed job scheduler')
    .version(ownVersion(), '-V, --version', 'print the version')
    .addHelpText('after', guide)
    .addCommand(devCommand(cli))
    .addCommand(serverCommand(cli))
    .addCommand(workerCommand(cli))
    .addCommand(planCommand(cli))
    .addCommand(applyCommand(cli))
    .addCommand(jobCommand(cli))
    .addCommand(scheduleCommand(cli))
    .addCommand(calendarCommand(cli))
    .addCommand(backfillCommand(cli))
    .addCommand(runCommand(cli))
    .addCommand(poolCommand(cli))
    .addCommand(lockCommand(cli))
    .addCommand(clusterCommand(cli))
    .addCommand(backupCommand(cli))
    .addCommand(storeCommand(cli))
    .addCommand(retentionCommand(cli))
    .addCommand(holdCommand(cli))
    .addCommand(importCommand(cli))
    .addCommand(tokenCommand(cli))
    .addCommand(auditCommand(cli))
    .addCommand(openApiCommand(cli))
    .addCommand(versionCommand(cli))
    .addCommand(completionCommand(cli, () => program));
  settle(program, cli.terminal);
  return program;
}

/** Errors are thrown instead of ending the process, and everything is said through the terminal. */
function settle(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHelpWidth: () => terminal.outWidth ?? 100,
      getErrHelpWidth: () => terminal.outWidth ?? 100,
      getOutHasColors: () => terminal.outColour,
      getErrHasColors: () => terminal.errColour,
    });
  for (const child of command.commands) settle(child, terminal);
}

/** What may be given, and what holds when nothing is; "nothing" itself is not worth a word. */
function describeOption(option: Option): string {
  const { argChoices, envVar, description } = option;
  const value: unknown = option.defaultValue;
  const fallback = Array.isArray(value) ? value.join(',') : value;
  const facts = [
    argChoices === undefined ? '' : `one of ${argChoices.join(', ')}`,
    typeof fallback === 'number' || (typeof fallback === 'string' && fallback !== '') ? `default ${fallback}` : '',
    envVar ?? '',
  ].filter((fact) => fact !== '');
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
}

/** Runs one invocation; `argv` without node and script. Resolves to the exit code. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  const cli: CommandLine = { terminal, exitCode: exitCodes.ok };
  try {
    await makeProgram(cli).parseAsync(argv, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    // Help and version are asked for; everything else commander throws is a wrong command line, which it has explained.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return reportFailure(error, terminal);
  }
}
