// `tidewheel retention` and `tidewheel hold`: for how long finished runs are kept, and what is kept whatever the rules say. Rules of one job
// stand in its definition.

import { keepSchema, limits, outcomes, type Retention, type RetentionView } from '@tidewheel/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { UsageError } from './failure.ts';
import { holdListing, ruleListing } from './listings-retention.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';

type Options = ConnectionOptions & OutputOptions;

export function retentionCommand(cli: CommandLine): Command {
  return new Command('retention')
    .description('for how long finished runs are kept')
    .addCommand(showCommand(cli))
    .addCommand(setCommand(cli));
}

function showCommand(cli: CommandLine): Command {
  const command = new Command('show').description(
    "show the server's defaults, the rules of the namespace and of its jobs",
  );
  return withOutput(withConnection(command)).action(async (options: Options) => {
    printRules(cli, options, await openApi(cli, options).client.retention.rules());
  });
}

function printRules(cli: CommandLine, options: OutputOptions, view: RetentionView): void {
  const rows = [
    { of: 'server', keep: view.default },
    { of: 'namespace', keep: view.namespace },
    ...view.jobs.map(({ job, keep }) => ({ of: `job/${job}`, keep })),
  ];
  new Output(cli.terminal, options).list(ruleListing, rows, view);
}

type SetOptions = Options & Partial<Record<(typeof outcomes)[number], number | 'default'>>;

function setCommand(cli: CommandLine): Command {
  const command = new Command('set')
    .description('say for how long the namespace keeps finished runs; what is not named stays as it is')
    .option('--succeeded <duration>', 'such as 30d, or forever, or default', keepValue)
    .option('--failed <duration>', 'of runs that failed or were lost', keepValue)
    .option('--canceled <duration>', 'of runs that were canceled or skipped', keepValue);
  return withOutput(withConnection(command)).action(async (options: SetOptions) => {
    if (outcomes.every((outcome) => options[outcome] === undefined))
      throw new UsageError('name at least one of --succeeded, --failed, --canceled');
    const { client } = openApi(cli, options);
    const keep: Retention = { ...(await client.retention.rules()).namespace };
    for (const outcome of outcomes) {
      const wanted = options[outcome];
      if (wanted === 'default') delete keep[outcome];
      else if (wanted !== undefined) keep[outcome] = wanted;
    }
    printRules(cli, options, await client.retention.setRules(keep));
  });
}

/** `default`: what the server says. */
function keepValue(text: string): number | 'default' {
  if (text === 'default') return text;
  const read = keepSchema.safeParse(text);
  if (read.success) return read.data;
  throw new InvalidArgumentError(
    `expected a duration of at least ${limits.keepLeastMs / 86_400_000}d, forever, or default`,
  );
}

export function holdCommand(cli: CommandLine): Command {
  return new Command('hold')
    .description('legal holds: what is kept whatever the rules say')
    .addCommand(listCommand(cli))
    .addCommand(placeCommand(cli))
    .addCommand(releaseCommand(cli));
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list').alias('ls').description('list what is held, by whom and why');
  return withOutput(withConnection(withPage(command))).action(async (options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.retention.holds(query).page());
    new Output(cli.terminal, options).list(holdListing, page.items, page);
  });
}

function placeCommand(cli: CommandLine): Command {
  const command = new Command('place')
    .description('hold a run (run/ID), all runs of a job (job/NAME), or the whole namespace')
    .argument('[what]', 'run/ID or job/NAME; the namespace when absent')
    .requiredOption('--reason <text>', 'why, for those who wonder later');
  return withOutput(withConnection(command)).action(
    async (what: string | undefined, options: Options & { reason: string }) => {
      const hold = await openApi(cli, options).client.retention.hold(subjectOf(what), options.reason);
      new Output(cli.terminal, options).one(`hold/${hold.id}`, hold, () => `hold ${hold.id}\n`);
    },
  );
}

function subjectOf(what: string | undefined): { job?: string; run?: string } {
  if (what === undefined) return {};
  const [, kind, name = ''] = /^(run|job)\/(.+)$/.exec(what) ?? [];
  if (kind === undefined) throw new UsageError(`"${what}" is neither run/ID nor job/NAME`);
  return kind === 'run' ? { run: name } : { job: name };
}

function releaseCommand(cli: CommandLine): Command {
  const command = new Command('release')
    .description('let what was held follow the rules again')
    .argument('<hold>', 'its id, as `hold list` shows it')
    .requiredOption('--reason <text>', 'why, for those who wonder later');
  return withConnection(command).action(async (hold: string, options: ConnectionOptions & { reason: string }) => {
    const id = hold.replace(/^hold\//, '');
    const released = await openApi(cli, options).client.retention.release(id, options.reason);
    cli.terminal.err(`released the hold of ${released.run ?? released.job ?? 'the namespace'}\n`);
  });
}
