// `tidewheel audit fires`: every nominal time recomputed and matched with the ledger. Exit code 0: clean, 1: not.

import type { FireAudit } from '@tidewheel/protocol';
import { Command } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { auditListing, findingListing } from './listings.ts';
import { momentOf } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { paint } from './table.ts';

interface AuditOptions extends ConnectionOptions, OutputOptions {
  readonly from?: string;
  readonly to?: string;
  readonly schedule?: string;
}

export function auditCommand(cli: CommandLine): Command {
  return new Command('audit')
    .description('prove what happened')
    .addCommand(firesCommand(cli))
    .addCommand(findingsCommand(cli))
    .addCommand(acknowledgeCommand(cli));
}

function firesCommand(cli: CommandLine): Command {
  const command = new Command('fires')
    .description('compare the nominal times of schedules with the ledger; exit code 0: clean, 1: not')
    .option('--from <time>', 'from this time on: 2h (ago), 2026-11-21T08:00+08:00; a day ago when absent')
    .option('--to <time>', 'up to this time; now when absent')
    .option('--schedule <name>', 'only this schedule');
  return withOutput(withConnection(command)).action(async (options: AuditOptions) => {
    const from = momentOf('--from', options.from, cli.terminal);
    const to = momentOf('--to', options.to, cli.terminal);
    const audit = await openApi(cli, options).client.audit.fires({ from, to, schedule: options.schedule });
    const output = new Output(cli.terminal, options);
    output.list(auditListing, audit.schedules, audit);
    if (output.forPeople) cli.terminal.err(verdictText(audit, cli.terminal.errColour));
    cli.exitCode = audit.clean ? 0 : 1;
  });
}

function findingsCommand(cli: CommandLine): Command {
  const command = new Command('findings').description(
    'list what the standing audit found and nobody has acknowledged; exit code 0: nothing, 1: something',
  );
  return withOutput(withConnection(command)).action(async (options: ConnectionOptions & OutputOptions) => {
    const found = await openApi(cli, options).client.audit.findings();
    new Output(cli.terminal, options).list(findingListing, found, { items: found });
    cli.exitCode = found.length === 0 ? 0 : 1;
  });
}

interface AcknowledgeOptions extends ConnectionOptions {
  readonly reason: string;
}

function acknowledgeCommand(cli: CommandLine): Command {
  const command = new Command('acknowledge')
    .description('end the alarm of the standing audit: what it found up to now is known')
    .argument('[schedule]', 'the schedule; all of the namespace when absent')
    .requiredOption('--reason <text>', 'what was found out about it, for those who wonder later');
  return withConnection(command).action(async (schedule: string | undefined, options: AcknowledgeOptions) => {
    const names = await openApi(cli, options).client.audit.acknowledge(options.reason, schedule);
    cli.terminal.err(`acknowledged: ${names.join(', ')}\n`);
  });
}

function verdictText(audit: FireAudit, colour: boolean): string {
  const span = `${new Date(audit.from).toISOString()} to ${new Date(audit.to).toISOString()}`;
  // Said rather than reported missing.
  const kept =
    audit.keptFrom > 0 && audit.from === audit.keptFrom
      ? `fires before ${new Date(audit.keptFrom).toISOString()} are no longer kept\n`
      : '';
  if (audit.clean)
    return `${paint('clean', 'green', colour)}: nothing missing, doubled or unexpected, ${span}\n${kept}`;
  const samples = audit.schedules.flatMap((row) =>
    row.samples.map((sample) => `  ${sample.finding} ${row.schedule} at ${new Date(sample.fireAt).toISOString()}`),
  );
  return `${paint('not clean', 'red', colour)}, ${span}\n${kept}${samples.join('\n')}\n`;
}
