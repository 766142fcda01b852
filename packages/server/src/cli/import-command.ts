// `tidewheel import crontab FILE`: shows what a crontab becomes, as YAML to keep, or applies it at once.

import { Command } from 'commander';
import { stringify } from 'yaml';
import { openApi } from './api.ts';
import { changesText } from './changes-text.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { loadCrontab } from './crontab-file.ts';
import { UsageError } from './failure.ts';

interface ImportOptions extends ConnectionOptions {
  readonly apply: boolean;
  readonly yes: boolean;
  readonly system: boolean;
  readonly user: boolean;
  readonly takeOver: boolean;
  readonly tz?: string;
}

export function importCommand(cli: CommandLine): Command {
  return new Command('import').description('take over what another scheduler runs').addCommand(crontabCommand(cli));
}

function crontabCommand(cli: CommandLine): Command {
  const command = new Command('crontab')
    .description('turn a crontab into jobs: YAML on stdout, notes on stderr')
    .argument(
      '<file>',
      'a crontab of a user or of the system, or - for stdin (crontab -l | tidewheel import crontab -)',
    )
    .option('--apply', 'apply it to the server instead of printing it', false)
    .option('-y, --yes', 'with --apply: do not ask', false)
    .option('--take-over', 'with --apply: also jobs that another source declares', false)
    .option('--system', 'there is a user column, as in /etc/crontab; else the file is looked at', false)
    .option('--user', 'there is no user column', false)
    .option('--tz <zone>', "zone of lines without CRON_TZ; this machine's when absent");
  return withConnection(command).action(async (path: string, options: ImportOptions) => {
    if (options.system && options.user) throw new UsageError('--system and --user exclude each other');
    const system = options.system ? true : options.user ? false : 'auto';
    const crontab = await loadCrontab(path, { system, timezone: options.tz }, cli.terminal);
    for (const note of crontab.notes) cli.terminal.err(`${path}:${note.line}  ${note.text}\n`);
    if (!options.apply) {
      cli.terminal.out(stringify({ jobs: crontab.jobs }, { lineWidth: 0 }));
      return;
    }
    const { client, describe } = openApi(cli, options);
    const request = { jobs: crontab.jobs, source: 'crontab', ...(options.takeOver ? { takeOver: true } : {}) };
    const plan = await client.apply({ ...request, dryRun: true });
    cli.terminal.err(changesText(plan.changes, cli.terminal.errColour));
    if (!options.yes && !/^y(es)?$/i.test((await cli.terminal.ask(`Apply this to ${describe}? [y/N] `)) ?? '')) {
      throw new UsageError('nothing was changed; say --yes to apply without being asked');
    }
    await client.apply(request);
    cli.terminal.err(`applied to ${describe}\n`);
  });
}
