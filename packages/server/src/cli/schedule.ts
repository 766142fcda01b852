// `tidewheel schedule`: when jobs run. Pausing asks for a reason, because somebody else will wonder.

import { limits, type ScheduleView } from '@tidewheel/protocol';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { parseCron } from '../core/cron/parse.ts';
import { compileTimes, previewFires } from '../core/schedule-times.ts';
import { openApi } from './api.ts';
import { beginBackfillCommand } from './backfill.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { fireListing, scheduleListing, styleOfState, whenText } from './listings.ts';
import { momentOf, wholeNumber } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { comingCommand } from './schedule-coming.ts';
import { renderFields } from './table.ts';
import { timeText } from './time-text.ts';

type Options = ConnectionOptions & OutputOptions;

export function scheduleCommand(cli: CommandLine): Command {
  return new Command('schedule')
    .description('when jobs run')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(firesCommand(cli))
    .addCommand(comingCommand(cli))
    .addCommand(pauseCommand(cli))
    .addCommand(resumeCommand(cli))
    .addCommand(triggerCommand(cli))
    .addCommand(previewCommand(cli))
    .addCommand(beginBackfillCommand(cli));
}

interface ListOptions extends Options, PageOptions {
  readonly job?: string;
  readonly state?: ScheduleView['state'];
  readonly search?: string;
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list schedules with their next fire')
    .option('--job <name>', 'only of this job')
    .addOption(new Option('--state <state>', 'only in this state').choices(['enabled', 'paused', 'finished']))
    .option('--search <text>', 'only names that contain this');
  return withOutput(withConnection(withPage(command))).action(async (options: ListOptions) => {
    const { client } = openApi(cli, options);
    const { job, state, search } = options;
    const page = await listed(options, (query) => client.schedules.list({ ...query, job, state, q: search }).page());
    new Output(cli.terminal, options).list(scheduleListing, page.items, page);
  });
}

function showCommand(cli: CommandLine): Command {
  const command = new Command('show').description('show one schedule').argument('<name>', 'name of the schedule');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const schedule = await openApi(cli, options).client.schedules.get(name);
    print(cli, options, schedule);
  });
}

function print(cli: CommandLine, options: Options, schedule: ScheduleView): void {
  const output = new Output(cli.terminal, options);
  output.one(`schedule/${schedule.name}`, schedule, () => {
    const colour = cli.terminal.outColour;
    const paused = schedule.state === 'paused';
    const fields = renderFields(
      [
        ['name', schedule.name],
        ['job', schedule.job],
        ['when', whenText(schedule.definition)],
        ['state', schedule.state, styleOfState(schedule.state)],
        paused ? ['reason', `${schedule.pausedReason ?? ''} (${schedule.pausedBy ?? 'unknown'})`] : null,
        ['next', output.times(schedule.nextFireAt)],
        ['last', output.times(schedule.lastFireAt)],
        ['last run', schedule.lastRunState ?? '', styleOfState(schedule.lastRunState ?? '')],
        ['version', String(schedule.version)],
      ],
      colour,
    );
    return `${fields}\n${stringify(schedule.definition, { aliasDuplicateObjects: false })}`;
  });
}

function firesCommand(cli: CommandLine): Command {
  const command = new Command('fires')
    .description('show the ledger: each nominal time, fired or skipped and why')
    .argument('<name>', 'name of the schedule');
  return withOutput(withConnection(withPage(command))).action(async (name: string, options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.schedules.fires(name, query).page());
    new Output(cli.terminal, options).list(fireListing, page.items, page);
  });
}

function pauseCommand(cli: CommandLine): Command {
  const command = new Command('pause')
    .description('stop a schedule until it is resumed')
    .argument('<name>', 'name of the schedule')
    .requiredOption('--reason <text>', 'why, for those who find it paused');
  return withOutput(withConnection(command)).action(async (name: string, options: Options & { reason: string }) => {
    const { client } = openApi(cli, options);
    await client.schedules.pause(name, options.reason);
    print(cli, options, await client.schedules.get(name));
  });
}

function resumeCommand(cli: CommandLine): Command {
  const command = new Command('resume')
    .description('let a paused schedule fire again, from now on')
    .argument('<name>', 'name of the schedule');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const { client } = openApi(cli, options);
    await client.schedules.resume(name);
    print(cli, options, await client.schedules.get(name));
  });
}

function triggerCommand(cli: CommandLine): Command {
  const command = new Command('trigger')
    .description("start a run now with the schedule's payload; the schedule itself goes on unchanged")
    .argument('<name>', 'name of the schedule');
  return withOutput(withConnection(command)).action(async (name: string, options: Options) => {
    const result = await openApi(cli, options).client.schedules.trigger(name);
    new Output(cli.terminal, options).one(`run/${result.runId}`, result, () => `${result.runId}\n`);
  });
}

interface PreviewOptions extends OutputOptions {
  readonly tz: string;
  readonly count: number;
  readonly after?: string;
}

/** Worked out here, by the same code as in a master: it needs no server. */
function previewCommand(cli: CommandLine): Command {
  const command = new Command('preview')
    .description('show when a cron expression fires; needs no server')
    .argument('<cron>', "the expression in quotes: '30 6 * * mon-fri'")
    .option('--tz <zone>', 'IANA time zone', 'UTC')
    .option('--count <n>', 'how many fires', wholeNumber(1, limits.pageItems), 10)
    .option('--after <time>', 'from this time on instead of now');
  return withOutput(command).action((cron: string, options: PreviewOptions) => {
    parseCron(cron, options.tz);
    const after = momentOf('--after', options.after, cli.terminal) ?? cli.terminal.nowMs();
    const fires = previewFires(compileTimes({ cron, timezone: options.tz }, after), after, options.count).map((at) => ({
      at,
      local: timeText(at, { style: 'local', nowMs: after, zone: options.tz }),
    }));
    const listing = {
      name: (fire: { at: number }) => new Date(fire.at).toISOString(),
      empty: 'it never fires again',
      columns: (times: (at: number) => string) => [
        { title: options.tz === 'UTC' ? 'UTC' : `IN ${options.tz}`, value: (fire: { local: string }) => fire.local },
        { title: 'WHEN', value: (fire: { at: number }) => times(fire.at) },
      ],
    };
    new Output(cli.terminal, options).list(listing, fires, { timezone: options.tz, fires });
  });
}
