// `tidewheel plan -f` and `apply -f`: what is declared in files is compared with what the server has, shown, and made so
// in one transaction. Nothing is changed before a person (or --yes) has seen the difference.

import { type ApplyRequest, type ApplyResult, type Change, Refusal } from '@tidewheel/protocol';
import { Command } from 'commander';
import { type Api, openApi } from './api.ts';
import { changesText, countsText, hasChanges } from './changes-text.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { reportFailure, UsageError } from './failure.ts';
import type { Manifest } from './manifest.ts';
import { loadManifest } from './manifest-files.ts';
import { collect } from './option-values.ts';
import { lintText } from './manifest-lint.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { readerLanguage } from './reader-language.ts';

interface FileOptions extends ConnectionOptions, OutputOptions {
  readonly file: string[];
  readonly recursive: boolean;
  readonly prune: boolean;
  readonly source: string;
  readonly takeOver: boolean;
}

function withFiles(command: Command): Command {
  return command
    .requiredOption('-f, --file <path>', 'file or directory of YAML or JSON, - for stdin; may be repeated', collect)
    .option('-R, --recursive', 'directories with all that is below them', false)
    .option('--prune', 'delete jobs, calendars and pools of the same source that are not declared any more', false)
    .option('--source <name>', 'what one source declares is pruned together', 'file')
    .option('--take-over', 'also what another source declares: from then on it belongs to this one', false);
}

export function planCommand(cli: CommandLine): Command {
  const command = new Command('plan')
    .description('show what `apply` would change; exit code 0: nothing, 1: something, 255: failed')
    .action(async (options: FileOptions) => {
      try {
        const { manifest, result } = await compare(cli, options);
        show(cli, options, result);
        warn(cli, manifest, result);
        cli.exitCode = hasChanges(result.changes) ? 1 : exitCodes.ok;
      } catch (error) {
        // 1 means "there are changes" here, so no failure may look like it.
        reportFailure(error, cli.terminal);
        cli.exitCode = exitCodes.planFailed;
      }
    });
  return withOutput(withConnection(withFiles(command)));
}

export function applyCommand(cli: CommandLine): Command {
  const command = new Command('apply')
    .description('make the server have the jobs, schedules, calendars and pools that files declare')
    .option('-y, --yes', 'do not ask', false)
    .action(async (options: FileOptions & { yes: boolean }) => {
      const { api, manifest, result } = await compare(cli, options);
      if (!hasChanges(result.changes)) {
        show(cli, options, result);
        return;
      }
      warn(cli, manifest, result);
      if (!options.yes) {
        cli.terminal.err(changesText(result.changes, cli.terminal.errColour));
        if (!(await agreed(cli, api))) {
          cli.terminal.err('nothing was changed\n');
          cli.exitCode = exitCodes.error;
          return;
        }
      }
      const applied = await send(api, manifest, options, false);
      show(cli, options, applied);
      cli.terminal.err(`applied to ${api.describe}\n`);
    });
  return withOutput(withConnection(withFiles(command)));
}

function warn({ terminal }: CommandLine, manifest: Manifest, { changes }: ApplyResult): void {
  const reader = { language: readerLanguage(terminal), colour: terminal.errColour };
  const text = lintText(manifest, changes, terminal.nowMs(), reader);
  if (text !== '') terminal.err(text);
}

async function agreed(cli: CommandLine, api: Api): Promise<boolean> {
  const answer = await cli.terminal.ask(`Apply this to ${api.describe}? [y/N] `);
  if (answer === null)
    throw new UsageError('nobody can be asked here; look at the difference with `plan`, then use --yes');
  return /^y(es)?$/i.test(answer.trim());
}

async function compare(
  cli: CommandLine,
  options: FileOptions,
): Promise<{ api: Api; manifest: Manifest; result: ApplyResult }> {
  const manifest = await loadManifest(options.file, cli.terminal, options.recursive);
  const api = openApi(cli, options);
  return { api, manifest, result: await send(api, manifest, options, true) };
}

async function send(api: Api, manifest: Manifest, options: FileOptions, dryRun: boolean): Promise<ApplyResult> {
  const { prune, source, takeOver } = options;
  const calendars = manifest.calendars.length > 0 || prune ? { calendars: [...manifest.calendars] } : {};
  // Pruned only where a file declares some: a server of the version before would refuse the field.
  const pools = manifest.pools.length > 0 || prune ? { pools: [...manifest.pools] } : {};
  const declared = { jobs: [...manifest.jobs], ...calendars, ...pools, prune, source, dryRun };
  // A server that does not know a field yet would refuse it.
  const request: ApplyRequest = takeOver ? { ...declared, takeOver } : declared;
  return placing(manifest, () => api.client.apply(request));
}

/** Faults that the server finds come back as JSON pointers; here they get file, line and column. */
export async function placing<T>(manifest: Manifest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.faults.length === 0) throw error;
    throw new Refusal(error.code, error.message, { faults: manifest.place(error.faults), cause: error });
  }
}

function show(cli: CommandLine, options: FileOptions, result: ApplyResult): void {
  const output = new Output(cli.terminal, options);
  if (output.forPeople) {
    cli.terminal.out(
      result.applied ? `${doneText(result.changes)}\n` : changesText(result.changes, cli.terminal.outColour),
    );
    return;
  }
  const changed = result.changes.filter((change) => change.action !== 'unchanged');
  output.list(changeListing, changed, result);
}

const changeListing = {
  columns: () => [],
  name: (change: Change) => `${change.kind}/${change.name}`,
  empty: '',
};

function doneText(changes: readonly Change[]): string {
  return countsText(changes)
    .replace(/to create/, 'created')
    .replace(/to change/, 'changed')
    .replace(/to delete/, 'deleted');
}
